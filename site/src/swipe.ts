// A swipe to the side, on touch screens only; up and down stay scrolling, and two fingers stay zooming.

const FAR_ENOUGH = 48; // CSS pixels
const SLOPE = 1.5; // how much more sideways than upright

/** Calls `act` when a finger swipes sideways over `element`. */
export function onSwipe(element: HTMLElement, act: () => void): void {
  let start: { id: number; x: number; y: number } | null = null;
  element.addEventListener("pointerdown", (event) => {
    start = event.pointerType === "touch" && event.isPrimary ? { id: event.pointerId, x: event.clientX, y: event.clientY } : null;
  });
  element.addEventListener("pointercancel", () => {
    start = null;
  });
  element.addEventListener("pointerup", (event) => {
    if (!start || event.pointerId !== start.id) return;
    const across = Math.abs(event.clientX - start.x);
    const along = Math.abs(event.clientY - start.y);
    start = null;
    if (across > FAR_ENOUGH && across > along * SLOPE) act();
  });
}
