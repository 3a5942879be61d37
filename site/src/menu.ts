// The menu on a phone is one line that a finger moves: it begins where the visitor is.

/** Brings the entry of this page into the middle of the line, for browsers that do not know `scroll-initial-target`. */
export function startMenu(): void {
  if (CSS.supports("scroll-initial-target", "nearest")) return; // the style sheet has done it, without measuring anything
  const here = document.querySelector<HTMLElement>(".menu [aria-current]");
  const menu = here?.parentElement;
  if (here && menu) menu.scrollLeft = here.offsetLeft - (menu.clientWidth - here.offsetWidth) / 2;
}
