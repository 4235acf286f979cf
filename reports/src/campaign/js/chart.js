"use strict";
// A line chart: lines through estimates, intervals as bars or bands, a read-out on hover and by arrow keys.

const SVG = "http://www.w3.org/2000/svg";
const LINE_COLOURS = 7;

function drawn(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// A round step (1, 2 or 5 times a power of ten) that gives no more than about `about` on `width`.
function roundStep(width, about) {
  const raw = width / about, power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= raw * 0.999);
}

// Round factors for so many decades.
function logFactors(decades) {
  if (decades < 0.8) return [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8];
  return decades < 1.6 ? [1, 2, 3, 5] : decades < 3.5 ? [1, 2, 5] : [1];
}

// An axis from zero, or around the values if logarithmic: `place` gives a share of its length.
function valueScale(values, unit, logarithmic) {
  if (logarithmic) {
    const positive = values.filter((value) => value > 0);
    const lo = Math.log10(Math.min(...positive)) - 0.06, hi = Math.log10(Math.max(...positive)) + 0.06;
    const ticks = [];
    for (let power = Math.floor(lo); power <= Math.ceil(hi); power++) {
      for (const factor of logFactors(hi - lo)) {
        const value = factor * 10 ** power, at = Math.log10(value);
        if (at >= lo && at <= hi) ticks.push([(at - lo) / (hi - lo), show(unit, value)]);
      }
    }
    return { ticks, place: (value) => (value > 0 ? Math.max(0, (Math.log10(value) - lo) / (hi - lo)) : 0) };
  }
  const most = Math.max(...values, 0) * 1.04 || 1, step = roundStep(most, 6), ticks = [];
  for (let value = 0; value <= most * (1 + 1e-9); value += step) ticks.push([value / most, value === 0 ? "0" : show(unit, value)]);
  return { ticks, place: (value) => value / most };
}

// Draws into `container`, which is measured so that text keeps its size on a narrow screen.
// chart: { label, x: {title, ticks, place}, y: {title, ticks, place}, lines: [{name, marks, look}] };
// mark: { x, y: {value, lo, hi}, words }; look: "bars", "band" or "dots".
function drawChart(container, readout, chart) {
  const width = Math.max(300, container.clientWidth || 880), height = width < 560 ? 320 : 380;
  const left = 72, right = 14, top = 30, bottom = 50;
  const svg = drawn("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": chart.label, tabindex: "0" });
  const across = (x) => left + chart.x.place(x) * (width - left - right);
  const down = (y) => height - bottom - chart.y.place(y) * (height - top - bottom);
  for (const [share, words] of chart.y.ticks) {
    const y = height - bottom - share * (height - top - bottom);
    svg.append(drawn("line", { class: "grid", x1: left, x2: width - right, y1: y, y2: y }));
    svg.append(drawn("text", { x: left - 8, y: y + 4, "text-anchor": "end" }, words));
  }
  svg.append(drawn("line", { class: "axis", x1: left, x2: width - right, y1: height - bottom, y2: height - bottom }));
  let free = -Infinity;
  for (const [share, words] of chart.x.ticks) {
    const x = left + share * (width - left - right), half = words.length * 3.4;
    svg.append(drawn("line", { class: "axis", x1: x, x2: x, y1: height - bottom, y2: height - bottom + 5 }));
    if (x - half < free) continue;
    free = x + half + 6;
    svg.append(drawn("text", { x, y: height - bottom + 19, "text-anchor": "middle" }, words));
  }
  svg.append(drawn("text", { x: 4, y: 14 }, chart.y.title));
  svg.append(drawn("text", { x: (left + width - right) / 2, y: height - 8, "text-anchor": "middle" }, chart.x.title));
  const marks = [];
  chart.lines.forEach((line, number) => {
    const colour = `var(--s${number % LINE_COLOURS})`;
    const path = line.marks.map((mark) => `${across(mark.x).toFixed(1)},${down(mark.y.value).toFixed(1)}`);
    if (line.look === "band" && line.marks.length > 1) {
      const above = line.marks.map((mark) => `${across(mark.x).toFixed(1)},${down(mark.y.hi).toFixed(1)}`);
      const below = line.marks.map((mark) => `${across(mark.x).toFixed(1)},${down(mark.y.lo).toFixed(1)}`).reverse();
      svg.append(drawn("polygon", { class: "band", style: `fill:${colour}`, points: [...above, ...below].join(" ") }));
    }
    if (line.look !== "dots") svg.append(drawn("polyline", { class: "line", style: `stroke:${colour}`, points: path.join(" ") }));
    for (const mark of line.marks) {
      const [x, y] = [across(mark.x), down(mark.y.value)];
      marks.push({ x, y, words: `${line.name ? `${line.name}, ` : ""}${mark.words}` });
      if (line.look === "band") continue;
      svg.append(drawn("line", { style: `stroke:${colour}`, x1: x, x2: x, y1: down(mark.y.lo), y2: down(mark.y.hi) }));
      svg.append(drawn("circle", { style: `fill:${colour}`, cx: x, cy: y, r: 3.5 }));
    }
  });
  const ring = drawn("circle", { class: "near", r: 7, visibility: "hidden" });
  svg.append(ring);
  let current = -1;
  const point = (at) => {
    current = at;
    ring.setAttribute("cx", marks[at].x);
    ring.setAttribute("cy", marks[at].y);
    ring.setAttribute("visibility", "visible");
    readout.textContent = marks[at].words;
  };
  svg.addEventListener("pointermove", (event) => {
    if (marks.length === 0) return;
    const box = svg.getBoundingClientRect(), scale = width / box.width;
    const x = (event.clientX - box.left) * scale, y = (event.clientY - box.top) * scale;
    const distance = (mark) => (mark.x - x) ** 2 + (mark.y - y) ** 2;
    point(marks.reduce((best, mark, at) => (distance(mark) < distance(marks[best]) ? at : best), 0));
  });
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (!step || marks.length === 0) return;
    event.preventDefault();
    point(Math.min(marks.length - 1, Math.max(0, current + step)));
  });
  const names = element("ul", { class: "names" });
  chart.lines.forEach((line, number) => {
    if (line.name) names.append(element("li", {}, [element("i", { style: `background:var(--s${number % LINE_COLOURS})` }), line.name]));
  });
  container.replaceChildren(svg, names);
}

// Draws now, and again when the width changes.
function keepDrawn(container, draw) {
  let width = -1;
  new ResizeObserver(() => {
    if (container.clientWidth === width) return;
    width = container.clientWidth;
    draw();
  }).observe(container);
}
