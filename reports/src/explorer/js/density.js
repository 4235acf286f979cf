// Many messages: on each lane, bars of how many its node sent, by kind; below the lane, those that were lost.

// The palette's slots, one for kinds without a colour, one for lost messages.
const SLOTS = 9;
const LOST = 8;
// Cells on all lanes together.
const MOST_CELLS = 9000;

function drawDensity(diagram) {
  const { panel, film, lanes } = diagram;
  const { view, inner, g } = panel;
  const shown = lanes.shown;
  const columns = Math.max(40, Math.min(Math.floor(inner / 3), Math.floor(MOST_CELLS / Math.max(1, shown))));
  const places = new Int32Array(lanes.rows.length).fill(-1);
  let next = 0;
  lanes.rows.forEach((y, node) => {
    if (y >= 0) places[node] = next++;
  });
  const cells = shown * columns;
  const counts = new Uint32Array(SLOTS * cells);
  const sent = new Uint32Array(cells);
  const perNs = columns / view.length;
  const slots = Uint8Array.from(diagram.slots.slots, (slot) => (slot < 0 ? 7 : slot));
  const end = upTo(film.sent, view.to);
  for (let at = below(film.sent, view.from); at < end; at++) {
    if (!diagram.isShown(at)) continue;
    const column = Math.min(columns - 1, ((film.sent[at] - view.from) * perNs) | 0);
    const cell = places[film.from[at]] * columns + column;
    counts[slots[film.kind[at]] * cells + cell]++;
    sent[cell]++;
    if (film.isLost(at)) counts[LOST * cells + cell]++;
  }
  const most = sent.reduce((a, b) => Math.max(a, b), 1);
  // Above and below to the same scale, so a lane's bars reach half way to the next at most.
  const scale = (lanes.pitch * 0.48) / most;
  const width = inner / columns;
  const ys = lanes.rows.filter((y) => y >= 0);
  const tops = new Float64Array(cells);
  g.globalAlpha = diagram.chosen.cone === null ? 0.85 : 0.45;
  for (let slot = 0; slot < SLOTS; slot++) {
    const isLost = slot === LOST;
    g.fillStyle = isLost ? theme.fault : slotColour(slot === 7 ? -1 : slot);
    for (let cell = 0; cell < cells; cell++) {
      const height = counts[slot * cells + cell] * scale;
      if (height === 0) continue;
      const left = LEFT + (cell % columns) * width;
      const y = ys[Math.floor(cell / columns)];
      if (isLost) {
        g.fillRect(left, y + 1, width + 0.3, Math.max(1.5, height));
      } else {
        g.fillRect(left, y - tops[cell] - height, width + 0.3, height);
        tops[cell] += height;
      }
    }
  }
  g.globalAlpha = 1;
  return { counts, sent, columns, cells, places };
}

function readDensity(diagram, x, y) {
  const { panel, film, bars, slots } = diagram;
  const node = diagram.nodeAt(y);
  const column = Math.floor(((x - LEFT) / panel.inner) * bars.columns);
  if (node === null || column < 0 || column >= bars.columns) return null;
  const cell = bars.places[node] * bars.columns + column;
  if (bars.sent[cell] === 0) return `node ${node}: nothing sent`;
  const kinds = film.kinds
    .map((kind, at) => [kind, slots.slots[at]])
    .filter(([, slot]) => slot >= 0 && bars.counts[slot * bars.cells + cell] > 0)
    .map(([kind, slot]) => `${count(bars.counts[slot * bars.cells + cell])} ${kind}`);
  const others = bars.counts[7 * bars.cells + cell];
  if (others > 0) kinds.push(`${count(others)} of other kinds`);
  const lost = bars.counts[LOST * bars.cells + cell];
  const within = span(panel.view.length / bars.columns);
  return `node ${node} sent ${count(bars.sent[cell])} in ${within}: ${kinds.join(", ")}${lost > 0 ? `; ${count(lost)} lost` : ""}`;
}
