// A panel: a titled canvas on the common time axis. What it draws is up to whoever makes it.

// Room left of the time axis for the labels of the other axis, and right of it.
const LEFT = 64;
const RIGHT = 14;
const TEXT = 12;

// An element with properties, attributes and children.
function element(name, { attributes = {}, ...properties } = {}, children = []) {
  const made = Object.assign(document.createElement(name), properties);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

class Panel {
  // `draw(panel)` draws; `read(panel, at, y)` says what is at a moment and a height, as text, or returns null.
  constructor({ name, title, height, draw, read = () => null, drag = "select" }) {
    Object.assign(this, { name, title, height, draw, read, drag, isStale: true });
    this.canvas = element("canvas", { attributes: { role: "img", "aria-label": title } });
    this.readout = element("span", { className: "readout" });
    this.legend = element("span", { className: "legend" });
    this.heading = element("button", { type: "button", className: "title", textContent: title });
    this.heading.setAttribute("aria-expanded", "true");
    this.heading.addEventListener("click", () => this.toggle());
    this.body = element("div", { className: "body" }, [this.canvas]);
    const head = element("div", { className: "head" }, [this.heading, this.legend, this.readout]);
    this.element = element("div", { className: `panel ${name}` }, [head, this.body]);
  }

  toggle() {
    this.body.hidden = !this.body.hidden;
    this.heading.setAttribute("aria-expanded", String(!this.body.hidden));
    this.onToggle?.();
  }

  get isOnScreen() {
    if (this.body.hidden) return false;
    const box = this.canvas.getBoundingClientRect();
    return box.bottom > 0 && box.top < innerHeight;
  }

  // Draws for a span of time. `frame`: the faults to shade, and the moments at which properties were decided.
  paint(view, frame) {
    const ratio = devicePixelRatio || 1;
    this.view = view;
    this.width = this.body.clientWidth;
    this.inner = Math.max(1, this.width - LEFT - RIGHT);
    this.g = this.canvas.getContext("2d");
    this.setType();
    const rows = typeof this.height === "function" ? this.height(this) : this.height;
    const [across, down] = [Math.round(this.width * ratio), Math.round(rows * ratio)];
    if (this.canvas.width !== across || this.canvas.height !== down) {
      this.canvas.width = across;
      this.canvas.height = down;
      this.canvas.style.height = `${rows}px`;
    }
    this.rows = rows;
    this.g.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.g.clearRect(0, 0, this.width, rows);
    this.setType();
    this.shade(frame.bands);
    this.draw(this);
    this.strike(frame.moments);
  }

  // A canvas that changes its size forgets it.
  setType() {
    this.g.font = `${TEXT}px ${theme.font}`;
    this.g.textBaseline = "middle";
  }

  x(ns) {
    return LEFT + ((ns - this.view.from) / this.view.length) * this.inner;
  }

  ns(x) {
    return this.view.from + ((x - LEFT) / this.inner) * this.view.length;
  }

  // Faults as bands from top to bottom. One that lasts all of the run would shade everything and tell nothing.
  shade(bands) {
    this.g.fillStyle = faint(theme.fault, 0.1);
    for (const { from, to, isWhole } of bands) {
      if (isWhole || to < this.view.from || from > this.view.to) continue;
      const [left, right] = [Math.max(LEFT, this.x(from)), Math.min(LEFT + this.inner, this.x(to))];
      this.g.fillRect(left, 0, Math.max(1, right - left), this.rows);
    }
  }

  // The moments at which properties were violated, as dashed lines.
  strike(moments) {
    this.g.fillStyle = theme.bad;
    for (const { at, isBad } of moments) {
      if (!isBad || at < this.view.from || at > this.view.to) continue;
      for (let y = 0; y < this.rows; y += 7) this.g.fillRect(this.x(at) - 0.75, y, 1.5, 4);
    }
  }

  // Draws only inside the axes.
  clipped(draw) {
    this.g.save();
    this.g.beginPath();
    this.g.rect(LEFT, 0, this.inner, this.rows);
    this.g.clip();
    draw();
    this.g.restore();
  }

  // The lines and labels of the upright axis; `y` places a value.
  grid(ticks, y) {
    const { g } = this;
    g.textAlign = "right";
    for (const { at, label } of ticks) {
      const line = Math.round(y(at)) + 0.5;
      g.strokeStyle = theme.rule;
      g.lineWidth = 1;
      g.beginPath();
      g.moveTo(LEFT, line);
      g.lineTo(LEFT + this.inner, line);
      g.stroke();
      g.fillStyle = theme.muted;
      g.fillText(label, LEFT - 8, Math.min(Math.max(line, TEXT / 2), this.rows - TEXT / 2));
    }
  }
}
