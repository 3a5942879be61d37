// What a hand does to the sky: drag, wheel, two fingers, taps. It knows nothing of what is shown.

const STILL = 6; // pixels that a finger may tremble and still tap

export interface Hand {
  /** The sky moves by so many pixels. */
  pan(x: number, y: number): void;
  /** It grows by a factor around a place of the canvas. */
  grow(factor: number, x: number, y: number): void;
  /** A place was tapped or clicked. */
  tap(x: number, y: number): void;
}

/** Listens to mouse, pen, fingers and wheel over an element. Places are in its own pixels. */
export function listen(element: HTMLElement, hand: Hand): void {
  const fingers = new Map<number, { x: number; y: number }>();
  let travelled = 0;
  const place = (event: MouseEvent): { x: number; y: number } => {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    element.setPointerCapture(event.pointerId);
    if (fingers.size === 0) travelled = 0;
    fingers.set(event.pointerId, place(event));
  });
  element.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const now = place(event);
    travelled += Math.hypot(now.x - before.x, now.y - before.y);
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    fingers.set(event.pointerId, now);
    if (!other) {
      hand.pan(now.x - before.x, now.y - before.y);
      return;
    }
    const spread = (at: { x: number; y: number }): number => Math.max(1, Math.hypot(at.x - other.x, at.y - other.y));
    hand.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
    hand.grow(spread(now) / spread(before), (now.x + other.x) / 2, (now.y + other.y) / 2);
  });
  const end = (event: PointerEvent): void => {
    const last = fingers.get(event.pointerId);
    fingers.delete(event.pointerId);
    if (event.type === "pointerup" && last && fingers.size === 0 && travelled < STILL) hand.tap(last.x, last.y);
  };
  element.addEventListener("pointerup", end);
  element.addEventListener("pointercancel", end);
  element.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { x, y } = place(event);
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    hand.grow(Math.exp(-0.0016 * lines * event.deltaY), x, y);
  }, { passive: false });
  element.addEventListener("dblclick", (event) => {
    const { x, y } = place(event);
    hand.grow(2.5, x, y);
  });
}
