// The sky: every exhibit of a collection at once, in several orders, under the same filters as the gallery.
import { chosenIn, filtersOf, selectOf, testsOf, type Filter } from "../filters";
import { siteRoot } from "../history";
import { Manifest, mediaAddress } from "../manifest";
import { Places } from "../near/places";
import { readTraits } from "../traits";
import { layouts, type Layout, type Point } from "./layouts";
import { Sprites } from "./sprites";
import { View } from "./view";
import { N, t } from "../words";

const BRIGHT = N("No part of the sky can be drawn here: this browser has no WebGL. The gallery shows the same exhibits, page by page.");

/** Brings the page to life; what does not load is said in a sentence, and the way to the gallery stays. */
export async function startSky(page: HTMLElement): Promise<void> {
  const line = page.querySelector<HTMLElement>("[data-say]");
  const say = (text: string): void => { if (line) line.textContent = text; };
  try {
    const places = await Places.open(new URL(page.dataset.sky ?? "", location.href));
    const index = new URL(page.dataset.index ?? "", location.href);
    const [traits, manifest] = await Promise.all([readTraits(index), Manifest.open(index)]);
    const there = new Map(places.all.map((one) => [one.number, one]));
    const points = traits.flatMap((one): Point[] => {
      const place = there.get(one.number);
      return place ? [{ ...one, x: place.x, y: place.y }] : [];
    });
    new Sky(page, places, points, manifest, say).start();
  } catch (error) {
    page.querySelector("[data-frame]")?.remove(); // its place is not kept any more
    say((error as Error).message === "no WebGL" ? t(BRIGHT) : t("The sky did not load. The gallery shows the same exhibits, page by page."));
  }
}

class Sky {
  private readonly view: View;
  private readonly sprites: Sprites;
  private readonly layouts: Layout[];
  private readonly filters: Filter[];
  private readonly form: HTMLFormElement;
  private layout: Layout;
  private turn = 0; // of what was chosen; a label that comes late is dropped

  constructor(
    private readonly page: HTMLElement,
    private readonly places: Places,
    private readonly points: Point[],
    private readonly manifest: Manifest,
    private readonly say: (text: string) => void,
  ) {
    const { about } = places;
    const [frame, canvas, guide, ring] = ["frame", "canvas", "guide", "ring"].map((name) => this.find<HTMLElement>(name));
    this.form = this.find<HTMLFormElement>("sieve");
    frame!.hidden = false;
    const sprites = points.map(({ number }) => ({ number, sheet: Math.floor((number - 1) / about.sheet), cell: (number - 1) % about.sheet }));
    this.sprites = new Sprites(canvas as HTMLCanvasElement, sprites, about.columns, about.tile, about.dark, () => this.view.redraw());
    this.view = new View(frame!, canvas as HTMLCanvasElement, guide as HTMLCanvasElement, ring!, this.sprites, about.dark, {
      picture: async (number) => this.media(Object.entries((await manifest.entry(number)).s)[0]?.[1] ?? (await manifest.entry(number)).j),
      chosen: (number) => void this.label(number),
    });
    this.layouts = layouts(about.method).filter((one) => one.fits(points));
    const wanted = new URLSearchParams(location.search).get("by");
    this.layout = this.layouts.find((one) => one.name === wanted) ?? this.layouts[0]!;
    this.filters = [classes(points), ...filtersOf(points, document.documentElement.dataset.collection ?? "")].filter((one) => one.options.length);
  }

  start(): void {
    const query = new URLSearchParams(location.search);
    const ways = this.find<HTMLElement>("layouts");
    for (const layout of this.layouts) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = layout.title;
      button.dataset.layout = layout.name;
      button.addEventListener("click", () => {
        this.layout = layout;
        this.show();
      });
      ways.append(button);
    }
    if (this.layouts.length < 2) ways.remove();
    else ways.hidden = false;
    this.form.append(...this.filters.map((filter) => selectOf(filter, this.points, query.get(filter.name) ?? "")));
    this.form.hidden = false;
    this.form.addEventListener("change", () => this.show());
    this.form.addEventListener("submit", (event) => event.preventDefault());
    for (const [name, act] of [["closer", 1.6], ["farther", 1 / 1.6]] as const) {
      this.find(name).addEventListener("click", () => this.view.grow(act));
    }
    this.find("whole").addEventListener("click", () => this.view.fit());
    this.find("tools").hidden = false;
    this.show();
    for (const [position, name] of Object.entries(this.places.about.sheets)) void this.hang(Number(position), name);
    const at = Number(query.get("at"));
    if (this.points.some((one) => one.number === at)) this.view.select(at);
  }

  /** Lays out what the filters leave. */
  private show(): void {
    const chosen = chosenIn(this.form);
    const tests = testsOf(this.filters, chosen);
    const left = this.points.filter((one) => tests.every((test) => test(one)));
    const laid = this.layout.lay(left);
    this.view.show(laid);
    for (const button of this.page.querySelectorAll<HTMLElement>("[data-layout]")) {
      button.setAttribute("aria-pressed", String(button.dataset.layout === this.layout.name));
    }
    const without = left.length - laid.at.size;
    const count = tests.length || without ? `${t("{n} of {all}", { n: laid.at.size, all: this.points.length })}. ` : "";
    this.say(`${count}${this.layout.said}`);
    const query = new URLSearchParams(chosen);
    if (this.layout !== this.layouts[0]) query.set("by", this.layout.name);
    history.replaceState(history.state, "", `${location.pathname}${query.size ? `?${query}` : ""}`);
  }

  /** A sheet of little pictures; one that does not load leaves its points dark, and they can still be chosen. */
  private async hang(position: number, name: string): Promise<void> {
    try {
      const answer = await fetch(new URL(name, new URL(this.page.dataset.sky ?? "", location.href)));
      if (!answer.ok) throw new Error(`${answer.status}`);
      this.sprites.hang(position, await createImageBitmap(await answer.blob()));
    } catch {
      this.say(t("Some of the little pictures did not load; their exhibits can still be chosen."));
    }
  }

  /** Says which exhibit was chosen, and leads there. */
  private async label(number: number | null): Promise<void> {
    this.turn += 1;
    const { turn } = this;
    const card = this.find<HTMLElement>("card");
    if (number === null) {
      card.hidden = true;
      return;
    }
    const entry = await this.manifest.entry(number).catch(() => null);
    if (turn !== this.turn || !entry) return;
    const address = new URL(entry.u, siteRoot()).href;
    this.find<HTMLAnchorElement>("ring").href = address;
    const link = card.querySelector("a");
    const image = card.querySelector("img") ?? document.createElement("img");
    const found = card.querySelector<HTMLElement>(".class");
    if (link) {
      link.href = address;
      link.textContent = entry.d ?? entry.t;
    }
    if (found) found.textContent = entry.c;
    image.width = image.height = 192;
    image.alt = entry.alt ?? "";
    image.src = this.media(Object.values(entry.s)[0] ?? entry.j);
    card.prepend(image);
    card.hidden = false;
  }

  private media(key: string): string {
    return mediaAddress(key, siteRoot());
  }

  private find<E extends HTMLElement>(name: string): E {
    const element = this.page.querySelector<E>(`[data-${name}]`);
    if (!element) throw new Error(`the page has no ${name}`);
    return element;
  }
}

function classes(all: Point[]): Filter {
  const seen = new Map(all.filter((one) => one.class).map((one) => [one.class, one.called]));
  const options = [...seen].map(([value, label]) => ({ value, label, test: (one: { class: string }) => one.class === value }));
  return { name: "class", title: t("class"), options: options.length > 1 ? options : [] };
}
