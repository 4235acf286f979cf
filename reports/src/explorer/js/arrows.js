// Messages as arrows, by colour and state.

// Lines in a path. Measured without a graphics card, where a path costs more the more lines in it cross: of a thousand
// lines, paths of 8 take a fifth of what one path takes, and dashed ones are fastest alone.
const LINES = 8;

// More arrows than this have no heads.
const MOST_HEADS = 1200;
// Up to so many messages in view carry their content beside the line.
const MOST_LABELS = 30;
// What is drawn later lies above.
const RANK = { other: 0, plain: 0, past: 1, future: 1, chosen: 2 };

function drawArrows(diagram, arrows) {
  const { film, chosen, slots } = diagram;
  const groups = new Map();
  for (const at of arrows) {
    const state = stateOf(chosen.cone, at);
    const isLost = film.isLost(at);
    const key = `${state} ${slots.slots[film.kind[at]]} ${isLost}`;
    if (!groups.has(key)) groups.set(key, { state, slot: slots.slots[film.kind[at]], isLost, messages: [] });
    groups.get(key).messages.push(at);
  }
  const inOrder = [...groups.values()].sort((a, b) => RANK[a.state] - RANK[b.state]);
  for (const group of inOrder) drawGroup(diagram, group, arrows.length);
  drawTouched(diagram, arrows);
  if (arrows.length <= MOST_LABELS) labelArrows(diagram, arrows);
}

function stateOf(cone, at) {
  if (cone === null) return "plain";
  if (at === cone.message) return "chosen";
  return cone.isPast(at) ? "past" : cone.isFuture(at) ? "future" : "other";
}

function drawGroup(diagram, { state, slot, isLost, messages }, total) {
  const { g } = diagram.panel;
  const colour = { past: theme.past, future: theme.future, chosen: theme.ink }[state] ?? slotColour(slot);
  const isDashed = isLost || state === "future";
  const hasHeads = total <= MOST_HEADS || state === "chosen";
  g.globalAlpha = state === "other" ? 0.16 : total > 600 && state === "plain" ? 0.55 : 1;
  g.strokeStyle = colour;
  g.fillStyle = colour;
  g.lineWidth = state === "chosen" ? 3 : state === "plain" || state === "other" ? 1.1 : 1.5;
  const step = isDashed ? 1 : LINES;
  for (let first = 0; first < messages.length; first += step) {
    const lines = new Path2D();
    const heads = new Path2D();
    for (const at of messages.slice(first, first + step)) {
      const line = diagram.line(at);
      addLine(lines, line);
      if (isLost) addCross(heads, line.x2, line.y2);
      else if (hasHeads) addHead(heads, line);
    }
    g.setLineDash(isLost ? [4, 3] : isDashed ? [7, 2] : []);
    g.stroke(lines);
    g.setLineDash([]);
    if (isLost) g.stroke(heads);
    else g.fill(heads);
  }
  g.globalAlpha = 1;
}

function addLine(path, { x1, y1, x2, y2 }) {
  path.moveTo(x1, y1);
  if (y1 === y2) path.quadraticCurveTo((x1 + x2) / 2, y1 - 20, x2, y2);
  else path.lineTo(x2, y2);
}

function addHead(path, { x1, y1, x2, y2 }) {
  const [dx, dy] = [x2 - x1, y2 - (y1 === y2 ? y1 - 20 : y1)];
  const length = Math.hypot(dx, dy) || 1;
  const [ux, uy] = [dx / length, dy / length];
  const [bx, by] = [x2 - 7 * ux, y2 - 7 * uy];
  path.moveTo(x2, y2);
  path.lineTo(bx - 2.6 * uy, by + 2.6 * ux);
  path.lineTo(bx + 2.6 * uy, by - 2.6 * ux);
  path.closePath();
}

function addCross(path, x, y) {
  path.moveTo(x - 3.5, y - 3.5);
  path.lineTo(x + 3.5, y + 3.5);
  path.moveTo(x - 3.5, y + 3.5);
  path.lineTo(x + 3.5, y - 3.5);
}

// A ring on each message that a fault touched.
function drawTouched(diagram, arrows) {
  const { film, panel, chosen } = diagram;
  panel.g.strokeStyle = theme.fault;
  panel.g.lineWidth = 1.2;
  panel.g.globalAlpha = arrows.length > 600 ? 0.5 : 1;
  for (const at of arrows) {
    if (film.fault[at] === 0 || stateOf(chosen.cone, at) === "other") continue;
    const { x1, y1, x2, y2 } = diagram.line(at);
    const [x, y] = film.isLost(at) ? [x2, y2] : [(x1 + x2) / 2, (y1 + y2) / 2];
    panel.g.beginPath();
    panel.g.arc(x, y, 5, 0, 7);
    panel.g.stroke();
  }
  panel.g.globalAlpha = 1;
}

// Kind and label at the middle of each line, where no other label is.
function labelArrows(diagram, arrows) {
  const { film, panel } = diagram;
  const { g } = panel;
  const taken = [];
  g.textAlign = "center";
  for (const at of arrows) {
    const { x1, y1, x2, y2 } = diagram.line(at);
    const { kind, label } = film.message(at);
    const text = label === "" ? kind : `${kind} ${label}`;
    const half = g.measureText(text).width / 2 + 3;
    const place = [0.5, 0.35, 0.65].map((share) => ({ x: x1 + (x2 - x1) * share, y: y1 + (y2 - y1) * share }));
    const isFree = ({ x, y }) =>
      x - half > LEFT && x + half < panel.width &&
      taken.every((other) => Math.abs(other.y - y) > 15 || Math.abs(other.x - x) > other.half + half);
    const spot = place.find(isFree);
    if (spot === undefined) continue;
    taken.push({ ...spot, half });
    g.strokeStyle = theme.paper;
    g.lineWidth = 4;
    g.strokeText(text, spot.x, spot.y);
    g.fillStyle = theme.ink;
    g.fillText(text, spot.x, spot.y);
  }
}
