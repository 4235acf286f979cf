// Round places on an axis.

// A step of 1, 2 or 5 times a power of ten that gives about `about` ticks on a length, and never more.
function roundStep(length, about) {
  const power = 10 ** Math.floor(Math.log10(length / about));
  return power * [1, 2, 5, 10].find((factor) => factor * power * about >= length * 0.999);
}

function ticksBetween(from, to, step) {
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => (first + at) * step);
}

// Ticks of time. Where they are close to each other, labels count from a rounder moment before all of them, which
// `base` names; otherwise it is empty.
function timeTicks(from, to, about) {
  const step = Math.max(1, roundStep(to - from, about));
  const [unit, name, outer] =
    step >= 1e9 ? [1e9, "s", null] : step >= 1e6 ? [1e6, "ms", 1e9] : step >= 1e3 ? [1e3, "µs", 1e6] : [1, "ns", 1e3];
  const isWhole = outer === null || (unit === 1e6 && step >= 1e8);
  const start = isWhole ? 0 : Math.floor(from / outer) * outer;
  const label = (at) => (isWhole ? momentTo(at, step) : `+${count((at - start) / unit)} ${name}`);
  const ticks = ticksBetween(from, to, step).map((at) => ({ at, label: label(at) }));
  return { ticks, base: isWhole ? "" : moment(start) };
}

// An axis of amounts from zero: its top and its ticks.
function amountTicks(most, about) {
  const top = most > 0 ? most : 1;
  const step = roundStep(top, about);
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  return { top: top * 1.06, ticks: ticksBetween(0, top, step).map((at) => ({ at, label: at.toFixed(digits) })) };
}
