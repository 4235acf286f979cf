// The space-time diagram: a lane for each node, messages as arrows between lanes. While too many are in view to tell
// arrows apart, each lane shows bars of how many were sent instead (density.js).

// More messages than this in view are drawn as bars.
const MOST_ARROWS = 3000;
// From a pointer to a message that it means, pixels.
const REACH = 9;

class SpaceTime {
  // `chosen` holds the selection: { cone }, a Cone or null.
  constructor({ film, lives, series, honest, events, choices, chosen }) {
    Object.assign(this, { film, lives, series, honest, choices, chosen });
    this.slots = kindSlots(film);
    this.marks = [...events].sort((a, b) => a.at - b.at);
    this.panel = new Panel({
      name: "spacetime",
      title: "Messages between nodes",
      height: () => this.layout().height,
      draw: () => this.draw(),
      read: (panel, at, y) => this.read(at, y),
      drag: "pan",
    });
  }

  // The row of each shown node, and -1 of the others.
  layout() {
    const nodes = this.choices.nodes;
    const shown = nodes.reduce((sum, isShown) => sum + isShown, 0);
    const pitch = Math.min(64, Math.max(11, 430 / Math.max(1, shown)));
    const top = Math.max(30, pitch * 0.8);
    const rows = new Float64Array(nodes.length).fill(-1);
    let next = 0;
    nodes.forEach((isShown, node) => {
      if (isShown) rows[node] = top + pitch * next++;
    });
    return { rows, pitch, shown, height: top + pitch * Math.max(0, shown - 1) + Math.max(22, pitch * 0.5) };
  }

  isShown(at) {
    const { film, choices } = this;
    return (
      choices.kinds[film.kind[at]] === 1 &&
      choices.nodes[film.from[at]] === 1 &&
      choices.nodes[film.to[at]] === 1 &&
      (!choices.onlyTouched || film.fault[at] > 0 || film.isLost(at))
    );
  }

  // The shown messages in view; null if they are more than `most`.
  inView(most) {
    const { from, to } = this.panel.view;
    const found = [];
    this.film.each(from, to, (at) => {
      if (this.isShown(at)) found.push(at);
      return found.length <= most;
    });
    return found.length > most ? null : found;
  }

  draw() {
    const { panel } = this;
    this.lanes = this.layout();
    this.arrows = this.inView(MOST_ARROWS);
    drawGaps(panel, this.film.covered);
    drawLanes(this);
    panel.clipped(() => {
      if (this.chosen.cone !== null) drawCone(this, this.chosen.cone);
      if (this.arrows === null) this.bars = drawDensity(this);
      else drawArrows(this, this.arrows);
      drawMarks(this);
    });
  }

  y(node) {
    return this.lanes.rows[node];
  }

  // Where a message's line begins and ends; a lost one's ends before it is there.
  line(at) {
    const { film, panel } = this;
    const [x1, y1] = [panel.x(film.sent[at]), this.y(film.from[at])];
    const [x2, y2] = [panel.x(film.ends[at]), this.y(film.to[at])];
    if (!film.isLost(at)) return { x1, y1, x2, y2 };
    return { x1, y1, x2: x1 + (x2 - x1) * 0.75, y2: y1 + (y2 - y1) * 0.75 };
  }

  // The message under a place on the canvas, or null.
  messageAt(x, y) {
    let [nearest, distance] = [null, REACH];
    for (const at of this.arrows ?? []) {
      const { x1, y1, x2, y2 } = this.line(at);
      const far = toSegment(x, y, x1, y1, x2, y2);
      if (far < distance) [nearest, distance] = [at, far];
    }
    return nearest;
  }

  // The node whose lane is nearest, if one is near.
  nodeAt(y) {
    const { rows, pitch } = this.lanes;
    let [nearest, distance] = [null, pitch / 2];
    rows.forEach((row, node) => {
      if (row >= 0 && Math.abs(row - y) < distance) [nearest, distance] = [node, Math.abs(row - y)];
    });
    return nearest;
  }

  // The mark of a node's event or commit under a place.
  markAt(x, y) {
    const near = (this.drawnMarks ?? []).filter((mark) => Math.hypot(mark.x - x, mark.y - y) < REACH);
    return near.length === 0 ? null : near.at(-1);
  }

  read(ns, y) {
    const x = this.panel.x(ns);
    const mark = this.markAt(x, y);
    if (mark !== null) return `node ${mark.node}: ${mark.text}, ${moment(mark.at)}`;
    if (this.arrows === null) return readDensity(this, x, y);
    const at = this.messageAt(x, y);
    return at === null ? null : this.inWords(at);
  }

  inWords(at) {
    const { from, to, sent, received, kind, label, fault } = this.film.message(at);
    const what = label === "" ? kind : `${kind} ${label}`;
    const fate = received === null ? "lost" : `received ${span(received - sent)} later`;
    const touch = fault === null ? "" : `, fault ${fault}`;
    return `${what}: node ${from} → node ${to}, sent ${moment(sent)}, ${fate}${touch}`;
  }
}

// For each kind its place in the palette; -1 where colours are used up. The kinds of consensus messages have the same
// colour in every report, and the second colour is too near to that of faults: as in the printed figures.
function kindSlots(film) {
  const counts = new Float64Array(film.kinds.length);
  for (const kind of film.kind) counts[kind]++;
  const known = ["proposal", "prevote", "precommit"];
  const others = film.kinds.filter((kind) => !known.includes(kind));
  const often = (kind) => counts[film.kinds.indexOf(kind)];
  others.sort((a, b) => often(b) - often(a) || (a < b ? -1 : 1));
  const colours = new Map([...known, ...others].map((kind, place) => [kind, [0, 2, 3, 4, 5, 6][place] ?? -1]));
  return { counts, slots: film.kinds.map((kind) => colours.get(kind)) };
}

function slotColour(slot) {
  return slot < 0 ? theme.crowd : theme.series[slot];
}

function toSegment(x, y, x1, y1, x2, y2) {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const length = dx * dx + dy * dy;
  const share = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / length));
  return Math.hypot(x - x1 - share * dx, y - y1 - share * dy);
}
