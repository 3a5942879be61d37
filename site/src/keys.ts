// Arrow keys go where the page's own links go: previous, next, up to the gallery.

const TARGETS: Record<string, string> = {
  ArrowLeft: "[data-previous]",
  ArrowRight: "[data-next]",
  Escape: "[data-up]",
};

/** Whether a key press belongs to something else: a field, a modifier, a video that is being steered. */
export function keyIsTaken(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return true;
  const target = event.target instanceof Element ? event.target : null;
  return target?.closest("input, textarea, select, video, [contenteditable]") != null;
}

/** Whether the visitor could mean the focused button or link when pressing space or return. */
export function focusTakes(event: KeyboardEvent): boolean {
  const target = event.target instanceof Element ? event.target : null;
  return target?.closest("button, summary, a[href]") != null;
}

/** Follows the page's previous, next and gallery links by key. */
export function startKeys(): void {
  addEventListener("keydown", (event) => {
    const selector = TARGETS[event.key];
    if (!selector || keyIsTaken(event)) return;
    const link = document.querySelector<HTMLAnchorElement>(`a${selector}`);
    if (!link) return;
    event.preventDefault();
    link.click();
  });
}
