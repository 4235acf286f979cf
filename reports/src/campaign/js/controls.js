"use strict";
// What the reader chooses with, made the same everywhere.

// An element with properties and children.
function element(name, properties = {}, children = []) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key === "text") made.textContent = value;
    else if (value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

// A labelled choice among [value, words] pairs.
function choice(label, options, value, changed) {
  const select = element("select");
  for (const [key, words] of options) select.append(element("option", { value: key, text: words }));
  select.value = String(value);
  select.addEventListener("change", () => changed(select.value));
  return element("label", {}, [label, select]);
}

// A labelled tick.
function tick(label, on, changed) {
  const box = element("input", { type: "checkbox" });
  box.checked = on;
  box.addEventListener("change", () => changed(box.checked));
  return element("label", { class: "tick" }, [box, label]);
}

function axisOptions(axes, none) {
  const options = axes.map((at) => [String(at), campaign.axes[at].key]);
  return none === undefined ? options : [["", none], ...options];
}

function quantityOptions() {
  return campaign.quantities.map((quantity, at) => [String(at), quantity.name]);
}

// A choice for each axis that is not shown: all of its values, or one.
function filterChoices(shownAxes, filters, changed) {
  return campaign.axes.flatMap((axis, at) => {
    if (shownAxes.includes(at)) return [];
    const options = [["", "all"], ...axis.values.map((value, place) => [String(place), value])];
    return [choice(axis.key, options, filters[at] ?? "", (value) => changed({ ...filters, [at]: value }))];
  });
}

// The filters in words, and what is folded away.
function filterWords(shownAxes, filters) {
  const words = { fixed: [], folded: [] };
  campaign.axes.forEach((axis, at) => {
    if (shownAxes.includes(at)) return;
    const value = filters[at] ?? "";
    if (value === "") words.folded.push(axis.key);
    else words.fixed.push(`${axis.key} ${axis.values[Number(value)]}`);
  });
  return words;
}

// What is shown, how it came about, and of how many runs.
function captionWords(quantity, shownAxes, filters, runs) {
  const { fixed, folded } = filterWords(shownAxes, filters);
  const where = fixed.length ? ` Only ${fixed.join(", ")}.` : "";
  const over = folded.length ? ` over all values of ${folded.join(", ")}` : "";
  let what = "Median over the runs, with its 95 % bootstrap interval.";
  if (quantity === FAILURES) what = `Share of the runs that failed (violated or diverged)${over}, with Wilson's 95 % interval.`;
  else if (folded.length) what = `Mean of the points' medians${over}, with its 95 % interval from theirs.`;
  return `${what}${where} n = ${grouped3(runs)} ${runs === 1 ? "run" : "runs"}`;
}
