// The time axis with its ticks, and under it the faults as labelled bars in as few rows as keep labels apart.

const AXIS_ROW = 24;
const BAR_ROW = 20;
const MOST_BAR_ROWS = 6;

// The record's faults as bands, in order of their start.
function faultBands(record) {
  const end = record.manifest.duration_ns;
  const bands = record.faults.map((fault) => {
    const to = Math.min(fault.end_ns, end);
    return { fault, from: fault.start_ns, to, isWhole: to - fault.start_ns > 0.985 * end };
  });
  return bands.filter((band) => band.from <= end).sort((a, b) => a.from - b.from || a.to - b.to);
}

// Rows in which no bar nor label meets another, as the panel shows them now.
function barRows(panel, bands) {
  const ends = [];
  const shown = bands.filter((band) => band.to >= panel.view.from && band.from <= panel.view.to);
  return shown.map((band) => {
    const left = Math.max(LEFT, panel.x(band.from));
    const right = Math.max(left + 3, Math.min(LEFT + panel.inner, panel.x(band.to)));
    const label = panel.g.measureText(band.fault.id).width + 12;
    let row = ends.findIndex((end) => end <= left);
    if (row < 0) row = ends.push(0) - 1;
    ends[row] = Math.max(right, left + label) + 6;
    return { band, left, right, row };
  });
}

function axisPanel(bands) {
  let bars = [];
  const draw = (panel) => {
    const { g, view } = panel;
    const { ticks, base } = timeTicks(view.from, view.to, Math.max(2, Math.floor(panel.inner / 90)));
    g.fillStyle = theme.muted;
    g.strokeStyle = theme.crowd;
    g.textAlign = "left";
    g.fillText(base, 0, AXIS_ROW / 2);
    g.textAlign = "center";
    for (const { at, label } of ticks) {
      const x = panel.x(at);
      const half = g.measureText(label).width / 2;
      const free = base === "" ? half : Math.max(LEFT, g.measureText(base).width + 8) + half;
      if (x >= free) g.fillText(label, Math.min(x, panel.width - half), AXIS_ROW / 2);
      g.fillRect(Math.round(x), AXIS_ROW - 4, 1, 4);
    }
    bars = barRows(panel, bands);
    g.textAlign = "left";
    for (const { band, left, right, row } of bars) {
      if (row >= MOST_BAR_ROWS) continue;
      const top = AXIS_ROW + 2 + row * BAR_ROW;
      g.fillStyle = faint(theme.fault, 0.28);
      g.fillRect(left, top, right - left, BAR_ROW - 3);
      g.fillStyle = theme.ink;
      g.fillText(band.fault.id, Math.min(left + 5, panel.width - g.measureText(band.fault.id).width), top + 9);
    }
  };
  const at = (x, y) => {
    const row = Math.floor((y - AXIS_ROW - 2) / BAR_ROW);
    return bars.find((bar) => bar.row === row && bar.left - 2 <= x && x <= bar.right + 2)?.band ?? null;
  };
  const read = (panel, ns, y) => {
    const fault = at(panel.x(ns), y)?.fault;
    if (fault === undefined) return null;
    const touched = fault.touched === 0 ? "touched nothing" : `touched ${count(fault.touched)} ${fault.unit}`;
    return `${fault.id}: ${fault.label} (${fault.family}), ${moment(fault.start_ns)} to ${moment(fault.end_ns)}, ${touched}`;
  };
  // It grows when more rows are needed and never shrinks, so that panels below don't jump while the view moves.
  let rows = 0;
  const height = (panel) => {
    rows = Math.max(rows, ...barRows(panel, bands).map((bar) => bar.row + 1));
    return AXIS_ROW + 4 + Math.min(MOST_BAR_ROWS, rows) * BAR_ROW;
  };
  const panel = new Panel({ name: "axis", title: "Faults", height, draw, read });
  panel.bandAt = at;
  return panel;
}
