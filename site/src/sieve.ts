// Filters of the gallery: one quiet line of words, each with how many there are. Read from the site's own tables.
import type { Roll } from "./gallery";
import { siteRoot } from "./history";
import { kept } from "./kept";
import { Manifest, type Entry } from "./manifest";
import { newTile } from "./tile";
import { readTraits, type Traits } from "./traits";

const AT_ONCE = 48; // tiles that are added at a time

type Test = (one: Traits) => boolean;

/** A filter: its name in the address, what it is called, and what it can be set to. */
interface Filter {
  name: string;
  title: string;
  options: { value: string; label: string; test: Test }[];
}

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
    this.button.textContent = "more";
    this.button.hidden = true;
    gallery.querySelector("[data-grid]")?.after(this.found, this.button);
  }

  start(): void {
    const query = new URLSearchParams(location.search);
    for (const filter of this.filters) this.form.append(this.select(filter, query.get(filter.name) ?? ""));
    this.form.append(this.action("one at random", () => this.random()), this.action("download what is kept", () => this.download()));
    this.form.addEventListener("change", () => {
      this.address();
      void this.show();
    });
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.button.addEventListener("click", () => void this.add());
    this.form.hidden = false;
    void this.show();
  }

  private select(filter: Filter, chosen: string): HTMLElement {
    const label = document.createElement("label");
    const select = document.createElement("select");
    select.name = filter.name;
    select.append(new Option(filter.name === "kept" ? filter.title : `any ${filter.title}`, ""));
    for (const { value, label: text, test } of filter.options) {
      select.append(new Option(`${text} (${this.all.filter(test).length})`, value));
    }
    select.value = filter.options.some((one) => one.value === chosen) ? chosen : "";
    const name = document.createElement("span");
    name.className = "visually-hidden";
    name.textContent = filter.title;
    label.append(name, select);
    return label;
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
    for (const [name, value] of this.chosen()) query.set(name, value);
    history.replaceState(history.state, "", `${location.pathname}${query.size ? `?${query}` : ""}`);
  }

  private chosen(): [string, string][] {
    const values = [...new FormData(this.form)].map(([name, value]): [string, string] => [name, String(value)]);
    return values.filter(([, value]) => value !== "");
  }

  private async show(): Promise<void> {
    const chosen = this.chosen();
    this.turn += 1;
    const tests = chosen.flatMap(([name, value]) => {
      const option = this.filters.find((one) => one.name === name)?.options.find((one) => one.value === value);
      return option ? [option.test] : [];
    });
    this.matching = this.all.filter((one) => tests.every((test) => test(one)));
    const active = tests.length > 0;
    this.roll.hidden = active;
    this.found.hidden = !active;
    this.found.replaceChildren();
    this.showing = 0;
    if (this.count) this.count.textContent = active ? `${this.matching.length} of ${this.all.length}` : "";
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
      if (this.count && turn === this.turn) this.count.textContent = "A part of the gallery did not load: try again.";
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

/** The filters that this collection's traits allow. */
function filtersOf(all: Traits[], collection: string): Filter[] {
  const mine = new Set(kept(collection));
  const filters: Filter[] = [
    thirds(all, "colour", "colour", ["bluest third", "middle third", "reddest third"], (one) => one.colour),
    thirds(all, "size", "size", ["smallest third", "middle third", "largest third"], (one) => one.size),
    {
      name: "sure",
      title: "confidence",
      options: [
        { value: "high", label: "over 80 % sure", test: (one: Traits) => (one.sure ?? -1) > 80 },
        { value: "middle", label: "50 to 80 % sure", test: (one: Traits) => (one.sure ?? -1) >= 50 && (one.sure ?? 101) <= 80 },
        { value: "low", label: "under 50 % sure", test: (one: Traits) => (one.sure ?? 101) < 50 },
      ].filter(({ test }) => all.some(test)),
    },
    named(all, "model", "model", (one) => one.model),
    named(all, "night", "night", (one) => one.day),
    { name: "kept", title: "kept or not", options: [{ value: "yes", label: "kept by you", test: (one) => mine.has(one.number) }] },
  ];
  return filters.filter((one) => one.options.length > 1 || one.name === "kept"); // with one setting there is no choice
}

/** Three parts of equal size, by what is here: no outside scale is meant. */
function thirds(all: Traits[], name: string, title: string, labels: string[], of: (one: Traits) => number | null): Filter {
  const values = all.flatMap((one) => of(one) ?? []).sort((a, b) => a - b);
  const at = (share: number): number => values[Math.floor(share * values.length)] ?? 0;
  const edges = [-Infinity, at(1 / 3), at(2 / 3), Infinity];
  const options = labels.map((label, i) => ({
    value: String(i + 1),
    label,
    test: (one: Traits) => {
      const value = of(one);
      return value !== null && value >= (edges[i] ?? 0) && value < (edges[i + 1] ?? 0);
    },
  }));
  return { name, title, options: values.length < 3 ? [] : options };
}

function named(all: Traits[], name: string, title: string, of: (one: Traits) => string): Filter {
  const values = [...new Set(all.map(of).filter(Boolean))].sort();
  return { name, title, options: values.map((value) => ({ value, label: value, test: (one: Traits) => of(one) === value })) };
}
