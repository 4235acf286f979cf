// The CSV files beside a page: a second way to the same numbers.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

// RFC 4180: rows as objects by the names in the first line.
export function readCsv(file) {
  const text = readFileSync(file, "utf8");
  const rows = [[""]];
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const row = rows.at(-1);
    const letter = text[at];
    if (letter === '"' && isQuoted && text[at + 1] === '"') row[row.length - 1] += text[at++];
    else if (letter === '"') isQuoted = !isQuoted;
    else if (letter === "," && !isQuoted) row.push("");
    else if (letter === "\n" && !isQuoted) rows.push([""]);
    else row[row.length - 1] += letter;
  }
  const [names, ...values] = rows.filter((row) => row.length > 1);
  return values.map((row) => Object.fromEntries(names.map((name, at) => [name, row[at]])));
}

// The messages of a report's space-time figures, as its page gives them. Of stretches that overlap each has all that was
// sent in the time they share, so the same row counts as often as it is in the one that has it most often.
export function messagesBeside(page) {
  const plots = join(dirname(page), "plots");
  const most = new Map();
  for (const name of readdirSync(plots).filter((name) => /^spacetime-\d+\.csv$/.test(name))) {
    const here = new Map();
    for (const row of readCsv(join(plots, name))) {
      const key = JSON.stringify(row);
      here.set(key, (here.get(key) ?? 0) + 1);
    }
    for (const [key, times] of here) most.set(key, Math.max(times, most.get(key) ?? 0));
  }
  return [...most].flatMap(([key, times]) => Array.from({ length: times }, () => message(JSON.parse(key))));
}

function message(row) {
  return {
    from: Number(row.from),
    to: Number(row.to),
    sent: Number(row.sent_ns),
    received: row.received_ns === "" ? null : Number(row.received_ns),
    kind: row.kind,
    label: row.label,
    fault: row.fault === "" ? null : row.fault,
  };
}

// Happened-before by its definition, message by message: which of them were received before `chosen` was sent, at its
// sender or at the sender of another that is among them. As slow as it is simple.
export function pastOf(messages, chosen) {
  const past = new Set();
  const open = [{ node: messages[chosen].from, at: messages[chosen].sent }];
  while (open.length > 0) {
    const { node, at } = open.pop();
    messages.forEach((message, place) => {
      const isBefore = message.to === node && message.received !== null && message.received <= at;
      if (!isBefore || past.has(place) || place === chosen) return;
      past.add(place);
      open.push({ node: message.from, at: message.sent });
    });
  }
  return past;
}

// The other way: which were sent after `chosen` was received, at its receiver or at the receiver of another of them.
// A lost one is among them, and nothing follows from it.
export function futureOf(messages, chosen) {
  const future = new Set();
  if (messages[chosen].received === null) return future;
  const open = [{ node: messages[chosen].to, at: messages[chosen].received }];
  while (open.length > 0) {
    const { node, at } = open.pop();
    messages.forEach((message, place) => {
      if (message.from !== node || message.sent < at || future.has(place) || place === chosen) return;
      future.add(place);
      if (message.received !== null) open.push({ node: message.to, at: message.received });
    });
  }
  return future;
}
