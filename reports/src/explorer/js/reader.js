// The selection in words: a message with its fate, its causes and effects; and the messages in view as a table.

// Rows of the table.
const MOST_ROWS = 100;

class Reader {
  // `act`: select(chosen or null), goToFault(id).
  constructor({ diagram, record, act }) {
    Object.assign(this, { diagram, record, act });
    this.element = element("div", { className: "reader" });
    this.live = element("p", { className: "unseen", attributes: { role: "status" } });
    this.table = element("details", { className: "inview" }, [
      element("summary", { textContent: "The messages in view, as a table" }),
    ]);
    this.table.addEventListener("toggle", () => this.fillTable());
    this.show(null);
  }

  show(cone) {
    this.element.replaceChildren(...(cone === null ? this.hint() : this.describe(cone)));
    this.live.textContent = cone === null ? "" : this.sentence(cone);
  }

  hint() {
    const text = "Select a message or a place on a lane: its causal past and future light up.";
    return [element("p", { className: "none", textContent: text })];
  }

  sentence(cone) {
    const { past, future } = cone.counts();
    const after = cone.message !== null && this.diagram.film.isLost(cone.message)
      ? "It was lost: nothing follows from it."
      : `${plural(future, "message", "messages")} could follow from it.`;
    const what = cone.message !== null
      ? this.diagram.inWords(cone.message)
      : `Node ${cone.begin.node} at ${moment(cone.begin.at)}`;
    return `${what}. ${plural(past, "message", "messages")} led to it. ${after}`;
  }

  describe(cone) {
    const { film } = this.diagram;
    const isMessage = cone.message !== null;
    const rows = isMessage ? this.messageRows(film.message(cone.message)) : [
      ["Node", `${cone.begin.node}`],
      ["At", moment(cone.begin.at)],
    ];
    const { past, future } = cone.counts();
    const nodesOf = (times) => plural(times.reduce((sum, time) => sum + Number.isFinite(time), 0), "node", "nodes");
    rows.push(["Causal past", this.tinted("past", `${plural(past, "message", "messages")}, ${nodesOf(cone.past)}`)]);
    rows.push(["Causal future", this.tinted("future", `${plural(future, "message", "messages")}, ${nodesOf(cone.future)}`)]);
    const list = element("dl", {}, rows.map(([name, value]) => {
      return element("div", {}, [element("dt", { textContent: name }), element("dd", {}, [value])]);
    }));
    const title = isMessage ? film.message(cone.message) : null;
    const heading = title === null ? "A moment at a node" : `${title.kind} ${title.label}`.trim();
    return [
      element("h3", { textContent: heading }),
      list,
      this.buttons(cone),
      element("p", { className: "none", textContent: this.limits(cone) }),
    ];
  }

  messageRows(message) {
    const fate = message.received === null ? "never: it was lost" : moment(message.received);
    const rows = [
      ["From", `node ${message.from}`],
      ["To", `node ${message.to}`],
      ["Sent", moment(message.sent)],
      ["Received", fate],
    ];
    if (message.received !== null) rows.push(["On its way", span(message.received - message.sent)]);
    if (message.fault !== null) {
      const button = element("button", { type: "button", className: "plain", textContent: message.fault });
      button.addEventListener("click", () => this.act.goToFault(message.fault));
      rows.push(["Touched by", button]);
    }
    return rows;
  }

  tinted(kind, text) {
    return element("span", { className: `tint ${kind}`, textContent: text });
  }

  buttons(cone) {
    const { cause, effect } = cone;
    const step = (text, to) => {
      const button = element("button", { type: "button", textContent: text, disabled: to === null });
      button.addEventListener("click", () => this.act.select({ message: to }));
      return button;
    };
    const clear = element("button", { type: "button", textContent: "Clear" });
    clear.addEventListener("click", () => this.act.select(null));
    return element("p", { className: "steps" }, [step("← what came before it", cause), step("what came of it →", effect), clear]);
  }

  limits(cone) {
    const { from, to } = cone.filmed;
    return `Counted in what was kept without a gap, ${moment(from)} to ${moment(to)}. At a node, whatever came earlier counts as a cause.`;
  }

  // Filled while it is open only.
  fillTable() {
    if (!this.table.open || this.diagram.panel.view === undefined) return;
    const { film } = this.diagram;
    const found = [];
    let total = 0;
    film.each(this.diagram.panel.view.from, this.diagram.panel.view.to, (at) => {
      if (!this.diagram.isShown(at)) return;
      if (total++ < MOST_ROWS) found.push(at);
    });
    const rows = found.map((at) => {
      const message = film.message(at);
      const open = element("button", { type: "button", className: "plain", textContent: moment(message.sent) });
      open.addEventListener("click", () => this.act.select({ message: at }));
      const cells = [
        open,
        `${message.kind} ${message.label}`.trim(),
        `${message.from} → ${message.to}`,
        message.received === null ? "lost" : span(message.received - message.sent),
        message.fault ?? "",
      ];
      return element("tr", {}, cells.map((cell) => element("td", {}, [cell])));
    });
    const head = ["Sent", "Message", "Nodes", "On its way", "Fault"];
    const caption = total > found.length
      ? `The first ${found.length} of ${plural(total, "message", "messages")} in view. Zoom in for the others.`
      : plural(total, "message in view", "messages in view");
    const table = element("table", {}, [
      element("caption", { textContent: caption }),
      element("tr", {}, head.map((name) => element("th", { textContent: name, attributes: { scope: "col" } }))),
      ...rows,
    ]);
    const scroll = element("div", { className: "scroll", attributes: { tabindex: "0", role: "region", "aria-label": "Messages in view" } }, [table]);
    this.table.replaceChildren(this.table.firstElementChild, scroll);
  }
}
