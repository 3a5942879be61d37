// The gallery with a script: more tiles without leaving the page, the same place on Back, filters, and a light table.
import { startSieve } from "./sieve";
import { t } from "./words";

const MARGIN = "1200px"; // how far below the window the next page is fetched, once the visitor has asked for more

/** Brings a gallery page to life. */
export function startGallery(gallery: HTMLElement): void {
  const grid = gallery.querySelector<HTMLElement>("[data-grid]");
  const button = gallery.querySelector<HTMLButtonElement>("[data-more]");
  if (!grid || !button) return;
  const roll = new Roll(grid, button, gallery.querySelector<HTMLElement>(".pages"));
  const sieve = gallery.querySelector<HTMLFormElement>("[data-sieve]");
  if (sieve) startSieve(gallery, sieve, roll);
  addEventListener("keydown", (event) => {
    const tile = document.activeElement?.closest(".tile");
    if (event.key !== "z" || !tile || event.ctrlKey || event.metaKey || event.altKey) return;
    const images = [...gallery.querySelectorAll<HTMLImageElement>(".grid:not([hidden]) .exposure")];
    const index = images.findIndex((image) => tile.contains(image));
    void import("./zoom").then(({ zoom }) => zoom(images, index)).catch(() => undefined);
  });
}

/** The plain pages of the gallery, rolled out one below the other when the visitor asks for more. */
export class Roll {
  private next: string | null;
  private pages = 0; // that were added to the first
  private asked = false;
  private loading: Promise<void> | null = null;
  private readonly key = `nonesuch.roll.${location.pathname}`;

  constructor(
    private readonly grid: HTMLElement,
    private readonly button: HTMLButtonElement,
    private readonly nav: HTMLElement | null,
  ) {
    this.next = this.later(document);
    button.addEventListener("click", () => {
      this.asked = true;
      void this.more();
    });
    const near = new IntersectionObserver(([entry]) => {
      if (entry?.isIntersecting && this.asked) void this.more();
    }, { rootMargin: MARGIN });
    near.observe(button);
    addEventListener("pagehide", () => this.save());
    this.label();
    void this.restore();
  }

  /** Hides the rolled-out pages while something else is shown in their place. */
  set hidden(hidden: boolean) {
    this.grid.hidden = hidden;
    if (this.nav) this.nav.hidden = hidden;
    this.button.hidden = hidden || !this.next;
  }

  private async more(): Promise<void> {
    this.loading ??= this.add().finally(() => { this.loading = null; });
    await this.loading;
  }

  private async add(): Promise<void> {
    const address = this.next;
    if (!address) return;
    try {
      const answer = await fetch(address);
      if (!answer.ok) throw new Error(`${answer.status}`);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html"); // nothing in it runs
      this.grid.append(...page.querySelectorAll("[data-grid] > .tile"));
      this.next = this.later(page);
      this.pages += 1;
    } catch {
      this.asked = false; // the plain links below still lead on
      this.button.textContent = t("The next page did not load. Try again");
      return;
    }
    this.label();
  }

  private later(page: Document): string | null {
    const link = page.querySelector<HTMLAnchorElement>(".pages a[rel=next]")?.getAttribute("href");
    return link ? new URL(link, location.href).href : null;
  }

  private label(): void {
    this.button.textContent = t("more");
    this.button.hidden = !this.next || this.grid.hidden;
  }

  private save(): void {
    try {
      sessionStorage.setItem(this.key, JSON.stringify({ pages: this.pages, y: scrollY }));
    } catch {
      // blocked or full: Back begins at the top
    }
  }

  /** On Back, unless the browser kept the page as it was: as many pages as before, at the same place. */
  private async restore(): Promise<void> {
    const [entry] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
    if (entry?.type !== "back_forward") return;
    try {
      const saved = JSON.parse(sessionStorage.getItem(this.key) ?? "null") as { pages: number; y: number } | null;
      if (!saved || saved.pages < 1) return;
      this.asked = true;
      while (this.pages < saved.pages && this.next && this.asked) await this.more();
      scrollTo({ top: saved.y, behavior: "instant" });
    } catch {
      // someone else's value under our name
    }
  }
}
