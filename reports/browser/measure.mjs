// How long a page takes to show and to move: node measure.mjs report.html [RUNS]

import { statSync } from "node:fs";
import { resolve } from "node:path";
import { launch, open } from "./browser.mjs";

const [file, runs = "7"] = process.argv.slice(2);
const middle = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const rows = [];
for (let run = 0; run < Number(runs); run++) {
  // A browser of its own: nothing is warm.
  const browser = await launch();
  const { page, told, close } = await open(browser, resolve(file));
  await page.waitForSelector("#explorer[data-ready]", { timeout: 120_000 });
  const times = await page.evaluate(async () => {
    const painted = performance.getEntriesByName("first-contentful-paint")[0].startTime;
    const ready = performance.now();
    bitcraps.diagram.panel.element.scrollIntoView();
    const { view } = bitcraps;
    // Pans in steps as long as a hundredth of what is seen, at three depths of zoom.
    const redraw = {};
    for (const share of [1, 0.1, 0.001]) {
      const length = view.end * share;
      const took = [];
      for (let step = 0; step < 60; step++) {
        const from = Math.min(view.end * 0.3 + step * length * 0.01, view.end - length);
        view.set(from, from + length);
        const started = performance.now();
        bitcraps.paint();
        // Reading a pixel back makes the browser finish what it only noted.
        bitcraps.diagram.panel.g.getImageData(0, 0, 1, 1);
        took.push(performance.now() - started);
        await new Promise((done) => requestAnimationFrame(done));
      }
      redraw[share] = took.sort((a, b) => a - b)[took.length >> 1];
    }
    const started = performance.now();
    bitcraps.select({ message: bitcraps.film.rows >> 1 });
    return { painted, ready, redraw, firstCone: performance.now() - started, messages: bitcraps.film.rows };
  });
  if (told.problems.length > 0) console.log(told.problems.join("\n"));
  rows.push(times);
  await close();
  await browser.close();
}
const ms = (pick) => `${middle(rows.map(pick)).toFixed(1)} ms`;
console.log(`${file}: ${statSync(file).size} bytes, ${rows[0].messages} messages; medians of ${rows.length} runs`);
console.log(`first contentful paint ${ms((row) => row.painted)}`);
console.log(`messages unpacked, all drawn ${ms((row) => row.ready)}`);
for (const share of ["1", "0.1", "0.001"]) {
  console.log(`redraw while panning, ${share} of the run in view: ${ms((row) => row.redraw[share])}`);
}
console.log(`past and future of a message, the first time: ${ms((row) => row.firstCone)}`);
