// The last block that each node has made final: stalls, catching up, crashes.

const HEIGHTS_HEIGHT = 168;

// For each node its commits in order of time, and when it was down: from each crash to the next restart.
function nodeLives(series, nodes) {
  const lives = Array.from({ length: nodes }, () => ({ at: [], height: [], down: [] }));
  for (let at = 0; at < series.commits.rows; at++) {
    const life = lives[series.commits.node[at]];
    life.at.push(series.commits.at[at]);
    life.height.push(series.commits.height[at]);
  }
  for (const { node, at, kind } of series.events) {
    const { down } = lives[node];
    const isDown = down.at(-1)?.to === Infinity;
    if (kind === "crash" && !isDown) down.push({ from: at, to: Infinity });
    if (kind === "restart" && isDown) down.at(-1).to = at;
  }
  return lives;
}

function heightAt(life, ns) {
  const after = upTo(life.at, ns);
  return after === 0 ? 0 : life.height[after - 1];
}

function heightsPanel(lives, choices, nodeColour) {
  const draw = (panel) => {
    const { view } = panel;
    const shown = [...lives.keys()].filter((node) => choices.nodes[node]);
    let [least, most] = [Infinity, 0];
    for (const node of shown) {
      least = Math.min(least, heightAt(lives[node], view.from));
      most = Math.max(most, heightAt(lives[node], view.to));
    }
    const [top, floor] = [8, panel.rows - 8];
    const low = Number.isFinite(least) ? least : 0;
    const axis = amountTicks(Math.max(4, most - low), 4);
    const y = (height) => floor - ((height - low) / axis.top) * (floor - top);
    const step = Math.max(1, Math.ceil(roundStep(Math.max(4, most - low), 4)));
    const ticks = ticksBetween(low, low + axis.top, step).map((at) => ({ at, label: count(at) }));
    panel.grid(ticks, y);
    panel.clipped(() => {
      // Later lines are thinner, so that those below show at their edges where nodes agree.
      shown.forEach((node, place) => {
        const width = shown.length > 16 ? 1 : 1.4 + 0.7 * Math.min(4, shown.length - 1 - place);
        drawLife(panel, lives[node], y, nodeColour(node), width);
      });
    });
  };
  const read = (panel, ns) => {
    const shown = [...lives.keys()].filter((node) => choices.nodes[node]);
    const words = shown.map((node) => {
      const isDown = lives[node].down.some(({ from, to }) => from <= ns && ns < to);
      return { node, height: heightAt(lives[node], ns), isDown };
    });
    const up = words.filter((word) => !word.isDown);
    const down = words.length - up.length;
    if (up.length === 0) return down > 0 ? "all down" : null;
    const heights = up.map((word) => word.height);
    const [least, most] = [Math.min(...heights), Math.max(...heights)];
    const reach = words.length <= 8
      ? words.map((word) => `${word.node}: ${word.isDown ? "down" : count(word.height)}`).join("  ")
      : `${count(least)} to ${count(most)}${down > 0 ? `, ${down} down` : ""}`;
    return reach;
  };
  return new Panel({ name: "heights", title: "Height of each node", height: HEIGHTS_HEIGHT, draw, read });
}

// Steps; of those within half a pixel the last one stands. The line ends in a cross where its node crashed and
// resumes at a ring.
function drawLife(panel, life, y, colour, width) {
  const { g, view } = panel;
  g.strokeStyle = colour;
  const bounds = [-Infinity, ...life.down.flatMap(({ from, to }) => [from, to]), Infinity];
  for (let part = 0; part < bounds.length; part += 2) {
    const from = Math.max(bounds[part], view.from);
    const to = Math.min(bounds[part + 1], view.to);
    if (from >= to) continue;
    g.lineWidth = width;
    g.beginPath();
    let before = heightAt(life, from);
    g.moveTo(panel.x(from), y(before));
    let drawn = -1;
    for (let at = upTo(life.at, from); at < life.at.length && life.at[at] <= to; at++) {
      const x = panel.x(life.at[at]);
      if (x - drawn >= 0.5) {
        g.lineTo(x, y(before));
        drawn = x;
      }
      before = life.height[at];
      g.lineTo(drawn, y(before));
    }
    g.lineTo(panel.x(to), y(before));
    g.stroke();
  }
  g.lineWidth = 2;
  for (const { from, to } of life.down) {
    drawCross(g, panel.x(from), y(heightAt(life, from)), 4);
    if (to <= view.to) {
      g.beginPath();
      g.arc(panel.x(to), y(heightAt(life, to)), 4, 0, 7);
      g.stroke();
    }
  }
}

function drawCross(g, x, y, arm) {
  g.beginPath();
  g.moveTo(x - arm, y - arm);
  g.lineTo(x + arm, y + arm);
  g.moveTo(x - arm, y + arm);
  g.lineTo(x + arm, y - arm);
  g.stroke();
}
