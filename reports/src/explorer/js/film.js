// The messages of all stretches as one list in order of sending, with an index by time.

// Messages in a block of the index.
const BLOCK = 1024;
// How long a lost message is drawn to have been on its way where nothing arrived that could tell.
const USUAL_NS = 10e6;

class Film {
  constructor(stretches) {
    this.stretches = stretches;
    this.kinds = [];
    this.labels = [];
    this.faults = [];
    this.join(stretches);
    this.rows = this.sent.length;
    this.covered = covered(stretches);
    this.usual = this.usualDelay();
    this.index();
  }

  // A stretch is complete, so of two that overlap the longer gives the messages of the time they share.
  join(stretches) {
    const longest = [...stretches].sort((a, b) => b.to - b.from - (a.to - a.from));
    const parts = longest.map((stretch, rank) => {
      const taken = longest.slice(0, rank);
      const isTaken = (sent) => taken.some((other) => other.from <= sent && sent <= other.to);
      return { messages: stretch.messages, isTaken: taken.length > 0 ? isTaken : () => false };
    });
    const places = { kinds: new Map(), labels: new Map(), faults: new Map() };
    const place = (list, text) => {
      if (!places[list].has(text)) places[list].set(text, this[list].push(text) - 1);
      return places[list].get(text);
    };
    const most = parts.reduce((sum, part) => sum + part.messages.rows, 0);
    const all = {
      sent: new Float64Array(most),
      received: new Float64Array(most),
      from: new Uint16Array(most),
      to: new Uint16Array(most),
      kind: new Uint32Array(most),
      label: new Uint32Array(most),
      fault: new Uint32Array(most),
    };
    let rows = 0;
    let givers = 0;
    for (const { messages, isTaken } of parts) {
      const before = rows;
      const kinds = new Int32Array(messages.texts.length).fill(-1);
      const labels = new Int32Array(messages.texts.length).fill(-1);
      for (let row = 0; row < messages.rows; row++) {
        if (isTaken(messages.sent[row])) continue;
        const [kind, label, fault] = [messages.kind[row], messages.label[row], messages.fault[row]];
        if (kinds[kind] < 0) kinds[kind] = place("kinds", messages.texts[kind]);
        if (labels[label] < 0) labels[label] = place("labels", messages.texts[label]);
        all.sent[rows] = messages.sent[row];
        all.received[rows] = messages.received[row];
        all.from[rows] = messages.from[row];
        all.to[rows] = messages.to[row];
        all.kind[rows] = kinds[kind];
        all.label[rows] = labels[label];
        all.fault[rows] = fault === 0 ? 0 : place("faults", messages.texts[fault - 1]) + 1;
        rows++;
      }
      if (rows > before) givers++;
    }
    const order = givers > 1 ? ascending(all.sent.subarray(0, rows)) : null;
    for (const [name, column] of Object.entries(all)) {
      this[name] = order === null ? column.subarray(0, rows) : picked(column, order);
    }
  }

  usualDelay() {
    const delays = [];
    const step = Math.max(1, Math.floor(this.rows / 10_000));
    for (let at = 0; at < this.rows; at += step) {
      if (!this.isLost(at)) delays.push(this.received[at] - this.sent[at]);
    }
    delays.sort((a, b) => a - b);
    return delays[delays.length >> 1] || USUAL_NS;
  }

  // For each message when its line ends, and for each block of messages when the last of their lines does.
  index() {
    this.ends = new Float64Array(this.rows);
    this.latest = new Float64Array(Math.ceil(this.rows / BLOCK)).fill(-Infinity);
    for (let at = 0; at < this.rows; at++) {
      const end = this.isLost(at) ? this.sent[at] + this.usual : this.received[at];
      this.ends[at] = end;
      const block = Math.floor(at / BLOCK);
      if (end > this.latest[block]) this.latest[block] = end;
    }
  }

  // Calls `visit` with each message whose line lies at least partly between two times, until it returns false.
  each(fromNs, toNs, visit) {
    const end = upTo(this.sent, toNs);
    for (let block = 0; block * BLOCK < end; block++) {
      if (this.latest[block] < fromNs) continue;
      const last = Math.min(end, (block + 1) * BLOCK);
      for (let at = block * BLOCK; at < last; at++) {
        if (this.ends[at] >= fromNs && visit(at) === false) return;
      }
    }
  }

  isLost(at) {
    return Number.isNaN(this.received[at]);
  }

  // The messages that arrived, in order of arrival. Sorted when first wanted.
  get arrivals() {
    this.arrivalOrder ??= ascending(this.received);
    return this.arrivalOrder;
  }

  // The time that was filmed without a gap around a moment; null outside.
  coveredAround(ns) {
    return this.covered.find((part) => part.from <= ns && ns <= part.to) ?? null;
  }

  // One message in words and numbers, for readers and for the console.
  message(at) {
    const fault = this.fault[at];
    return {
      at,
      from: this.from[at],
      to: this.to[at],
      sent: this.sent[at],
      received: this.isLost(at) ? null : this.received[at],
      kind: this.kinds[this.kind[at]],
      label: this.labels[this.label[at]],
      fault: fault === 0 ? null : this.faults[fault - 1],
    };
  }
}

function picked(column, order) {
  const out = new column.constructor(order.length);
  for (let row = 0; row < order.length; row++) out[row] = column[order[row]];
  return out;
}

// The stretches as times without overlap.
function covered(stretches) {
  const parts = [];
  for (const { from, to } of [...stretches].sort((a, b) => a.from - b.from)) {
    const last = parts.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else parts.push({ from, to });
  }
  return parts;
}
