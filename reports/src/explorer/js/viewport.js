// The span of time that all panels show.

// The shortest span that can be shown.
const LEAST_NS = 1000;
const GLIDE_MS = 260;

class Viewport {
  constructor(end) {
    this.end = Math.max(end, LEAST_NS);
    this.from = 0;
    this.to = this.end;
    this.listeners = [];
  }

  get length() {
    return this.to - this.from;
  }

  get isWhole() {
    return this.from === 0 && this.to === this.end;
  }

  set(from, to) {
    this.glideId = null;
    this.place(from, to);
  }

  place(from, to) {
    const length = Math.min(this.end, Math.max(LEAST_NS, to - from));
    const middle = (from + to) / 2;
    this.from = Math.min(Math.max(0, length === to - from ? from : middle - length / 2), this.end - length);
    this.to = this.from + length;
    for (const listener of this.listeners) listener();
  }

  // Makes the span `factor` times as long, with the moment `at` where it is.
  zoom(factor, at = (this.from + this.to) / 2) {
    this.set(at - (at - this.from) * factor, at + (this.to - at) * factor);
  }

  // Moves by a share of the span.
  pan(share) {
    const by = Math.min(Math.max(share * this.length, -this.from), this.end - this.to);
    this.set(this.from + by, this.to + by);
  }

  // Moves there so that the eye can follow; at once for those who want no motion.
  glide(from, to) {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.set(from, to);
      return;
    }
    const [startFrom, startTo, started] = [this.from, this.to, performance.now()];
    const step = () => {
      if (this.glideId !== step) return;
      const share = Math.min(1, (performance.now() - started) / GLIDE_MS);
      const eased = 1 - (1 - share) ** 3;
      // Lengths change by factors, or the last part of a long way in would be all of the motion.
      const [before, after] = [startTo - startFrom, Math.max(LEAST_NS, to - from)];
      const length = before * (after / before) ** eased;
      const reached = before === after ? eased : (before - length) / (before - after);
      const left = startFrom + (from - startFrom) * reached;
      this.place(left, left + length);
      if (share < 1) requestAnimationFrame(step);
      else this.set(from, to);
    };
    this.glideId = step;
    requestAnimationFrame(step);
  }

  reset() {
    this.glide(0, this.end);
  }

  // Shows a span with some room on both sides; a moment with half a second.
  show(from, to) {
    const room = to > from ? (to - from) * 0.15 : 0.5e9;
    this.glide(Math.max(0, from - room), Math.min(this.end, to + room));
  }
}
