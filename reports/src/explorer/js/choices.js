// What is shown: nodes, kinds of messages, only what was lost or touched by a fault.

// Up to so many nodes have a button each; more are written as a list.
const MOST_BUTTONS = 16;

class Choices {
  constructor(nodes) {
    this.nodes = new Uint8Array(nodes).fill(1);
    this.kinds = new Uint8Array(0);
    this.onlyTouched = false;
    this.listeners = [];
  }

  changed() {
    for (const listener of this.listeners) listener();
  }

  // A click shows or hides one; with Shift, or twice, it alone.
  flip(list, place, alone) {
    if (alone) {
      const isAlone = this[list][place] === 1 && this[list].reduce((a, b) => a + b, 0) === 1;
      this[list].fill(isAlone ? 1 : 0);
      this[list][place] = 1;
    } else {
      this[list][place] = 1 - this[list][place];
    }
    this.changed();
  }
}

// A button for each entry: { name, colour (a custom property), count }.
function chips(choices, list, entries) {
  const buttons = entries.map(({ name, title = "", colour, place }) => {
    const swatch = element("i", { attributes: { style: `background: var(--${colour})` } });
    const button = element("button", { type: "button", className: "chip", title }, [swatch, name]);
    button.addEventListener("click", (event) => choices.flip(list, place, event.shiftKey));
    button.addEventListener("dblclick", () => choices.flip(list, place, true));
    return { button, place };
  });
  const show = () => {
    for (const { button, place } of buttons) button.setAttribute("aria-pressed", String(choices[list][place] === 1));
  };
  choices.listeners.push(show);
  show();
  return buttons.map(({ button }) => button);
}

function nodeChoice(choices, honest, colourOf) {
  const nodes = choices.nodes.length;
  if (nodes <= MOST_BUTTONS) {
    const entries = honest.map((isHonest, node) => {
      return { name: isHonest ? `${node}` : `${node} Byzantine`, colour: colourOf(node), place: node };
    });
    return chips(choices, "nodes", entries);
  }
  const input = element("input", {
    type: "text",
    value: `0-${nodes - 1}`,
    attributes: { "aria-label": "Nodes to show, such as 0-3, 7", autocomplete: "off", spellcheck: "false" },
  });
  const problem = element("span", { className: "problem", attributes: { role: "status" } });
  input.addEventListener("change", () => {
    const chosen = readNodes(input.value, nodes);
    const isWrong = chosen === null || chosen.size === 0;
    problem.textContent = isWrong ? `Give nodes from 0 to ${nodes - 1}, such as 0-3, 7.` : "";
    if (isWrong) return;
    choices.nodes.forEach((_, node) => (choices.nodes[node] = chosen.has(node) ? 1 : 0));
    choices.changed();
  });
  return [input, problem];
}

function touchedChoice(choices) {
  const button = element("button", { type: "button", className: "chip", textContent: "only lost or touched" });
  const show = () => button.setAttribute("aria-pressed", String(choices.onlyTouched));
  button.addEventListener("click", () => {
    choices.onlyTouched = !choices.onlyTouched;
    choices.changed();
  });
  choices.listeners.push(show);
  show();
  return button;
}
