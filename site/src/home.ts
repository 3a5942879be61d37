// The home page: one exhibit, and a way to the next by key, click or swipe. No server: the next number comes from the visitor's
// own permutation, its entry from one small shard, and its picture is there before it is asked for.
import { inStep, ofName, todays } from "./chosen";
import { fixAddresses, shownIn, siteRoot, type Shown } from "./history";
import { startKeepButton } from "./kept";
import { focusTakes, keyIsTaken } from "./keys";
import { Manifest, type Entry } from "./manifest";
import { crossFade } from "./motion";
import { Order } from "./order";
import { Plate } from "./plate";
import { startShare } from "./share";
import type { Pace } from "./slideshow";
import { onSwipe } from "./swipe";
import { t } from "./words";

const AHEAD = 2; // pictures fetched before they are asked for

/** Brings the home page to life. The first exhibit stands in the HTML; if anything fails, its plain links still work. */
export function startHome(home: HTMLElement): void {
  const another = home.querySelector<HTMLAnchorElement>("[data-another]");
  const address = home.dataset.index;
  const number = Number(home.dataset.number);
  if (!another || !address || !number) return;
  const query = new URLSearchParams(location.search); // before the address becomes the exhibit's
  fixAddresses();
  const collection = document.documentElement.dataset.collection ?? "";
  const page = new Home(home, new URL(address, location.href), collection, number);

  another.addEventListener("click", (event) => {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    void page.next();
  });
  addEventListener("keydown", (event) => {
    if (keyIsTaken(event) || page.running) return;
    const forward = event.key === "ArrowRight" || (event.key === " " && !focusTakes(event));
    if (forward || (event.key === " " && event.target === another)) {
      event.preventDefault();
      void page.next();
    } else if (event.key === "ArrowLeft") {
      event.preventDefault();
      history.back();
    }
  });
  onSwipe(home, () => void page.next());
  addEventListener("popstate", (event) => void page.show(shownIn(event.state) ?? number));
  page.hint();
  startWays(home, page, query);
}

/** The other ways to an exhibit: today's, that of a name, the slideshow; and what may be done with the one on show. */
function startWays(home: HTMLElement, page: Home, query: URLSearchParams): void {
  const find = <E extends Element>(selector: string): E | null => home.querySelector<E>(selector);
  const form = find<HTMLFormElement>("[data-name-form]");
  const field = form?.querySelector("input");
  find<HTMLElement>("[data-ways]")?.removeAttribute("hidden");
  find("[data-today]")?.addEventListener("click", () => void page.visit(todays));
  find("[data-name-open]")?.addEventListener("click", (event) => {
    if (!form) return;
    form.hidden = !form.hidden;
    (event.currentTarget as HTMLElement).setAttribute("aria-expanded", String(!form.hidden));
    if (!form.hidden) field?.focus();
  });
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    if (field?.value.trim()) void page.visit((manifest) => ofName(manifest, field.value));
  });
  find("[data-slideshow]")?.addEventListener("click", () => void page.slideshow(true));
  const share = find<HTMLButtonElement>("[data-share]");
  if (share) startShare(share, () => ({ title: document.title, url: page.address }));
  const keep = find<HTMLButtonElement>("[data-keep]");
  if (keep) page.changed(startKeepButton(keep, page.collection, () => page.number));

  const name = query.get("name");
  if (query.has("slideshow")) void page.slideshow(false, query);
  else if (query.has("today")) void page.visit(todays);
  else if (name?.trim()) void page.visit((manifest) => ofName(manifest, name));
}

class Home {
  running = false; // whether the slideshow has the page
  private readonly plate: Plate;
  private readonly root = siteRoot();
  private readonly opened: Promise<{ manifest: Manifest; order: Order }>;
  private readonly listeners: (() => void)[] = [];
  private busy = false;

  constructor(
    private readonly home: HTMLElement,
    index: URL,
    readonly collection: string,
    private shown: number,
  ) {
    this.plate = new Plate(home, this.root);
    this.opened = Manifest.open(index).then((manifest) => ({ manifest, order: new Order(manifest, collection) }));
    this.opened.then(() => this.fetchAhead()).catch(() => undefined); // next() falls back to the plain link
    history.replaceState({ exhibit: shown } satisfies Shown, "");
  }

  /** The number on show. */
  get number(): number {
    return this.shown;
  }

  /** The address of the exhibit on show. */
  get address(): string {
    return this.plate.page;
  }

  /** Calls `listener` whenever another exhibit is on show. */
  changed(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** On to the next exhibit of the visitor's own order. */
  async next(): Promise<void> {
    await this.go((_, order) => order.next(this.shown));
    this.fetchAhead();
  }

  /** To an exhibit that `choose` names. */
  async visit(choose: (manifest: Manifest) => number): Promise<void> {
    await this.go((manifest) => choose(manifest));
  }

  /** Shows the exhibit that the history has come back to. */
  async show(number: number): Promise<void> {
    if (number === this.shown) return;
    try {
      const entry = await (await this.opened).manifest.entry(number);
      await this.plate.load(entry);
      this.put(entry);
    } catch {
      location.reload();
    }
  }

  /** Hands the page to the slideshow. One that an address asked for keeps that address, so that a reload goes on. */
  async slideshow(pressed: boolean, query = new URLSearchParams("slideshow")): Promise<void> {
    const stop = this.home.querySelector<HTMLButtonElement>("[data-stop]");
    if (this.running || !stop) return;
    this.running = true;
    try {
      const [{ Slideshow, paceIn }, { manifest }] = await Promise.all([import("./slideshow"), this.opened]);
      const at = (step: number): Promise<Entry> => manifest.entry(inStep(manifest, step));
      const stage = {
        ready: async (step: number) => this.plate.load(await at(step)),
        put: async (step: number) => {
          const entry = await at(step);
          this.put(entry);
          if (pressed) history.replaceState({ exhibit: entry.n } satisfies Shown, "", new URL(entry.u, this.root));
        },
      };
      const ended = (): void => { this.running = false; };
      await new Slideshow(stage, stop, ended, paceIn(query) as Pace).start(pressed);
    } catch {
      this.running = false; // offline: the page stays as it is
    }
  }

  /** Says once, where there is a keyboard, which keys there are. */
  hint(): void {
    this.plate.hint(matchMedia("(hover: hover)").matches ? t("or press space") : t("or swipe"));
  }

  /** Presses while an exhibit is on its way are not queued: they would fly past unseen. */
  private async go(choose: (manifest: Manifest, order: Order) => number): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      const { manifest, order } = await this.opened;
      const entry = await manifest.entry(choose(manifest, order));
      await this.plate.load(entry);
      const state = { exhibit: entry.n } satisfies Shown;
      const page = new URL(entry.u, this.root);
      if (entry.n === this.shown) history.replaceState(state, "", page);
      else history.pushState(state, "", page);
      this.put(entry);
    } catch {
      location.href = this.plate.link; // offline, or the site was baked anew meanwhile: the plain link leads on
    } finally {
      this.busy = false;
    }
  }

  private put(entry: Entry): void {
    this.shown = entry.n;
    crossFade(() => this.plate.put(entry));
    for (const listener of this.listeners) listener();
  }

  private fetchAhead(): void {
    void this.opened.then(async ({ manifest, order }) => {
      for (const number of order.peek(AHEAD)) this.plate.load(await manifest.entry(number)).catch(() => undefined);
    }).catch(() => undefined);
  }
}
