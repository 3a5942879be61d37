// Filters of the gallery: one quiet line of words, each with how many there are. Read from the site's own tables.
import type { Roll } from "./gallery";
import { chosenIn, filtersOf, selectOf, testsOf, type Filter } from "./filters";
import { siteRoot } from "./history";
import { kept } from "./kept";
import { Manifest, type Entry } from "./manifest";
import { newTile } from "./tile";
import { readTraits, type Traits } from "./traits";
import { t } from "./words";

const AT_ONCE = 48; // tiles that are added at a time

/** Fills the form with filters; the grid of plain pages gives way while any is set. */
export function startSieve(gallery: HTMLElement, form: HTMLFormElement, roll: Roll): void {
  const address = gallery.dataset.index;
  if (!address) return;
  const index = new URL(address, location.href);
  const collection = document.documentElement.dataset.collection ?? "";
  const only = gallery.dataset.only ?? "";
  Promise.all([readTraits(index), Manifest.open(index)])
    .then(([all, manifest]) => {
      const here = all.filter((one) => !only || one.class === only);
      if (here.length) new Sieve(gallery, form, roll, here, manifest, collection).start();
    })
    .catch(() => undefined); // the plain gallery stays
}

class Sieve {
  private readonly filters: Filter[];
  private readonly found = document.createElement("ul");
  private readonly button = document.createElement("button");
  private readonly count: HTMLElement | null;
  private matching: Traits[] = [];
  private showing = 0;
  private turn = 0; // of the visitor's choices; what an older one fetched is dropped

  constructor(
    gallery: HTMLElement,
    private readonly form: HTMLFormElement,
    private readonly roll: Roll,
    private readonly all: Traits[],
    private readonly manifest: Manifest,
    private readonly collection: string,
  ) {
    this.filters = filtersOf(all, collection);
    this.count = gallery.querySelector("[data-count]");
    this.found.className = "grid";
    this.found.hidden = true;
    this.button.type = "button";
    this.button.className = "more";
    this.button.textContent = t("more");
    this.button.hidden = true;
    gallery.querySelector("[data-grid]")?.after(this.found, this.button);
  }

  start(): void {
    const query = new URLSearchParams(location.search);
    for (const filter of this.filters) this.form.append(selectOf(filter, this.all, query.get(filter.name) ?? ""));
    this.form.append(this.action(t("one at random"), () => this.random()), this.action(t("download what is kept"), () => this.download()));
    this.form.addEventListener("change", () => {
      this.address();
      void this.show();
    });
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.button.addEventListener("click", () => void this.add());
    this.form.hidden = false;
    void this.show();
  }

  private action(text: string, act: () => void): HTMLElement {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.addEventListener("click", act);
    return button;
  }

  /** The choice becomes part of the address: it can be shared, and Back finds it again. */
  private address(): void {
    const query = new URLSearchParams();
    for (const [name, value] of chosenIn(this.form)) query.set(name, value);
    history.replaceState(history.state, "", `${location.pathname}${query.size ? `?${query}` : ""}`);
  }

  private async show(): Promise<void> {
    const chosen = chosenIn(this.form);
    this.turn += 1;
    const tests = testsOf(this.filters, chosen);
    this.matching = this.all.filter((one) => tests.every((test) => test(one)));
    const active = tests.length > 0;
    this.roll.hidden = active;
    this.found.hidden = !active;
    this.found.replaceChildren();
    this.showing = 0;
    if (this.count) this.count.textContent = active ? t("{n} of {all}", { n: this.matching.length, all: this.all.length }) : "";
    if (active) await this.add();
    else this.button.hidden = true;
  }

  private async add(): Promise<void> {
    const turn = this.turn;
    const next = this.matching.slice(this.showing, this.showing + AT_ONCE);
    let entries: Entry[];
    try {
      entries = await Promise.all(next.map((one) => this.manifest.entry(one.number)));
    } catch {
      if (this.count && turn === this.turn) this.count.textContent = t("A part of the gallery did not load: try again.");
      return;
    }
    if (turn !== this.turn) return; // the visitor has chosen anew meanwhile
    const root = siteRoot();
    this.found.append(...entries.map((entry) => newTile(entry, root)));
    this.showing += next.length;
    this.button.hidden = this.showing >= this.matching.length;
  }

  /** To an exhibit at random among those that the filters leave: also the way to a random one of a class. */
  private random(): void {
    const [draw = 0] = crypto.getRandomValues(new Uint32Array(1));
    const one = this.matching[draw % Math.max(1, this.matching.length)];
    if (one) void this.manifest.entry(one.number).then((entry) => location.assign(new URL(entry.u, siteRoot())));
  }

  /** The kept exhibits as a list: number, class and address. */
  private download(): void {
    const numbers = kept(this.collection);
    const named = new Map(this.all.map((one) => [one.number, one.class]));
    const lines = numbers.map((n) => `NONESUCH ${n},${named.get(n) ?? ""},${new URL(`${this.collection}/${n}.html`, siteRoot()).href}`);
    const link = document.createElement("a");
    link.download = `nonesuch-${this.collection}-kept.csv`;
    link.href = URL.createObjectURL(new Blob([["designation,class,address", ...lines, ""].join("\n")], { type: "text/csv" }));
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
}
