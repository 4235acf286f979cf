"use strict";
// What the page carries of each point, and how points are folded into cells. The rules are those of fold.rs, and
// numbers are written as measure.rs writes them, so that a chosen view and a printed one say the same.
const campaign = JSON.parse(document.getElementById("campaign").textContent);

const FAILURES = campaign.quantities.findIndex((quantity) => quantity.key === "failure_rate");

// The points that have the chosen value on each filtered axis; `filters` maps axes to places or "".
function chosenPoints(filters) {
  const wanted = Object.entries(filters).filter(([, value]) => value !== "").map(([axis, value]) => [Number(axis), Number(value)]);
  return campaign.points.filter(([at]) => wanted.every(([axis, value]) => at[axis] === value));
}

// Points by the key that `keyOf` gives for their places.
function grouped(points, keyOf) {
  const groups = new Map();
  for (const point of points) {
    const key = keyOf(point[0]);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(point);
  }
  return groups;
}

// Wilson's score interval.
function wilson(hits, trials) {
  if (trials === 0) return null;
  const z = 1.959963984540054, value = hits / trials, square = z * z;
  const middle = (value + square / (2 * trials)) / (1 + square / trials);
  const reach = (z / (1 + square / trials)) * Math.sqrt((value * (1 - value)) / trials + square / (4 * trials * trials));
  return { value, lo: Math.max(0, Math.min(value, middle - reach)), hi: Math.min(1, Math.max(value, middle + reach)) };
}

// The mean of independent estimates with the interval that follows from theirs.
function meanOf(estimates) {
  if (estimates.length === 0) return null;
  const count = estimates.length;
  const value = estimates.reduce((sum, each) => sum + each[0], 0) / count;
  const reach = (side) => Math.sqrt(estimates.reduce((sum, each) => sum + (each[0] - each[side]) ** 2, 0)) / count;
  return { value, lo: value - reach(1), hi: value + reach(2) };
}

// Some points as one number: its estimate (or null), the points and runs that have it, and all runs.
function fold(points, quantity) {
  const tally = [0, 0, 0, 0];
  for (const [, verdicts] of points) verdicts.forEach((runs, at) => (tally[at] += runs));
  const all = tally[0] + tally[1] + tally[2] + tally[3];
  const failed = tally[1] + tally[3];
  if (quantity === FAILURES) return { estimate: wilson(failed, all), points: points.length, runs: all, all, failed };
  const measured = points.map((point) => point[2][quantity]).filter((each) => each !== 0);
  const runs = measured.reduce((sum, each) => sum + each[3], 0);
  return { estimate: meanOf(measured), points: measured.length, runs, all, failed };
}

// An even choice of at most so many of 0..length.
function evenly(length, most) {
  const chosen = Math.min(length, most);
  return Array.from({ length: chosen }, (_, at) => Math.floor((at * length) / chosen));
}

function grouped3(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}

function trimmed(fixed) {
  return fixed.includes(".") ? fixed.replace(/0+$/, "").replace(/\.$/, "") : fixed;
}

function significant(value) {
  const size = Math.abs(value), sign = value < 0 ? "−" : "";
  if (size >= 999.5) return sign + grouped3(Math.round(size));
  const before = size > 0 ? Math.floor(Math.log10(size)) : 0;
  const short = trimmed(size.toFixed(Math.min(9, Math.max(0, 2 - before))));
  return short === "0" ? short : sign + short;
}

function hundredths(percent) {
  const size = Math.abs(percent);
  if (size > 0 && size < 0.005) return percent > 0 ? "<0.01" : ">−0.01";
  return significant(size < 10 ? Math.round(percent * 100) / 100 : percent);
}

function threeDigits(value) {
  return trimmed(value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0));
}

function span(ns) {
  if (ns < 1e3) return `${ns} ns`;
  if (ns < 999_500) return `${threeDigits(ns / 1e3)} µs`;
  if (ns < 999_500_000) return `${threeDigits(ns / 1e6)} ms`;
  if (ns < 120e9) return `${threeDigits(ns / 1e9)} s`;
  const seconds = Math.floor(ns / 1e9), minutes = Math.floor(seconds / 60);
  return seconds < 7200 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function show(unit, value) {
  if (unit === "ns") return value < 0 ? `−${span(Math.round(-value))}` : span(Math.round(value));
  if (unit === "/s") return `${significant(value)}/s`;
  return unit === "%" ? `${hundredths(value * 100)} %` : significant(value);
}

// Two numbers as an interval; the unit is written once if it is the same.
function showRange(unit, lo, hi) {
  const [low, high] = [show(unit, lo), show(unit, hi)];
  const [cutLow, cutHigh] = [low.search(/[ /]/), high.search(/[ /]/)];
  const same = cutLow >= 0 && cutHigh >= 0 && low.slice(cutLow) === high.slice(cutHigh);
  return `${same ? low.slice(0, cutLow) : low}–${high}`;
}

// A cell in a sentence.
function describe(quantity, cell) {
  const { name, unit } = campaign.quantities[quantity];
  if (!cell.estimate) return `${name}: none; ${cell.failed} of ${grouped3(cell.all)} runs failed`;
  const { value, lo, hi } = cell.estimate;
  const points = cell.points === 1 ? "" : `, ${grouped3(cell.points)} points`;
  return `${name}: ${show(unit, value)} (95 %: ${showRange(unit, lo, hi)}); ${grouped3(cell.runs)} runs${points}, ${cell.failed} failed`;
}
