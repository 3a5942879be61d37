// The home page: one exhibit, and a way to the next by key, click or swipe. No server: the next number comes from the visitor's
// own permutation, its entry from one small shard, and its picture is there before it is asked for.
import { fixAddresses, shownIn, siteRoot, type Shown } from "./history";
import { focusTakes, keyIsTaken } from "./keys";
import { Manifest, type Entry } from "./manifest";
import { crossFade } from "./motion";
import { Order } from "./order";
import { Plate } from "./plate";
import { onSwipe } from "./swipe";

const AHEAD = 2; // pictures fetched before they are asked for

/** Brings the home page to life. The first exhibit stands in the HTML; if anything fails, its plain links still work. */
export function startHome(home: HTMLElement): void {
  const another = home.querySelector<HTMLAnchorElement>("[data-another]");
  const address = home.dataset.index;
  const number = Number(home.dataset.number);
  if (!another || !address || !number) return;
  fixAddresses();
  const collection = document.documentElement.dataset.collection ?? "";
  const page = new Home(home, new URL(address, location.href), collection, number);

  another.addEventListener("click", (event) => {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    void page.next();
  });
  addEventListener("keydown", (event) => {
    if (keyIsTaken(event)) return;
    const forward = event.key === "ArrowRight" || (event.key === " " && !focusTakes(event));
    if (forward) {
      event.preventDefault();
      void page.next();
    } else if (event.key === "ArrowLeft") {
      event.preventDefault();
      history.back();
    } else if (event.key === " " && event.target === another) {
      event.preventDefault();
      void page.next();
    }
  });
  onSwipe(home, () => void page.next());
  addEventListener("popstate", (event) => void page.show(shownIn(event.state) ?? number));
  page.hint();
}

class Home {
  private readonly plate: Plate;
  private readonly root = siteRoot();
  private readonly opened: Promise<{ manifest: Manifest; order: Order }>;
  private busy = false;

  constructor(home: HTMLElement, index: URL, collection: string, private shown: number) {
    this.plate = new Plate(home, this.root);
    this.opened = Manifest.open(index).then((manifest) => ({ manifest, order: new Order(manifest, collection) }));
    this.opened.then(() => this.fetchAhead()).catch(() => undefined); // next() falls back to the plain link
    history.replaceState({ exhibit: shown } satisfies Shown, "");
  }

  /** On to the next exhibit. Presses while one is on its way are not queued: they would fly past unseen. */
  async next(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      const { manifest, order } = await this.opened;
      const entry = await manifest.entry(order.next(this.shown));
      await this.plate.load(entry);
      history.pushState({ exhibit: entry.n } satisfies Shown, "", new URL(entry.u, this.root));
      this.put(entry);
      this.fetchAhead();
    } catch {
      location.href = this.plate.link; // offline, or the site was baked anew meanwhile: the plain link leads on
    } finally {
      this.busy = false;
    }
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

  /** Says once, where there is a keyboard, which keys there are. */
  hint(): void {
    this.plate.hint(matchMedia("(hover: hover)").matches ? "or press space" : "or swipe");
  }

  private put(entry: Entry): void {
    this.shown = entry.n;
    crossFade(() => this.plate.put(entry));
  }

  private fetchAhead(): void {
    void this.opened.then(async ({ manifest, order }) => {
      for (const number of order.peek(AHEAD)) this.plate.load(await manifest.entry(number)).catch(() => undefined);
    }).catch(() => undefined);
  }
}
