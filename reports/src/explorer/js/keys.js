// The keyboard: everything that the pointer does.

// `act` has a function for each action below that is not the view's.
function listenToKeys(stack, view, act) {
  const actions = {
    ArrowLeft: () => view.pan(-0.12),
    ArrowRight: () => view.pan(0.12),
    ArrowUp: () => view.zoom(0.7),
    ArrowDown: () => view.zoom(1 / 0.7),
    "+": () => view.zoom(0.7),
    "=": () => view.zoom(0.7),
    "-": () => view.zoom(1 / 0.7),
    0: () => view.reset(),
    Home: () => view.glide(0, view.length),
    End: () => view.glide(view.end - view.length, view.end),
    n: () => act.step(1),
    p: () => act.step(-1),
    c: () => act.cause(),
    e: () => act.effect(),
    Escape: () => act.clear(),
  };
  stack.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, button") !== null) return;
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  });
}
