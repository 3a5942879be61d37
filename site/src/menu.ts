// The menu on a phone is one line that a finger moves: it begins where the visitor is.

/** Brings the entry of this page into the middle of the line. Browsers that know `scroll-initial-target` do so without. */
export function startMenu(): void {
  const here = document.querySelector<HTMLElement>(".menu [aria-current]");
  const menu = here?.parentElement;
  if (here && menu) menu.scrollLeft = here.offsetLeft - (menu.clientWidth - here.offsetWidth) / 2;
}
