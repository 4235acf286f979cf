"use strict";
// The heat map of any two axes: the same table that the page came with, of what the reader chooses.
{
  const figure = document.getElementById("heatmap");
  const STEPS = 9, WIDE = 30, MOST = { columns: 12, rows: 24, panels: 6 };
  let state = { ...campaign.view, quantity: campaign.quantity, filters: {} };

  function shades(cells, unit) {
    const values = cells.map((cell) => cell.estimate?.value).filter((value) => value !== undefined);
    const lo = unit === "%" ? 0 : Math.min(...values), hi = Math.max(...values);
    const logarithmic = lo > 0 && hi > WIDE * lo;
    const place = (value) => (logarithmic ? Math.log(value) : value);
    const width = place(hi) - place(lo);
    const step = (value) => (width > 0 ? Math.min(STEPS - 1, Math.max(0, Math.floor(((place(value) - place(lo)) / width) * STEPS))) : 0);
    return { lo, hi, logarithmic, step, any: values.length > 0 };
  }

  function tableCell(cell, unit, scale) {
    if (!cell) return element("td", { class: "absent", text: "not run" });
    const lines = [];
    if (cell.estimate) lines.push(showRange(unit, cell.estimate.lo, cell.estimate.hi));
    if (cell.failed > 0) lines.push(`✗ ${grouped3(cell.failed)} of ${grouped3(cell.all)}`);
    if (cell.runs < campaign.few) lines.push(`n = ${cell.runs}`);
    const value = element("b", { text: cell.estimate ? show(unit, cell.estimate.value) : "–" });
    const step = cell.estimate ? `r${scale.step(cell.estimate.value)}` : "absent";
    return element("td", { class: step }, [value, ...lines.map((line) => element("small", { text: line }))]);
  }

  // Values of an axis that are shown; an axis that is not chosen has one place without a name.
  function places(axis, most) {
    return axis === null ? [null] : evenly(campaign.axes[axis].values.length, most);
  }

  function draw() {
    const { x, y, panel, quantity, filters } = state;
    const { unit, name } = campaign.quantities[quantity];
    const shown = [x, y, panel].filter((axis) => axis !== null);
    const used = Object.fromEntries(Object.entries(filters).filter(([axis]) => !shown.includes(Number(axis))));
    const points = chosenPoints(used);
    const at = (places, axis) => (axis === null ? "" : places[axis]);
    const cells = new Map();
    for (const [key, together] of grouped(points, (places) => [at(places, panel), at(places, y), at(places, x)].join("/"))) {
      cells.set(key, fold(together, quantity));
    }
    const scale = shades([...cells.values()], unit);
    const key = (axis) => campaign.axes[axis].key;
    const label = (axis, place) => (place === null ? "" : campaign.axes[axis].values[place]);
    const columns = places(x, MOST.columns), rows = places(y, MOST.rows);
    const title = `${name}, by ${key(x)}${y === null ? "" : ` and ${key(y)}`}`;
    const corner = y === null ? `${key(x)} →` : `${key(y)} ↓ ${key(x)} →`;
    const panels = element("div", { class: "panels" });
    for (const place of places(panel, MOST.panels)) {
      const panelName = panel === null ? name : `${key(panel)} ${label(panel, place)}`;
      const head = element("tr", {}, [
        element("th", { scope: "col", text: corner }),
        ...columns.map((column) => element("th", { scope: "col", text: label(x, column) })),
      ]);
      const body = rows.map((row) =>
        element("tr", {}, [
          element("th", { scope: "row", text: label(y, row) }),
          ...columns.map((column) => {
            const cell = cells.get([place ?? "", row ?? "", column].join("/"));
            const made = tableCell(cell, unit, scale);
            const where = [panel !== null && panelName, y !== null && `${key(y)} ${label(y, row)}`, `${key(x)} ${label(x, column)}`];
            made.dataset.words = `${where.filter(Boolean).join(", ")}. ${cell ? describe(quantity, cell) : "Not run"}.`;
            made.tabIndex = -1;
            return made;
          }),
        ]),
      );
      const table = element("table", { class: "heat" }, [
        element("caption", { text: panelName }),
        element("thead", {}, [head]),
        element("tbody", {}, body),
      ]);
      panels.append(element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${title}, ${panelName}` }, [table]));
    }
    const legend = element("p", { class: "legend" });
    if (scale.any) {
      legend.append(`${show(unit, scale.lo)} `, ...Array.from({ length: STEPS }, (_, step) => element("i", { class: `r${step}` })), ` ${show(unit, scale.hi)}`);
    }
    figure.querySelector(".view").replaceChildren(panels, legend);
    figure.querySelector(".title").textContent = title;
    const runs = points.reduce((sum, [, tally]) => sum + tally[0] + tally[1] + tally[2] + tally[3], 0);
    const hidden = [[x, columns], [y, rows]].reduce((sum, [axis, list]) => sum + (axis === null ? 0 : campaign.axes[axis].values.length - list.length), 0);
    figure.querySelector(".caption").textContent =
      `${captionWords(quantity, shown, used, runs)}; ✗: failed runs; n: fewer than ${campaign.few} runs.` +
      (scale.logarithmic ? " Shades are logarithmic." : "") +
      (hidden ? ` ${hidden} ${hidden === 1 ? "value" : "values"} of the axes are not shown; the CSV has all.` : "") +
      " The files are of the axes that the page opens with.";
    const first = panels.querySelector("td");
    if (first) first.tabIndex = 0;
  }

  function choose(change) {
    const next = { ...state, ...change };
    // An axis is used once: what is chosen anew takes it, and whoever had it gets what was there before.
    for (const role of ["x", "y", "panel"]) {
      for (const other of ["x", "y", "panel"]) {
        if (role in change && other !== role && next[other] === next[role] && next[role] !== null) next[other] = state[role];
      }
    }
    if (next.x === null) [next.x, next.y] = [next.y, null];
    state = next;
    controls();
    draw();
  }

  function controls() {
    const all = campaign.axes.map((_, at) => at);
    const few = all.filter((at) => campaign.axes[at].values.length <= MOST.panels);
    const number = (value) => (value === "" ? null : Number(value));
    const focused = document.activeElement?.closest?.("#heatmap .controls label");
    const place = focused ? [...focused.parentNode.children].indexOf(focused) : -1;
    const made = [
      choice("Measure", quantityOptions(), state.quantity, (value) => choose({ quantity: Number(value) })),
      choice("Across", axisOptions(all), state.x, (value) => choose({ x: Number(value) })),
    ];
    if (all.length > 1) made.push(choice("Down", axisOptions(all, "nothing"), state.y ?? "", (value) => choose({ y: number(value) })));
    if (all.length > 2) made.push(choice("Panels", axisOptions(few, "one"), state.panel ?? "", (value) => choose({ panel: number(value) })));
    made.push(...filterChoices([state.x, state.y, state.panel], state.filters, (filters) => choose({ filters })));
    const box = figure.querySelector(".controls");
    box.replaceChildren(...made);
    box.children[place]?.querySelector("select")?.focus();
  }

  // Read-out on hover, and by arrow keys from cell to cell.
  function readOut(cell) {
    const readout = figure.querySelector(".readout");
    readout.textContent = cell.dataset.words;
  }
  function listen() {
    const view = figure.querySelector(".view");
    view.addEventListener("pointerover", (event) => {
      const cell = event.target.closest("td[data-words]");
      if (cell) readOut(cell);
    });
    view.addEventListener("focusin", (event) => {
      if (event.target.matches("td[data-words]")) readOut(event.target);
    });
    view.addEventListener("keydown", (event) => {
      const cell = event.target.closest("td[data-words]");
      const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      if (!cell || !step) return;
      const rows = [...view.querySelectorAll("tbody tr")];
      const row = rows.indexOf(cell.parentNode) + step[0];
      const next = rows[row]?.children[cell.cellIndex + step[1]];
      if (!next?.matches("td")) return;
      event.preventDefault();
      cell.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
  }

  if (figure) {
    figure.querySelector(".controls").hidden = false;
    const readout = figure.querySelector(".readout");
    readout.hidden = false;
    readout.textContent = "Point at a cell, or move among cells with the arrow keys, to read it.";
    controls();
    draw();
    listen();
  }
}
