// Checks report pages in a headless browser: node pages.mjs report.html …

import { resolve } from "node:path";
import { launch } from "./browser.mjs";
import { checkRun } from "./run.mjs";

const files = process.argv.slice(2).map((file) => resolve(file));
if (files.length === 0) {
  console.error("give the pages to check: node pages.mjs report.html …");
  process.exit(64);
}
const browser = await launch();
let failed = 0;
for (const file of files) {
  try {
    await checkRun(browser, file);
    console.log(`ok    ${file}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${file}\n      ${error.message}`);
  }
}
await browser.close();
process.exit(failed > 0 ? 1 : 0);
