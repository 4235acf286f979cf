// A headless Chromium, and pages in it that tell what they did wrong.

import { pathToFileURL } from "node:url";
import axe from "axe-core";
import { chromium } from "playwright-core";

// CHROMIUM: the browser's program.
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

// Opens a file. `told.problems` fills with errors and with requests beyond the file itself, as long as it is open.
export async function open(browser, file, { width = 1280, dark = false, before = null } = {}) {
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme: dark ? "dark" : "light",
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  const told = { problems: [] };
  const url = pathToFileURL(file).href;
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) told.problems.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => told.problems.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (request.url() !== url) told.problems.push(`request: ${request.url()}`);
  });
  if (before !== null) await page.addInitScript(before);
  await page.goto(url);
  return { page, told, close: () => context.close() };
}

// What axe finds that is serious or critical, each as a line.
export async function barriers(page) {
  // The page's policy forbids scripts from elsewhere, so axe comes in through the debugger.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  return grave.map(({ id, help, nodes }) => `${id}: ${help} (${nodes.map((node) => node.target).join(", ")})`);
}
