// Throughput: blocks decided and commands settled per second, in bins that follow the zoom.

const RATE_HEIGHT = 92;

// When each height was first made final by an honest node, or by any if no honest one did; ascending.
function firstCommits(commits, honest) {
  const first = new Map();
  for (let at = 0; at < commits.rows; at++) {
    const isHonest = honest[commits.node[at]];
    const seen = first.get(commits.height[at]);
    if (seen === undefined || (isHonest && !seen.isHonest)) {
      first.set(commits.height[at], { isHonest, at: commits.at[at] });
    }
  }
  return Float64Array.from([...first.values()].map((seen) => seen.at)).sort();
}

// Panels of their own: there may be a hundred commands in a block.
function ratePanels(series, honest) {
  const blocks = firstCommits(series.commits, honest);
  const panels = [ratePanel("blocks", "Blocks decided per second", blocks, 0)];
  if (series.commands.rows > 0) {
    panels.push(ratePanel("commands", "Commands settled per second", series.commands.at, 2));
  }
  return panels;
}

function ratePanel(name, title, times, colour) {
  // Not so short that most bins would be empty: then a rate would only say where its one event is.
  const binOf = (view) => Math.max(roundStep(view.length, 80), roundStep(view.end / Math.max(1, times.length), 1));
  const inBin = (from, to) => below(times, to) - below(times, from);
  const draw = (panel) => {
    const { view } = panel;
    const bin = binOf(view);
    const bins = [];
    // Whole bins, counted from the run's start, so that they don't flicker while the view moves.
    for (let from = Math.floor(view.from / bin) * bin; from < view.to; from += bin) {
      const to = Math.min(from + bin, view.end);
      if (to > from) bins.push({ from, to, rate: inBin(from, to) / ((to - from) / 1e9) });
    }
    const axis = amountTicks(Math.max(0, ...bins.map(({ rate }) => rate)), 3);
    const [top, floor] = [8, panel.rows - 6];
    const y = (value) => floor - (value / axis.top) * (floor - top);
    panel.grid(axis.ticks, y);
    panel.clipped(() => drawSteps(panel, bins, y, theme.series[colour]));
  };
  const read = (panel, ns) => {
    const bin = binOf(panel.view);
    const from = Math.floor(ns / bin) * bin;
    const to = Math.min(from + bin, panel.view.end);
    return `${count(inBin(from, to))} ${name} in ${span(to - from)}`;
  };
  return new Panel({ name, title, height: RATE_HEIGHT, draw, read });
}

function drawSteps(panel, bins, y, colour) {
  const { g } = panel;
  const outline = new Path2D();
  bins.forEach(({ from, to, rate }, at) => {
    if (at === 0) outline.moveTo(panel.x(from), y(rate));
    else outline.lineTo(panel.x(from), y(rate));
    outline.lineTo(panel.x(to), y(rate));
  });
  g.strokeStyle = colour;
  g.lineWidth = 1.5;
  g.stroke(outline);
  outline.lineTo(panel.x(bins.at(-1).to), y(0));
  outline.lineTo(panel.x(bins[0].from), y(0));
  g.fillStyle = faint(colour, 0.14);
  g.fill(outline);
}
