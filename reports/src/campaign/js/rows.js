"use strict";
// The table of runs: sorted by any column, filtered by words and by verdict.
{
  const table = document.getElementById("row-table");

  function sortable() {
    const body = table.tBodies[0];
    [...table.tHead.rows[0].cells].forEach((heading, column) => {
      const button = element("button", { type: "button", text: heading.textContent });
      heading.replaceChildren(button);
      button.addEventListener("click", () => {
        const rising = heading.getAttribute("aria-sort") !== "ascending";
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        heading.setAttribute("aria-sort", rising ? "ascending" : "descending");
        const order = [...body.rows].sort((a, b) => compare(a.cells[column], b.cells[column]) * (rising ? 1 : -1));
        body.append(...order);
      });
    });
  }

  function compare(a, b) {
    if (a.dataset.v !== undefined) return Number(a.dataset.v) - Number(b.dataset.v);
    return a.textContent.localeCompare(b.textContent, "en", { numeric: true });
  }

  function filterable() {
    const rows = [...table.tBodies[0].rows].map((row) => ({ row, words: row.textContent.toLowerCase(), verdict: row.cells[0].textContent }));
    const found = element("span", { class: "pages", "aria-live": "polite" });
    const search = element("input", { type: "search", placeholder: "scenario, engine, property …" });
    let verdict = "";
    const filter = () => {
      const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const each of rows) {
        const fits = (verdict === "" || each.verdict === verdict) && wanted.every((word) => each.words.includes(word));
        each.row.hidden = !fits;
        if (fits) shown += 1;
      }
      found.textContent = `${grouped3(shown)} of ${grouped3(rows.length)} listed`;
    };
    search.addEventListener("input", filter);
    const verdicts = [...new Set(rows.map((each) => each.verdict))].map((each) => [each, each]);
    const controls = document.getElementById("row-controls");
    controls.append(
      element("label", {}, ["Containing", search]),
      choice("Verdict", [["", "all"], ...verdicts], "", (value) => { verdict = value; filter(); }),
      found,
    );
    controls.hidden = false;
    filter();
  }

  if (table) {
    sortable();
    filterable();
  }
}
