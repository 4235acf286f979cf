// Blocks decided and commands settled per second, in bins that follow the zoom.

const RATES_HEIGHT = 116;

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

function ratesPanel(series, honest) {
  const lines = [{ name: "blocks", times: firstCommits(series.commits, honest), colour: 0, isShown: true }];
  if (series.commands.rows > 0) {
    lines.push({ name: "commands", times: series.commands.at, colour: 2, isShown: true });
  }
  const binOf = (view) => roundStep(view.length, 80);
  const rate = (times, from, to) => (below(times, to) - below(times, from)) / ((to - from) / 1e9);
  const draw = (panel) => {
    const { view } = panel;
    const bin = binOf(view);
    const shown = lines.filter((line) => line.isShown);
    const bins = [];
    // Whole bins, counted from the run's start, so that they don't flicker while the view moves.
    for (let from = Math.floor(view.from / bin) * bin; from < view.to; from += bin) {
      bins.push({ from, to: Math.min(from + bin, view.end) });
    }
    const rates = shown.map(({ times }) => bins.map(({ from, to }) => (to > from ? rate(times, from, to) : 0)));
    const axis = amountTicks(Math.max(0, ...rates.flat()), 3);
    const [top, floor] = [8, panel.rows - 6];
    const y = (value) => floor - (value / axis.top) * (floor - top);
    panel.grid(axis.ticks, y);
    panel.clipped(() => {
      shown.forEach(({ colour }, line) => steps(panel, bins, rates[line], y, theme.series[colour]));
    });
  };
  const read = (panel, ns) => {
    const bin = binOf(panel.view);
    const from = Math.floor(ns / bin) * bin;
    const to = Math.min(from + bin, panel.view.end);
    const words = lines.filter((line) => line.isShown).map(({ name, times }) => {
      return `${count(below(times, to) - below(times, from))} ${name}`;
    });
    return words.length === 0 ? null : `${words.join(", ")} in ${span(to - from)}`;
  };
  const panel = new Panel({ name: "rates", title: "Throughput per second", height: RATES_HEIGHT, draw, read });
  for (const line of lines) panel.legend.append(seriesToggle(line, () => panel.onToggle?.()));
  return panel;
}

// A series' name with its colour; pressing it hides or shows the series.
function seriesToggle(line, changed) {
  const swatch = element("i", { attributes: { style: `background: var(--series-${line.colour})` } });
  const button = element("button", { type: "button", className: "chip" }, [swatch, line.name]);
  button.setAttribute("aria-pressed", "true");
  button.addEventListener("click", () => {
    line.isShown = !line.isShown;
    button.setAttribute("aria-pressed", String(line.isShown));
    changed();
  });
  return button;
}

function steps(panel, bins, rates, y, colour) {
  const { g } = panel;
  const outline = new Path2D();
  bins.forEach(({ from, to }, at) => {
    const [left, right, height] = [panel.x(from), panel.x(to), y(rates[at])];
    if (at === 0) outline.moveTo(left, height);
    else outline.lineTo(left, height);
    outline.lineTo(right, height);
  });
  g.strokeStyle = colour;
  g.lineWidth = 1.5;
  g.stroke(outline);
  outline.lineTo(panel.x(bins.at(-1).to), y(0));
  outline.lineTo(panel.x(bins[0].from), y(0));
  g.fillStyle = faint(colour, 0.14);
  g.fill(outline);
}
