// The whole run in one strip: blocks over time, faults, violations, what was filmed, and the part that is in view.

const OVERVIEW_HEIGHT = 58;
// How near a pointer must be to an edge of the window to hold it.
const EDGE = 8;

class Overview {
  constructor({ view, blocks, bands, covered, moments }) {
    Object.assign(this, { view, blocks, bands, covered, moments });
    this.whole = { from: 0, to: view.end, end: view.end, length: view.end };
    this.panel = new Panel({
      name: "overview",
      title: "The whole run",
      height: OVERVIEW_HEIGHT,
      draw: (panel) => this.draw(panel),
    });
    this.panel.canvas.setAttribute("aria-label", "The whole run; the part that the panels below show is framed");
    this.listen();
  }

  draw(panel) {
    const { g } = panel;
    const floor = panel.rows - 8;
    // Some blocks in each bin, or whether one has one more than the next would be all that is seen.
    const bins = Math.max(12, Math.min(240, Math.floor(panel.inner / 4), Math.floor(this.blocks.length / 8)));
    const width = this.view.end / bins;
    const counts = Array.from({ length: bins }, (_, bin) => {
      return below(this.blocks, (bin + 1) * width) - below(this.blocks, bin * width);
    });
    const most = Math.max(1, ...counts);
    // One path, so that neighbours that overlap by a hair are no darker there.
    const bars = new Path2D();
    counts.forEach((blocks, bin) => {
      const height = (blocks / most) * (floor - 10);
      bars.rect(panel.x(bin * width), floor - height, panel.inner / bins + 0.4, height);
    });
    g.fillStyle = faint(theme.series[0], 0.4);
    g.fill(bars);
    g.fillStyle = theme.crowd;
    g.fillRect(LEFT, floor, panel.inner, 1);
    g.fillStyle = theme.link;
    for (const { from, to } of this.covered) {
      g.fillRect(panel.x(from), floor + 3, Math.max(2, panel.x(to) - panel.x(from)), 3);
    }
    for (const { at, isBad } of this.moments) {
      g.fillStyle = isBad ? theme.bad : theme.pass;
      g.fillRect(panel.x(at) - 1, 0, 2, floor);
      g.textAlign = "center";
      g.fillText(isBad ? "✗" : "✓", Math.min(panel.width - 6, Math.max(LEFT, panel.x(at) + 9)), 7);
    }
    this.drawWindow(panel);
  }

  drawWindow(panel) {
    const { g } = panel;
    const [left, right] = [panel.x(this.view.from), panel.x(this.view.to)];
    g.fillStyle = faint(theme.paper, 0.62);
    g.fillRect(LEFT, 0, left - LEFT, panel.rows);
    g.fillRect(right, 0, LEFT + panel.inner - right, panel.rows);
    g.strokeStyle = theme.link;
    g.lineWidth = 1.5;
    g.strokeRect(left, 0.75, Math.max(2, right - left), panel.rows - 1.5);
    g.fillStyle = theme.link;
    const middle = panel.rows / 2;
    g.fillRect(left - 2, middle - 9, 4, 18);
    g.fillRect(Math.max(right, left + 2) - 2, middle - 9, 4, 18);
    g.textAlign = "left";
    g.fillStyle = theme.muted;
    g.fillText("whole run", 0, 12);
    g.fillText(span(this.view.end), 0, 28);
  }

  // Dragging the frame moves it, an edge resizes it, beside it a new one is drawn; a click moves it there.
  listen() {
    const { canvas } = this.panel;
    const place = (event) => event.clientX - canvas.getBoundingClientRect().left;
    const ns = (x) => Math.min(this.view.end, Math.max(0, this.panel.ns(x)));
    const grip = (x) => {
      const [left, right] = [this.panel.x(this.view.from), this.panel.x(this.view.to)];
      if (Math.abs(x - left) < EDGE && !this.view.isWhole) return "from";
      if (Math.abs(x - right) < EDGE && !this.view.isWhole) return "to";
      return left < x && x < right && !this.view.isWhole ? "move" : "new";
    };
    let held = null;
    canvas.addEventListener("pointerdown", (event) => {
      const x = place(event);
      held = { grip: grip(x), start: ns(x), x, from: this.view.from, to: this.view.to };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      const x = place(event);
      if (held === null) {
        canvas.style.cursor = { from: "ew-resize", to: "ew-resize", move: "grab", new: "crosshair" }[grip(x)];
        return;
      }
      if (Math.abs(x - held.x) < 3) return;
      const at = ns(x);
      if (held.grip === "new") this.view.set(Math.min(held.start, at), Math.max(held.start, at));
      if (held.grip === "from") this.view.set(Math.min(at, held.to - LEAST_NS), held.to);
      if (held.grip === "to") this.view.set(held.from, Math.max(at, held.from + LEAST_NS));
      if (held.grip === "move") {
        const by = Math.min(Math.max(at - held.start, -held.from), this.view.end - held.to);
        this.view.set(held.from + by, held.to + by);
      }
    });
    canvas.addEventListener("pointerup", (event) => {
      const x = place(event);
      if (held !== null && Math.abs(x - held.x) < 3 && !this.view.isWhole) {
        const half = this.view.length / 2;
        const middle = Math.min(Math.max(ns(x), half), this.view.end - half);
        this.view.glide(middle - half, middle + half);
      }
      held = null;
    });
    canvas.addEventListener("dblclick", () => this.view.reset());
  }
}
