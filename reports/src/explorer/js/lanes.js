// What lies under and over the messages: lanes, times that were not filmed, the cone of a selection, marks.

// More marks than this in view are not drawn; zoomed in they come.
const MOST_MARKS = 600;
// What a node's events look like; others are dots.
const GLYPHS = { crash: "cross", halt: "cross", restart: "ring", start: "ring", lock: "diamond", commit: "tick" };

// Hatches the times of which no message was kept.
function drawGaps(panel, covered) {
  const { g, view } = panel;
  let from = 0;
  const gaps = [];
  for (const part of covered) {
    gaps.push([from, part.from]);
    from = part.to;
  }
  gaps.push([from, view.end]);
  panel.clipped(() => {
    g.strokeStyle = theme.rule;
    g.lineWidth = 1;
    for (const [start, end] of gaps) {
      const [left, right] = [Math.max(LEFT, panel.x(start)), Math.min(LEFT + panel.inner, panel.x(end))];
      if (right - left < 1) continue;
      g.save();
      g.beginPath();
      g.rect(left, 0, right - left, panel.rows);
      g.clip();
      g.beginPath();
      for (let x = Math.floor(left / 8) * 8 - panel.rows; x < right; x += 8) {
        g.moveTo(x, panel.rows);
        g.lineTo(x + panel.rows, 0);
      }
      g.stroke();
      if (right - left > 170) {
        g.fillStyle = theme.muted;
        g.strokeStyle = theme.paper;
        g.lineWidth = 5;
        g.textAlign = "center";
        g.strokeText("no message was kept here", (left + right) / 2, 11);
        g.fillText("no message was kept here", (left + right) / 2, 11);
        g.strokeStyle = theme.rule;
        g.lineWidth = 1;
      }
      g.restore();
    }
  });
}

function drawLanes(diagram) {
  const { panel, lanes, lives, honest } = diagram;
  const { g, view } = panel;
  g.textAlign = "right";
  const every = Math.ceil(14 / lanes.pitch);
  let place = 0;
  lanes.rows.forEach((y, node) => {
    if (y < 0) return;
    if (place++ % every === 0) {
      g.fillStyle = honest[node] ? theme.ink : theme.fault;
      const isRoomy = lanes.pitch >= 30;
      g.fillText(`node ${node}`, LEFT - 8, y);
      if (!honest[node] && isRoomy) g.fillText("Byzantine", LEFT - 4, y + 14);
    }
    g.lineWidth = 1.5;
    for (const [from, to, isDown] of upAndDown(lives[node], view)) {
      g.strokeStyle = isDown ? theme.rule : theme.crowd;
      g.setLineDash(isDown ? [2, 5] : []);
      g.beginPath();
      g.moveTo(Math.max(LEFT, panel.x(from)), y);
      g.lineTo(Math.min(LEFT + panel.inner, panel.x(to)), y);
      g.stroke();
    }
    g.setLineDash([]);
  });
}

// A node's time in view in parts: from, to, and whether it was down.
function upAndDown(life, view) {
  const parts = [];
  let from = view.from;
  for (const { from: crash, to: restart } of life.down) {
    if (restart <= view.from || crash >= view.to) continue;
    if (crash > from) parts.push([from, crash, false]);
    parts.push([Math.max(crash, from), Math.min(restart, view.to), true]);
    from = restart;
  }
  if (from < view.to) parts.push([from, view.to, false]);
  return parts;
}

// The parts of the lanes that are in the past (a solid bar) and in the future (a dotted one) of the selection.
function drawCone(diagram, cone) {
  const { panel } = diagram;
  const { g } = panel;
  const bar = (from, to, y, colour, dash) => {
    if (!(from < to)) return;
    g.strokeStyle = colour;
    g.setLineDash(dash);
    g.beginPath();
    g.moveTo(panel.x(from), y);
    g.lineTo(panel.x(to), y);
    g.stroke();
  };
  g.lineWidth = Math.min(7, diagram.lanes.pitch * 0.5);
  diagram.lanes.rows.forEach((y, node) => {
    if (y < 0) return;
    bar(cone.filmed.from, cone.past[node], y, faint(theme.past, 0.45), []);
    bar(cone.future[node], cone.filmed.to, y, faint(theme.future, 0.45), [3, 3]);
  });
  g.setLineDash([]);
  if (cone.message === null) {
    g.strokeStyle = theme.ink;
    g.lineWidth = 2;
    g.beginPath();
    g.arc(panel.x(cone.begin.at), diagram.y(cone.begin.node), 6, 0, 7);
    g.stroke();
  }
}

// Node events and commits in view, each with the text that pointing at it shows.
function marksInView(diagram) {
  const { panel, lives, marks } = diagram;
  const { from, to } = panel.view;
  const found = marks
    .filter((mark) => from <= mark.at && mark.at <= to && diagram.y(mark.node) >= 0)
    .map(({ node, at, kind, label }) => ({ node, at, kind, text: label === "" ? kind : `${kind} ${label}` }));
  let commits = 0;
  lives.forEach((life, node) => {
    if (diagram.y(node) < 0) return;
    const [first, end] = [below(life.at, from), upTo(life.at, to)];
    commits += end - first;
    if (commits > MOST_MARKS) return;
    for (let at = first; at < end; at++) {
      found.push({ node, at: life.at[at], kind: "commit", text: `commits block ${count(life.height[at])}` });
    }
  });
  return commits > MOST_MARKS ? found.filter((mark) => mark.kind !== "commit") : found;
}

function drawMarks(diagram) {
  const { panel, lanes } = diagram;
  const { g } = panel;
  const marks = marksInView(diagram);
  diagram.drawnMarks = [];
  if (marks.length > MOST_MARKS) return;
  marks.sort((a, b) => a.at - b.at);
  g.textAlign = "left";
  const free = new Map();
  for (const mark of marks) {
    const [x, y] = [panel.x(mark.at), diagram.y(mark.node)];
    diagram.drawnMarks.push({ ...mark, x, y });
    drawGlyph(g, GLYPHS[mark.kind], x, y);
    const width = g.measureText(mark.text).width;
    const isCommit = mark.kind === "commit";
    if (lanes.pitch < 30 || x + 6 < (free.get(mark.node) ?? 0) || (isCommit && marks.length > 40)) continue;
    g.strokeStyle = theme.paper;
    g.lineWidth = 4;
    g.strokeText(mark.text, x + 6, y - 9);
    g.fillStyle = isCommit ? theme.muted : theme.ink;
    g.fillText(mark.text, x + 6, y - 9);
    free.set(mark.node, x + width + 12);
  }
}

function drawGlyph(g, glyph, x, y) {
  g.strokeStyle = theme.ink;
  g.fillStyle = theme.ink;
  g.lineWidth = 1.8;
  g.beginPath();
  if (glyph === "cross") {
    drawCross(g, x, y, 4.5);
  } else if (glyph === "ring") {
    g.arc(x, y, 4, 0, 7);
    g.fillStyle = theme.paper;
    g.fill();
    g.stroke();
  } else if (glyph === "diamond") {
    g.moveTo(x, y - 5);
    g.lineTo(x + 5, y);
    g.lineTo(x, y + 5);
    g.lineTo(x - 5, y);
    g.fill();
  } else if (glyph === "tick") {
    g.fillRect(x - 1, y - 6, 2, 12);
  } else {
    g.arc(x, y, 3, 0, 7);
    g.fill();
  }
}
