// Motion is slow and rare, and none for who asked for none.

/** Whether the visitor's system asks for reduced motion, now. */
export function stillness(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Changes the page by `change`, cross-fading where the browser can and the visitor wants it (250 ms, in the style sheet). */
export function crossFade(change: () => void): void {
  if (stillness() || document.visibilityState !== "visible" || !document.startViewTransition) {
    change();
    return;
  }
  const transition = document.startViewTransition(change);
  // A second key press skips the first fade: that rejects `ready`, and is meant.
  transition.ready.catch(() => undefined);
}
