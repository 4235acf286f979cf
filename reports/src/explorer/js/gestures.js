// Pointer, wheel and fingers on a panel: select a span, pan, zoom, point, click.

// The pointer moves this far before a click becomes a drag.
const SLACK = 4;

// `on` is told: hover(panel, ns, x, y), leave(panel), select(panel, fromNs, toNs or null while none), click(panel, ns, x, y).
function listenToPointer(panel, view, stack, on) {
  const { body } = panel;
  const place = (event) => {
    const box = panel.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    return { x, y, ns: Math.min(view.end, Math.max(0, panel.ns(Math.min(LEFT + panel.inner, Math.max(LEFT, x))))) };
  };
  const pointers = new Map();
  let drag = null;
  body.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    body.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event));
    const isPan = (panel.drag === "pan") !== event.shiftKey || event.pointerType === "touch";
    drag = { start: place(event), isPan, moved: false, pinch: pointers.size > 1, from: view.from, to: view.to };
  });
  body.addEventListener("pointermove", (event) => {
    const at = place(event);
    if (drag === null) {
      on.hover(panel, at.ns, at.x, at.y);
      return;
    }
    if (drag.pinch && pointers.size === 2) {
      const before = [...pointers.values()].map((pointer) => pointer.x);
      pointers.set(event.pointerId, at);
      const after = [...pointers.values()].map((pointer) => pointer.x);
      const factor = Math.max(10, Math.abs(before[0] - before[1])) / Math.max(10, Math.abs(after[0] - after[1]));
      view.zoom(factor, panel.ns((after[0] + after[1]) / 2));
      return;
    }
    drag.moved ||= Math.abs(at.x - drag.start.x) > SLACK;
    if (!drag.moved) return;
    if (drag.isPan) {
      const by = ((drag.start.x - at.x) / panel.inner) * (drag.to - drag.from);
      const kept = Math.min(Math.max(by, -drag.from), view.end - drag.to);
      view.set(drag.from + kept, drag.to + kept);
    } else {
      on.select(panel, Math.min(drag.start.ns, at.ns), Math.max(drag.start.ns, at.ns));
    }
  });
  const release = (event) => {
    const at = place(event);
    pointers.delete(event.pointerId);
    if (drag === null || drag.pinch) {
      if (pointers.size === 0) drag = null;
      return;
    }
    const { start, isPan, moved } = drag;
    drag = null;
    on.select(panel, null, null);
    if (event.type === "pointercancel") return;
    if (!moved) on.click(panel, at.ns, at.x, at.y);
    else if (!isPan) view.glide(Math.min(start.ns, at.ns), Math.max(start.ns, at.ns));
  };
  body.addEventListener("pointerup", release);
  body.addEventListener("pointercancel", release);
  body.addEventListener("pointerleave", () => on.leave(panel));
  body.addEventListener("dblclick", () => view.reset());
  // The wheel scrolls the page, as everywhere, until the time line has the focus; with Ctrl it always zooms.
  body.addEventListener("wheel", (event) => {
    const isOurs = event.ctrlKey || event.metaKey || stack.contains(document.activeElement);
    const isSideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (!isOurs && !isSideways) return;
    event.preventDefault();
    const pixels = event.deltaMode === 1 ? 20 : 1;
    if (isSideways || event.shiftKey) view.pan(((event.deltaX || event.deltaY) * pixels) / panel.inner);
    else view.zoom(Math.exp(event.deltaY * pixels * 0.0022), place(event).ns);
  }, { passive: false });
}
