// Numbers, spans and moments as a reader sees them: the same words as in the tables, which text.rs writes.

function count(number) {
  return Math.round(number).toLocaleString("en-US");
}

function plural(number, one, many) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

function threeDigits(value) {
  const text = value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
  return text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
}

// A length of time, from nanoseconds.
function span(ns) {
  if (ns < 1e3) return `${Math.round(ns)} ns`;
  if (ns < 999_500) return `${threeDigits(ns / 1e3)} µs`;
  if (ns < 999_500_000) return `${threeDigits(ns / 1e6)} ms`;
  if (ns < 120e9) return `${threeDigits(ns / 1e9)} s`;
  if (ns < 7200e9) return `${Math.floor(ns / 60e9)} min ${Math.floor(ns / 1e9) % 60} s`;
  return `${Math.floor(ns / 3600e9)} h ${Math.floor(ns / 60e9) % 60} min`;
}

// A moment of the run in seconds, to the nanosecond, with no digit more than it needs.
function moment(ns) {
  return momentTo(ns, 1);
}

// The same, rounded to a power of ten of nanoseconds that `about` is at least.
function momentTo(ns, about) {
  const digits = Math.max(0, 9 - Math.max(0, Math.floor(Math.log10(about))));
  const unit = 10 ** (9 - digits);
  const whole = Math.round(ns / unit) * unit;
  const seconds = Math.floor(whole / 1e9);
  const rest = String(whole - seconds * 1e9).padStart(9, "0").slice(0, digits).replace(/0+$/, "");
  return rest === "" ? `${seconds} s` : `${seconds}.${rest} s`;
}

// The most usual marks for node numbers: "0-3, 7". Gives the numbers, or null where the text is none.
function readNodes(text, nodes) {
  const chosen = new Set();
  for (const part of text.split(",").map((each) => each.trim()).filter((each) => each !== "")) {
    const match = /^(\d+)(?:\s*[-–]\s*(\d+))?$/.exec(part);
    if (match === null) return null;
    const [from, to] = [Number(match[1]), Number(match[2] ?? match[1])];
    if (from > to || to >= nodes) return null;
    for (let node = from; node <= to; node++) chosen.add(node);
  }
  return chosen;
}
