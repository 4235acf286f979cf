// Happened-before (Lamport 1978): at a node, what came earlier; and a message's sending before its receipt.
//
// The past of an event is told by one time for each node: all that happened there up to then is in it. So one scan
// backwards over the receipts finds it, and likewise one forwards over the sendings the future. At one instant a node
// receives before it sends, since in virtual time answering takes none; what it sent first counts as if it had not.
// A node's line goes on through a crash: what was on its disk comes back.

// For each node the latest time in the past of what `node` does at `at`; -Infinity where nothing is. Receipts before
// `since` are not looked at.
function causalPast(film, nodes, node, at, since) {
  const past = new Float64Array(nodes).fill(-Infinity);
  past[node] = at;
  const { arrivals, sent, received, from, to } = film;
  let last = arrivals.length - 1;
  while (last >= 0 && received[arrivals[last]] > at) last--;
  while (last >= 0 && received[arrivals[last]] >= since) {
    const when = received[arrivals[last]];
    let first = last;
    while (first > 0 && received[arrivals[first - 1]] === when) first--;
    // Only a message that took no time can put another of the same instant into the past.
    for (let again = true; again; ) {
      again = false;
      for (let place = first; place <= last; place++) {
        const message = arrivals[place];
        if (when <= past[to[message]] && sent[message] > past[from[message]]) {
          past[from[message]] = sent[message];
          again ||= sent[message] === when;
        }
      }
    }
    last = first - 1;
  }
  return past;
}

// For each node the earliest time in the future of what `node` does at `at`; Infinity where nothing is. Sendings after
// `until` are not looked at.
function causalFuture(film, nodes, node, at, until) {
  const future = new Float64Array(nodes).fill(Infinity);
  future[node] = at;
  const { sent, received, from, to } = film;
  let first = below(sent, at);
  while (first < film.rows && sent[first] <= until) {
    const when = sent[first];
    let end = first;
    while (end < film.rows && sent[end] === when) end++;
    for (let again = true; again; ) {
      again = false;
      for (let message = first; message < end; message++) {
        if (when >= future[from[message]] && received[message] < future[to[message]]) {
          future[to[message]] = received[message];
          again ||= received[message] === when;
        }
      }
    }
    first = end;
  }
  return future;
}

// What led to a message's sending, or to a moment at a node, and what could follow.
class Cone {
  // `chosen`: { message } or { node, at }.
  constructor(film, nodes, chosen) {
    this.film = film;
    this.message = chosen.message ?? null;
    const isMessage = this.message !== null;
    this.begin = isMessage ? { node: film.from[this.message], at: film.sent[this.message] } : chosen;
    const isLost = isMessage && film.isLost(this.message);
    this.end = isMessage ? { node: film.to[this.message], at: film.received[this.message] } : chosen;
    this.filmed = film.coveredAround(this.begin.at) ?? { from: this.begin.at, to: this.begin.at };
    this.past = causalPast(film, nodes, this.begin.node, this.begin.at, this.filmed.from);
    this.future = isLost
      ? new Float64Array(nodes).fill(Infinity)
      : causalFuture(film, nodes, this.end.node, this.end.at, this.filmed.to);
  }

  // Whether a message's receipt led to the event. A lost one is received by nobody: comparisons with NaN are false.
  isPast(at) {
    return at !== this.message && this.film.received[at] <= this.past[this.film.to[at]];
  }

  // Whether a message's sending could follow from the event. It may have been lost then.
  isFuture(at) {
    return at !== this.message && this.film.sent[at] >= this.future[this.film.from[at]];
  }

  // How many messages are in the past and in the future, of what was filmed without a gap.
  counts() {
    const counts = { past: 0, future: 0 };
    const end = upTo(this.film.sent, this.filmed.to);
    for (let at = below(this.film.sent, this.filmed.from); at < end; at++) {
      if (this.isPast(at)) counts.past++;
      if (this.isFuture(at)) counts.future++;
    }
    return counts;
  }

  // The last message that the sender had received, and the first that the receiver sent then; null if none.
  get cause() {
    const { arrivals, received, to } = this.film;
    for (let place = arrivals.length - 1; place >= 0; place--) {
      const at = arrivals[place];
      if (received[at] < this.filmed.from) return null;
      if (received[at] <= this.begin.at && to[at] === this.begin.node && at !== this.message) return at;
    }
    return null;
  }

  get effect() {
    if (Number.isNaN(this.end.at)) return null;
    const { sent, from, rows } = this.film;
    for (let at = below(sent, this.end.at); at < rows && sent[at] <= this.filmed.to; at++) {
      if (from[at] === this.end.node && at !== this.message) return at;
    }
    return null;
  }
}
