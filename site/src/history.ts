// The home page's address is that of the exhibit on show. Three things follow: relative links must not move with it, the back
// button must bring the earlier exhibit back, and an exhibit's page that was reached so must know when it is no longer meant.

export interface Shown {
  exhibit: number;
}

/** What the history says is on show, or null when the entry is not ours. */
export function shownIn(state: unknown): number | null {
  const shown = state as Shown | null;
  return typeof shown?.exhibit === "number" ? shown.exhibit : null;
}

/** The site's root, whatever path it stands under. */
export function siteRoot(): URL {
  return new URL(document.documentElement.dataset.base ?? "./", location.href);
}

/** Makes every relative address of the page absolute, before the page's own address changes. */
export function fixAddresses(): void {
  // The icon's link too: browsers look it up again when the address changes.
  for (const link of document.querySelectorAll<HTMLAnchorElement | HTMLLinkElement>("a[href], link[rel=icon]")) {
    link.href = link.href;
  }
  for (const image of document.querySelectorAll<HTMLImageElement>("img[src]")) image.src = image.src;
  for (const source of document.querySelectorAll<HTMLElement>("[srcset]")) {
    source.setAttribute("srcset", absoluteSet(source.getAttribute("srcset") ?? ""));
  }
}

function absoluteSet(srcset: string): string {
  const one = (candidate: string): string => {
    const [address = "", ...rest] = candidate.trim().split(/\s+/);
    return [new URL(address, location.href).href, ...rest].join(" ");
  };
  return srcset.split(/,\s+/).map(one).join(", ");
}

/** On a page that was reloaded under an address the home page had given it, going back must leave it. */
export function startReloadOnReturn(): void {
  if (shownIn(history.state) === null) return;
  fixAddresses(); // until it has left, its icon is looked up from the address that it returns to
  addEventListener("popstate", (event) => {
    if (shownIn(event.state) !== null) location.reload();
  });
}
