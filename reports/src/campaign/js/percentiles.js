"use strict";
// Latency by percentile along an axis of the reader's choice, in place of the drawing that the page came with.
{
  const figure = document.getElementById("cdf");
  let set = 0;

  function percentile(place) {
    const share = 100 * (1 - 10 ** -place);
    return `${trimmed(share.toFixed(Math.max(1, Math.ceil(place))))} %`;
  }

  function draw() {
    const { axis, curves, left_out: hidden } = campaign.curves[set];
    const reach = Math.max(...curves.map((curve) => curve.points.at(-1)[0]));
    const named = [[0, "0"], [Math.log10(2), "50"], [1, "90"], [2, "99"], [3, "99.9"], [4, "99.99"], [5, "99.999"], [6, "99.9999"]];
    const x = {
      title: "percentile (%, logarithmic towards 100)",
      place: (place) => place / reach,
      ticks: named.filter(([place]) => place <= reach).map(([place, words]) => [place / reach, words]),
    };
    const lines = curves.map((curve) => ({
      name: axis === null ? "" : curve.name,
      look: "band",
      marks: curve.points.map(([place, value, lo, hi]) => ({
        x: place,
        y: { value, lo, hi },
        words: `${percentile(place)} of the commits took at most ${span(Math.round(value))} (95 %: ${showRange("ns", lo, hi)}); ${grouped3(curve.commits)} commits in ${grouped3(curve.runs)} runs.`,
      })),
    }));
    const values = lines.flatMap((line) => line.marks.flatMap((mark) => [mark.y.lo, mark.y.hi]));
    const logarithmic = Math.min(...values) > 0 && Math.max(...values) > 30 * Math.min(...values);
    const y = { ...valueScale(values, "ns", logarithmic), title: logarithmic ? "latency (logarithmic)" : "latency" };
    const key = axis === null ? null : campaign.axes[axis].key;
    const title = key === null ? "Commit latency by percentile" : `Commit latency by percentile, for each ${key}`;
    drawChart(figure.querySelector(".view"), figure.querySelector(".readout"), { label: title, x, y, lines });
    figure.querySelector(".title").textContent = title;
    const samples = curves.map((curve) => `${curve.name}: ${grouped3(curve.commits)} commits in ${grouped3(curve.runs)} ${curve.runs === 1 ? "run" : "runs"}`);
    figure.querySelector(".caption").textContent =
      `How long all but the slowest commits took: at 99 %, one in a hundred took longer. The HDR histograms of all runs added up (${samples.join("; ")}). ` +
      `Bands: 95 % bootstrap intervals over runs.${hidden ? ` ${hidden} values of the axis are not shown.` : ""}`;
  }

  if (figure) {
    const view = figure.querySelector(".view");
    view.after(element("p", { class: "readout", "aria-live": "polite", text: "Point at a curve, or move along it with the arrow keys, to read it." }));
    if (campaign.curves.length > 1) {
      const options = campaign.curves.map((curves, at) => [String(at), campaign.axes[curves.axis].key]);
      const controls = figure.querySelector(".controls");
      controls.hidden = false;
      controls.append(choice("A curve for each", options, 0, (value) => { set = Number(value); draw(); }));
    }
    keepDrawn(view, draw);
  }
}
