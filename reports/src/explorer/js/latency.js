// Commit latency over time: a point for each commit, the median of each slice of the view as a line.

const LATENCY_HEIGHT = 168;
const SLICES = 60;
// Fewer points speak for themselves.
const LEAST_FOR_MEDIANS = 4 * SLICES;
// More points than this are drawn as a shade of how many there are.
const MOST_POINTS = 4000;
// Steps of the medians' scale in a factor of two, so they are within a percent; and all steps up to 2^64 ns.
const STEPS = 64;
const MOST_STEP = 64 * STEPS;

function latencyPanel(series, choices, nodeColour) {
  const { commits } = series;
  const scale = latencyScale(commits.latency);
  const steps = Uint16Array.from(commits.latency, (ns) => Math.round(Math.log2(Math.max(1, ns)) * STEPS));
  const draw = (panel) => {
    const [first, end] = [below(commits.at, panel.view.from), upTo(commits.at, panel.view.to)];
    const y = scale.within(commits.latency.subarray(first, end), panel.rows);
    panel.grid(y.ticks, y.place);
    panel.clipped(() => {
      if (end - first > MOST_POINTS) shadePoints(panel, commits, choices, y, first, end);
      else drawPoints(panel, commits, choices, nodeColour, y, first, end);
      if (end - first > LEAST_FOR_MEDIANS) drawMedians(panel, commits, choices, y, steps, first, end);
    });
  };
  const read = (panel, ns) => {
    const reach = panel.view.length / SLICES / 2;
    const [first, end] = [below(commits.at, ns - reach), upTo(commits.at, ns + reach)];
    const latencies = [];
    for (let at = first; at < end; at++) {
      if (choices.nodes[commits.node[at]]) latencies.push(commits.latency[at]);
    }
    if (latencies.length === 0) return "no commit";
    latencies.sort((a, b) => a - b);
    const [least, most] = [latencies[0], latencies.at(-1)];
    if (latencies.length === 1) return `1 commit, ${span(least)}`;
    return `${count(latencies.length)} commits, median ${span(latencies[latencies.length >> 1])}, ${span(least)} to ${span(most)}`;
  };
  return new Panel({ name: "latency", title: "Commit latency", height: LATENCY_HEIGHT, draw, read });
}

// Linear from zero, or logarithmic where the largest dwarfs the typical, as in the printed figure.
function latencyScale(all) {
  const sorted = Float64Array.from(all).sort();
  const isLog = sorted.length > 0 && sorted.at(-1) > 30 * Math.max(1e3, sorted[(sorted.length - 1) >> 1]);
  const within = (seen, rows) => {
    let [least, most] = [Infinity, 0];
    for (const ns of seen) {
      if (ns < least) least = ns;
      if (ns > most) most = ns;
    }
    const [top, floor] = [10, rows - 8];
    if (!isLog || most === 0) {
      const unit = most < 2e6 ? [1e3, "µs"] : most < 2e9 ? [1e6, "ms"] : [1e9, "s"];
      const axis = amountTicks(most / unit[0], 4);
      const place = (ns) => floor - (ns / unit[0] / axis.top) * (floor - top);
      const ticks = axis.ticks.map(({ at, label }) => ({ at: at * unit[0], label: `${label} ${unit[1]}` }));
      return { place, ticks };
    }
    const [lo, hi] = [Math.log10(Math.max(1e3, least)) - 0.05, Math.log10(most) + 0.05];
    const place = (ns) => floor - ((Math.log10(Math.max(1e3, ns)) - lo) / (hi - lo)) * (floor - top);
    const ticks = [];
    for (let decade = Math.floor(lo); decade <= hi; decade++) {
      for (const factor of hi - lo > 2.5 ? [1] : hi - lo > 1.2 ? [1, 3] : [1, 2, 5]) {
        const at = factor * 10 ** decade;
        if (Math.log10(at) >= lo && Math.log10(at) <= hi) ticks.push({ at, label: span(at) });
      }
    }
    return { place, ticks };
  };
  return { within };
}

function drawPoints(panel, commits, choices, nodeColour, y, first, end) {
  const { g } = panel;
  const radius = end - first > 1500 ? 1.8 : 2.6;
  for (let at = first; at < end; at++) {
    const node = commits.node[at];
    if (!choices.nodes[node]) continue;
    g.fillStyle = faint(nodeColour(node), end - first > 1500 ? 0.45 : 0.75);
    g.beginPath();
    g.arc(panel.x(commits.at[at]), y.place(commits.latency[at]), radius, 0, 7);
    g.fill();
  }
}

function shadePoints(panel, commits, choices, y, first, end) {
  const [across, down] = [Math.ceil(panel.inner / 2), Math.ceil(panel.rows / 2)];
  const hits = new Uint32Array(across * down);
  const perNs = across / panel.view.length;
  for (let at = first; at < end; at++) {
    if (!choices.nodes[commits.node[at]]) continue;
    const column = Math.min(across - 1, ((commits.at[at] - panel.view.from) * perNs) | 0);
    const row = Math.min(down - 1, Math.max(0, (y.place(commits.latency[at]) / 2) | 0));
    hits[row * across + column]++;
  }
  panel.g.fillStyle = theme.series[0];
  for (let place = 0; place < hits.length; place++) {
    if (hits[place] === 0) continue;
    panel.g.globalAlpha = Math.min(1, 0.3 + 0.15 * Math.log2(hits[place]));
    panel.g.fillRect(LEFT + (place % across) * 2, Math.floor(place / across) * 2, 2, 2);
  }
  panel.g.globalAlpha = 1;
}

// The median of each slice that has commits; the line breaks where one has none.
function drawMedians(panel, commits, choices, y, steps, first, end) {
  const { g, view } = panel;
  g.strokeStyle = theme.ink;
  g.lineWidth = 1.6;
  g.beginPath();
  let isOpen = false;
  for (let slice = 0, at = first; slice < SLICES; slice++) {
    const until = slice + 1 < SLICES ? view.from + ((slice + 1) / SLICES) * view.length : Infinity;
    const seen = new Uint32Array(MOST_STEP);
    let rows = 0;
    for (; at < end && commits.at[at] < until; at++) {
      if (!choices.nodes[commits.node[at]]) continue;
      seen[steps[at]]++;
      rows++;
    }
    if (rows === 0) {
      isOpen = false;
      continue;
    }
    let step = 0;
    for (let before = seen[0]; before < rows / 2; before += seen[++step]);
    const place = [LEFT + ((slice + 0.5) / SLICES) * panel.inner, y.place(2 ** (step / STEPS))];
    if (isOpen) g.lineTo(...place);
    else g.moveTo(...place);
    isOpen = true;
  }
  g.stroke();
}
