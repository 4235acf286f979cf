// What the page of a run must do, in a browser. Each check fails with a sentence.

import assert from "node:assert/strict";
import { barriers, open } from "./browser.mjs";
import { futureOf, messagesBeside, pastOf } from "./csv.mjs";

const READY = "#explorer[data-ready]";
const WIDTHS = [1280, 390];
// Of more messages the definition takes too long.
const MOST_FOR_DEFINITION = 12_000;

export async function checkRun(browser, file) {
  await forEveryReader(browser, file);
  await withoutDecompression(browser, file);
  const { page, told, close } = await open(browser, file);
  await page.waitForSelector(READY);
  const messages = await theMessagesAreThoseOfTheCsv(page, file);
  await pastAndFutureAreWhatTheDefinitionSays(page, messages);
  await zooming(page);
  await pointing(page, messages);
  await selecting(page, messages);
  await tablesLead(page);
  await onPaper(page);
  assert.deepEqual(told.problems, [], "the page complained or asked the network");
  await close();
}

async function forEveryReader(browser, file) {
  for (const width of WIDTHS) {
    for (const dark of [false, true]) {
      const { page, told, close } = await open(browser, file, { width, dark });
      await page.waitForSelector(READY);
      await page.evaluate(() => bitcraps.step(1));
      await page.click(".inview summary");
      const found = await barriers(page);
      assert.deepEqual(found, [], `axe at ${width} px, ${dark ? "dark" : "light"}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `the page is ${wide} px wide on ${width} px`);
      assert.deepEqual(told.problems, [], `problems at ${width} px`);
      await close();
    }
  }
}

async function withoutDecompression(browser, file) {
  const { page, close } = await open(browser, file, { before: "delete globalThis.DecompressionStream" });
  await page.waitForFunction(() => document.getElementById("timeline-note").textContent.includes("DecompressionStream"));
  assert.ok(await page.isVisible("figure#latency svg"), "the drawn figures are there without the time line");
  await close();
}

// Gives the messages, in the page's order.
async function theMessagesAreThoseOfTheCsv(page, file) {
  const unpacked = await page.evaluate(() => Array.from({ length: bitcraps.film.rows }, (_, at) => bitcraps.film.message(at)));
  const messages = unpacked.map(({ at, ...message }) => message);
  assert.ok(messages.every(({ sent }, at) => at === 0 || messages[at - 1].sent <= sent), "in order of sending");
  const asLines = (list) => list.map(({ from, to, ...rest }) => JSON.stringify({ from, to, ...rest })).sort();
  const [seen, wanted] = [asLines(messages), asLines(messagesBeside(file))];
  assert.equal(seen.length, wanted.length, "as many messages as in the CSV files");
  seen.forEach((line, at) => assert.equal(line, wanted[at]));
  return messages;
}

async function pastAndFutureAreWhatTheDefinitionSays(page, messages) {
  if (messages.length > MOST_FOR_DEFINITION) return;
  for (let chosen = 0; chosen < messages.length; chosen += Math.ceil(messages.length / 12)) {
    const { filmed, ...cone } = await page.evaluate((message) => {
      bitcraps.select({ message });
      const { cone } = bitcraps.chosen;
      const places = Array.from({ length: bitcraps.film.rows }, (_, at) => at);
      const past = places.filter((at) => cone.isPast(at));
      return { filmed: cone.filmed, past, future: places.filter((at) => cone.isFuture(at)) };
    }, chosen);
    // What is known without a gap.
    const known = (at) => filmed.from <= messages[at].sent && messages[at].sent <= filmed.to;
    const inOrder = (set) => [...set].filter(known).sort((a, b) => a - b);
    assert.deepEqual(cone.past.filter(known), inOrder(pastOf(messages, chosen)), `the past of message ${chosen}`);
    assert.deepEqual(cone.future.filter(known), inOrder(futureOf(messages, chosen)), `the future of message ${chosen}`);
  }
  await page.evaluate(() => bitcraps.select(null));
}

const view = (page) => page.evaluate(() => ({ from: bitcraps.view.from, to: bitcraps.view.to, end: bitcraps.view.end }));
// Two frames: one in which what was asked for is drawn, one that shows it was.
const settle = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

async function zooming(page) {
  await page.evaluate(() => bitcraps.view.set(0, bitcraps.view.end));
  const chart = page.locator(".panel.latency canvas");
  await chart.scrollIntoViewIfNeeded();
  const box = await chart.boundingBox();
  const { end } = await view(page);
  const [from, to] = await page.evaluate(() => [bitcraps.panels[1].x(bitcraps.view.end * 0.25), bitcraps.panels[1].x(bitcraps.view.end * 0.5)]);
  await page.mouse.move(box.x + from, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + to, box.y + 80, { steps: 4 });
  await page.mouse.up();
  await settle(page);
  const dragged = await view(page);
  assert.ok(Math.abs(dragged.from / end - 0.25) < 0.01 && Math.abs(dragged.to / end - 0.5) < 0.01, `dragging selects: ${JSON.stringify(dragged)}`);
  await page.mouse.wheel(0, -200);
  await settle(page);
  const wheeled = await view(page);
  assert.ok(wheeled.to - wheeled.from < (dragged.to - dragged.from) * 0.9, "the wheel zooms a focused time line");
  await page.locator(".stack").focus();
  await page.keyboard.press("ArrowRight");
  await settle(page);
  assert.ok((await view(page)).from > wheeled.from, "an arrow key moves");
  await page.keyboard.press("0");
  await settle(page);
  assert.deepEqual(await view(page), { from: 0, to: end, end }, "0 shows the whole run");
  await page.keyboard.press("+");
  await settle(page);
  await chart.dblclick({ position: { x: 300, y: 40 } });
  await settle(page);
  assert.deepEqual(await view(page), { from: 0, to: end, end }, "a double click shows the whole run");
}

// The page's own place of a message's middle, on the screen.
async function middleOf(page, at) {
  await page.evaluate((at) => {
    const { sent, ends } = bitcraps.film;
    bitcraps.view.set(sent[at] - 2e6, ends[at] + 2e6);
    bitcraps.diagram.panel.element.scrollIntoView({ block: "end" });
  }, at);
  await settle(page);
  return page.evaluate((at) => {
    const { x1, y1, x2, y2 } = bitcraps.diagram.line(at);
    const box = bitcraps.diagram.panel.canvas.getBoundingClientRect();
    return { x: box.left + (x1 + x2) / 2, y: box.top + (y1 + y2) / 2, nearest: bitcraps.diagram.messageAt((x1 + x2) / 2, (y1 + y2) / 2) };
  }, at);
}

async function pointing(page, messages) {
  const lost = messages.findIndex((message) => message.received === null && message.fault !== null);
  for (const at of [0, lost].filter((at) => at >= 0)) {
    const { x, y, nearest } = await middleOf(page, at);
    const { kind, from, to, received } = messages[nearest];
    await page.mouse.move(x, y);
    const tip = await page.textContent(".tip");
    assert.ok(tip.includes(kind) && tip.includes(`node ${from} → node ${to}`), `the tip says "${tip}"`);
    assert.equal(tip.includes("lost"), received === null, `the tip says "${tip}"`);
  }
}

async function selecting(page, messages) {
  const { x, y, nearest } = await middleOf(page, 3);
  await page.mouse.click(x, y);
  const said = await page.textContent(".reader");
  assert.ok(said.includes(messages[nearest].kind) && said.includes("Causal past"), `a click reads: "${said}"`);
  await page.keyboard.press("n");
  assert.equal(await page.evaluate(() => bitcraps.chosen.cone.message), nearest + 1, "N selects the next");
  const spoken = await page.textContent(".unseen[role=status]");
  assert.ok(spoken.includes("led to it"), `what is read aloud: "${spoken}"`);
  await page.keyboard.press("Escape");
  assert.equal(await page.evaluate(() => bitcraps.chosen.cone), null, "Escape clears");
}

async function tablesLead(page) {
  const link = page.locator("a.go").last();
  const { from, to } = await link.evaluate((a) => ({ from: Number(a.dataset.from), to: Number(a.dataset.to) }));
  await link.click();
  await settle(page);
  const seen = await view(page);
  assert.ok(seen.from <= from && Math.min(to, seen.end) <= seen.to, `a fault's time leads there: ${JSON.stringify(seen)}`);
}

async function onPaper(page) {
  await page.emulateMedia({ media: "print" });
  assert.ok(!(await page.isVisible("#explorer")), "the time line is not printed");
  assert.ok(await page.isVisible("figure#latency svg"), "the drawn figures are printed");
  await page.emulateMedia({ media: "screen" });
}
