// The panels together: one span of time, one cursor, one selection.

class Explorer {
  constructor({ record, series, root }) {
    Object.assign(this, { record, series, root });
    const { nodes, duration_ns: end } = record.manifest;
    this.view = new Viewport(end);
    this.choices = new Choices(nodes);
    this.chosen = { cone: null };
    this.lives = nodeLives(series, nodes);
    this.colours = nodeColours(this.lives, record.honest);
    const bands = faultBands(record);
    const moments = record.properties
      .filter((property) => property.at_ns !== null)
      .map((property) => ({ at: property.at_ns, isBad: property.holds === false }));
    this.frame = { bands, moments };
    const colourOf = (node) => this.colourOf(node);
    this.panels = [axisPanel(bands)];
    if (series.commits.rows > 0) this.panels.push(latencyPanel(series, this.choices, colourOf));
    this.panels.push(...ratePanels(series, record.honest), heightsPanel(this.lives, this.choices, colourOf));
    this.blocks = firstCommits(series.commits, record.honest);
    this.build();
    this.view.listeners.push(() => this.redraw());
    this.choices.listeners.push(() => this.redraw());
    addEventListener("resize", () => this.redraw());
    addEventListener("scroll", () => this.schedule(), { passive: true });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      readTheme();
      this.redraw();
    });
  }

  colourOf(node) {
    const slot = this.colours[node];
    return slot < 0 ? theme.crowd : theme.series[slot];
  }

  build() {
    const button = (text, label, action) => {
      const made = element("button", { type: "button", textContent: text, attributes: { "aria-label": label } });
      made.addEventListener("click", action);
      return made;
    };
    this.where = element("p", { className: "where" });
    const zoom = element("div", { className: "zoom" }, [
      button("−", "Zoom out", () => this.view.zoom(1 / 0.6)),
      button("+", "Zoom in", () => this.view.zoom(0.6)),
      button("Whole run", "Show the whole run", () => this.view.reset()),
    ]);
    this.overview = new Overview({ ...this, covered: [], ...this.frame });
    const colour = (node) => (this.colours[node] < 0 ? "crowd" : `series-${this.colours[node]}`);
    const nodes = element("div", { className: "choice", attributes: { role: "group", "aria-label": "Nodes" } }, [
      element("span", { className: "name", textContent: "Nodes" }),
      ...nodeChoice(this.choices, this.record.honest, colour),
    ]);
    this.cursor = element("div", { className: "cursor", hidden: true });
    this.shade = element("div", { className: "selecting", hidden: true });
    this.tip = element("div", { className: "tip", hidden: true });
    this.stack = element("div", { className: "stack", tabIndex: 0 }, [this.cursor, this.shade, this.tip]);
    this.stack.setAttribute("role", "application");
    this.stack.setAttribute("aria-label", "Time line");
    this.stack.setAttribute("aria-describedby", "timeline-keys");
    const top = element("div", { className: "top" }, [element("div", { className: "bar" }, [this.where, zoom]), this.overview.panel.body]);
    this.root.append(top, nodes, this.stack);
    for (const panel of this.panels) this.add(panel);
    listenToKeys(this.stack, this.view, {
      step: (by) => this.step(by),
      cause: () => this.select({ message: this.chosen.cone?.cause ?? null }),
      effect: () => this.select({ message: this.chosen.cone?.effect ?? null }),
      clear: () => this.select(null),
    });
  }

  add(panel) {
    panel.onToggle = () => this.redraw();
    this.stack.append(panel.element);
    listenToPointer(panel, this.view, this.stack, {
      hover: (...at) => this.hover(...at),
      leave: () => this.leave(),
      select: (_, from, to) => this.showSelecting(from, to),
      click: (...at) => this.click(...at),
    });
  }

  // The messages come later than the rest, since they take longer to unpack.
  addFilm(film) {
    this.film = film;
    this.choices.kinds = new Uint8Array(film.kinds.length).fill(1);
    const stretches = film.stretches.flatMap((stretch) => stretch.events);
    const events = new Map([...this.series.events, ...stretches].map((event) => [JSON.stringify(event), event]));
    this.diagram = new SpaceTime({ ...this, honest: this.record.honest, events: events.values() });
    this.overview.covered = film.covered;
    if (film.stretches.length > 0) {
      this.panels.push(this.diagram.panel);
      this.add(this.diagram.panel);
      this.addLegend();
      this.addReader();
    }
    this.redraw();
  }

  addLegend() {
    const { film, diagram } = this;
    const order = film.kinds.map((_, kind) => kind).sort((a, b) => diagram.slots.counts[b] - diagram.slots.counts[a]);
    const entries = order.map((kind) => {
      const slot = diagram.slots.slots[kind];
      const sent = diagram.slots.counts[kind];
      const colour = slot < 0 ? "crowd" : `series-${slot}`;
      return { name: film.kinds[kind], title: plural(sent, "message", "messages"), colour, place: kind };
    });
    diagram.panel.legend.append(...chips(this.choices, "kinds", entries), touchedChoice(this.choices));
    const lines = film.stretches.map((stretch) => {
      const button = element("button", { type: "button", className: "plain", textContent: stretch.title });
      button.addEventListener("click", () => this.view.glide(stretch.from, stretch.to));
      const left = stretch.leftOut > 0 ? `, ${count(stretch.leftOut)} later ones had no room` : "";
      const kept = plural(stretch.messages.rows, "message", "messages");
      return element("li", {}, [button, ` ${moment(stretch.from)} to ${moment(stretch.to)}, ${kept}${left}`]);
    });
    const list = element("ul", { className: "stretches" }, lines);
    diagram.panel.body.before(list);
  }

  addReader() {
    this.reader = new Reader({
      diagram: this.diagram,
      record: this.record,
      act: { select: (chosen) => this.select(chosen), goToFault: (id) => this.goToFault(id) },
    });
    this.root.append(this.reader.element, this.reader.table, this.reader.live);
  }

  // All has to be drawn anew. What is not on the screen waits until it is.
  redraw() {
    for (const panel of this.panels) panel.isStale = true;
    this.schedule();
  }

  schedule() {
    if (this.frameId !== undefined) return;
    this.frameId = requestAnimationFrame(() => {
      this.frameId = undefined;
      this.paint();
    });
  }

  paint() {
    const { from, to, length } = this.view;
    this.where.textContent = this.view.isWhole
      ? `The whole run, ${span(length)}`
      : `${momentTo(from, length / 1000)} to ${momentTo(to, length / 1000)} (${span(length)})`;
    this.overview.panel.paint(this.overview.whole, this.frame);
    for (const panel of this.panels) {
      if (!panel.isStale || !(panel.isOnScreen || panel.view === undefined)) continue;
      panel.paint(this.view, this.frame);
      panel.isStale = false;
    }
    this.reader?.fillTable();
  }

  hover(panel, ns, x, y) {
    this.cursor.hidden = false;
    this.cursor.style.transform = `translateX(${panel.x(ns)}px)`;
    for (const other of this.panels) {
      if (other.body.hidden || other === this.diagram?.panel || other.name === "axis") continue;
      other.readout.textContent = other.read(other, ns, y) ?? "";
    }
    const isPointed = panel === this.diagram?.panel || panel.name === "axis";
    const text = isPointed ? panel.read(panel, ns, y) : null;
    this.showTip(panel, text ?? (panel.name === "axis" || isPointed ? momentTo(ns, this.view.length / 2000) : null), x, y);
  }

  showTip(panel, text, x, y) {
    this.tip.hidden = text === null;
    if (text === null) return;
    this.tip.textContent = text;
    const box = this.stack.getBoundingClientRect();
    const canvas = panel.canvas.getBoundingClientRect();
    const left = Math.min(Math.max(4, canvas.left - box.left + x + 14), box.width - this.tip.offsetWidth - 4);
    this.tip.style.transform = `translate(${left}px, ${canvas.top - box.top + y + 18}px)`;
  }

  leave() {
    this.cursor.hidden = true;
    this.tip.hidden = true;
    for (const panel of this.panels) panel.readout.textContent = "";
  }

  showSelecting(from, to) {
    this.shade.hidden = from === null;
    if (from === null) return;
    const panel = this.panels[0];
    this.shade.style.left = `${panel.x(from)}px`;
    this.shade.style.width = `${panel.x(to) - panel.x(from)}px`;
  }

  click(panel, ns, x, y) {
    const band = panel.bandAt?.(x, y) ?? null;
    if (band !== null) this.view.show(band.from, band.to);
    if (panel !== this.diagram?.panel) return;
    if (this.diagram.arrows === null) {
      this.view.glide(ns - this.view.length / 16, ns + this.view.length / 16);
      return;
    }
    const message = this.diagram.messageAt(x, y);
    const node = this.diagram.nodeAt(y);
    const isOnLane = node !== null && Math.abs(this.diagram.y(node) - y) < 10;
    if (message !== null) this.select({ message });
    else if (isOnLane && this.film.coveredAround(ns) !== null) this.select({ node, at: ns });
    else this.select(null);
  }

  // Selects { message } or { node, at }, or nothing; brings it into view.
  select(chosen) {
    const isNothing = chosen === null || chosen.message === null;
    this.chosen.cone = isNothing ? null : new Cone(this.film, this.record.manifest.nodes, chosen);
    this.reader?.show(this.chosen.cone);
    if (this.chosen.cone !== null) this.reveal(this.chosen.cone);
    this.redraw();
  }

  reveal({ begin, end }) {
    const { from, to, length } = this.view;
    const last = Number.isNaN(end.at) ? begin.at : end.at;
    if (begin.at >= from && last <= to) return;
    const middle = (begin.at + last) / 2;
    const half = Math.max(length / 2, (last - begin.at) * 2);
    const kept = Math.min(Math.max(middle, half), this.view.end - half);
    this.view.glide(kept - half, kept + half);
  }

  // Selects the next or the previous message in order of sending that is shown.
  step(by) {
    if (this.film === undefined || this.film.rows === 0) return;
    const chosen = this.chosen.cone?.message ?? null;
    let at = chosen === null ? below(this.film.sent, this.view.from) - (by > 0 ? 1 : 0) : chosen;
    for (at += by; at >= 0 && at < this.film.rows; at += by) {
      if (this.diagram.isShown(at)) {
        this.select({ message: at });
        return;
      }
    }
  }

  goToFault(id) {
    const band = this.frame.bands.find(({ fault }) => fault.id === id);
    if (band !== undefined) this.view.show(band.from, band.to);
  }

  // Links of the tables: to a moment or a span of the run.
  follow(link) {
    const [from, to] = [Number(link.dataset.from), Number(link.dataset.to)];
    this.root.closest("section").scrollIntoView({ block: "start" });
    this.stack.focus({ preventScroll: true });
    this.view.show(from, Math.min(to, this.view.end));
  }
}

// For each node its place in the palette, -1 for the grey of the crowd. Of many nodes those that stand out (Byzantine,
// crashed, far behind) have the colours, as in the printed figure.
function nodeColours(lives, honest) {
  const last = lives.map((life) => life.height.at(-1) ?? 0);
  const median = [...last].sort((a, b) => a - b)[last.length >> 1] ?? 0;
  const standsOut = (life, node) => !honest[node] || life.down.length > 0 || last[node] < median - 2 - median / 20;
  const isFew = lives.length <= 7;
  let next = 0;
  return lives.map((life, node) => (next < 7 && (isFew || standsOut(life, node)) ? next++ : -1));
}
