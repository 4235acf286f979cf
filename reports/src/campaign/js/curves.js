"use strict";
// Any measure along any axis, one line for each value of another: the explorer.
{
  const box = document.getElementById("explorer");
  const figure = document.getElementById("explore");
  const MOST_LINES = 7;
  const HINT = "Point at a mark, or move among marks with the arrow keys, to read it.";

  function start() {
    const axes = campaign.axes.map((_, at) => at);
    const numeric = axes.filter((at) => campaign.axes[at].numbers);
    const nodes = axes.find((at) => campaign.axes[at].key === "nodes");
    const x = nodes ?? numeric[0] ?? campaign.view.x;
    const engine = axes.find((at) => campaign.axes[at].key === "engine" && at !== x);
    const series = engine ?? axes.find((at) => at !== x) ?? null;
    return { quantity: campaign.quantity, x, series, filters: {}, logX: false, logY: false };
  }

  let state = box ? start() : null;

  function horizontal(axis, logarithmic) {
    const { values, numbers, key } = campaign.axes[axis];
    if (!numbers) {
      const place = (at) => (at + 0.5) / values.length;
      return { title: key, of: (at) => at, place, ticks: values.map((value, at) => [place(at), value]) };
    }
    const log = logarithmic && numbers.every((number) => number > 0);
    const shown = (number) => (log ? Math.log10(number) : number);
    const [lo, hi] = [shown(Math.min(...numbers)), shown(Math.max(...numbers))];
    const margin = (hi - lo || 1) * 0.04;
    const place = (number) => (shown(number) - lo + margin) / (hi - lo + 2 * margin);
    const title = log ? `${key} (logarithmic)` : key;
    return { title, of: (at) => numbers[at], place, ticks: values.map((value, at) => [place(numbers[at]), value]) };
  }

  function draw() {
    const { quantity, x, series, filters, logX, logY } = state;
    const { name, unit } = campaign.quantities[quantity];
    const shown = [x, series].filter((axis) => axis !== null);
    const used = Object.fromEntries(Object.entries(filters).filter(([axis]) => !shown.includes(Number(axis))));
    const points = chosenPoints(used);
    const scale = horizontal(x, logX);
    const places = series === null ? [null] : evenly(campaign.axes[series].values.length, MOST_LINES);
    const lines = places.map((place) => {
      const mine = series === null ? points : points.filter(([at]) => at[series] === place);
      const groups = grouped(mine, (at) => at[x]);
      const marks = [...groups.keys()].sort((a, b) => scale.of(a) - scale.of(b)).flatMap((at) => {
        const cell = fold(groups.get(at), quantity);
        const words = `${campaign.axes[x].key} ${campaign.axes[x].values[at]}. ${describe(quantity, cell)}.`;
        return cell.estimate ? [{ x: scale.of(at), y: cell.estimate, words }] : [];
      });
      const lineName = series === null ? "" : campaign.axes[series].values[place];
      return { name: lineName, marks, look: campaign.axes[x].numbers ? "bars" : "dots" };
    });
    if (!campaign.axes[x].numbers) {
      // Values beside each other that have no size: dots stand side by side.
      lines.forEach((line, number) => line.marks.forEach((mark) => (mark.x += (number - (lines.length - 1) / 2) * Math.min(0.12, 0.6 / lines.length))));
    }
    const values = lines.flatMap((line) => line.marks.flatMap((mark) => [mark.y.lo, mark.y.hi]));
    const title = `${name} along ${campaign.axes[x].key}`;
    const logarithmic = logY && values.some((value) => value > 0);
    const y = { ...valueScale(values, unit, logarithmic), title: logarithmic ? `${name} (logarithmic)` : name };
    const readout = figure.querySelector(".readout");
    drawChart(figure.querySelector(".view"), readout, { label: title, x: scale, y, lines });
    figure.querySelector(".title").textContent = title;
    const runs = points.reduce((sum, [, tally]) => sum + tally[0] + tally[1] + tally[2] + tally[3], 0);
    const hidden = series === null ? 0 : campaign.axes[series].values.length - places.length;
    figure.querySelector(".caption").textContent =
      `${captionWords(quantity, shown, used, runs)}.` + (hidden ? ` ${hidden} values of ${campaign.axes[series].key} have no line.` : "");
  }

  function choose(change) {
    const before = state;
    state = { ...state, ...change };
    if (state.series === state.x) {
      if ("x" in change) state.series = before.x === state.x ? null : before.x;
      else state.x = before.series ?? state.x;
    }
    figure.querySelector(".readout").textContent = HINT;
    controls();
    draw();
  }

  function controls() {
    const axes = campaign.axes.map((_, at) => at);
    const focused = document.activeElement?.closest?.("#explore .controls label");
    const place = focused ? [...focused.parentNode.children].indexOf(focused) : -1;
    const made = [
      choice("Measure", quantityOptions(), state.quantity, (value) => choose({ quantity: Number(value) })),
      choice("Along", axisOptions(axes), state.x, (value) => choose({ x: Number(value) })),
    ];
    if (axes.length > 1) {
      made.push(choice("A line for each", axisOptions(axes, "nothing"), state.series ?? "", (value) => choose({ series: value === "" ? null : Number(value) })));
    }
    made.push(...filterChoices([state.x, state.series], state.filters, (filters) => choose({ filters })));
    made.push(tick("log across", state.logX, (logX) => choose({ logX })), tick("log up", state.logY, (logY) => choose({ logY })));
    const bar = figure.querySelector(".controls");
    bar.replaceChildren(...made);
    bar.children[place]?.querySelector("select, input")?.focus();
  }

  if (box) {
    box.hidden = false;
    figure.querySelector(".controls").hidden = false;
    const readout = figure.querySelector(".readout");
    readout.hidden = false;
    readout.textContent = HINT;
    controls();
    keepDrawn(figure.querySelector(".view"), draw);
  }
}
