// Search over captions and classes: Pagefind's index, read in parts, and only the parts that a question needs.
import { siteRoot } from "./history";
import { mediaAddress } from "./manifest";
import { t, tn } from "./words";

const AT_ONCE = 24; // results that are shown at a time

interface Found {
  id: string;
  data(): Promise<{ url: string; raw_url?: string; meta: Record<string, string> }>;
}
interface Pagefind {
  options(settings: Record<string, unknown>): Promise<void>;
  search(words: string): Promise<{ results: Found[] }>;
}

/** Brings the page to life; `?q=` asks at once. */
export function startSearch(page: HTMLElement): void {
  const form = page.querySelector<HTMLFormElement>("[data-search-form]");
  const field = form?.elements.namedItem("q") as HTMLInputElement | null;
  if (form && field) new Search(page, form, field).start();
}

class Search {
  private index: Promise<Pagefind> | null = null;
  private turn = 0;
  private rest: Found[] = [];

  constructor(
    private readonly page: HTMLElement,
    private readonly form: HTMLFormElement,
    private readonly field: HTMLInputElement,
  ) {}

  start(): void {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      history.replaceState(history.state, "", `?${new URLSearchParams({ q: this.field.value })}`);
      void this.ask();
    });
    this.find("[data-later]")?.addEventListener("click", () => void this.more(this.turn));
    this.form.hidden = false;
    this.field.value = new URLSearchParams(location.search).get("q") ?? "";
    if (this.field.value) void this.ask();
    else this.field.focus();
  }

  private async ask(): Promise<void> {
    this.turn += 1;
    const mine = this.turn;
    const words = this.field.value.trim().split(/\s+/).filter(Boolean);
    const wanted = words.filter((word) => !word.startsWith("-")).join(" ");
    const unwanted = words.filter((word) => word.startsWith("-") && word.length > 1).map((word) => word.slice(1));
    this.say("");
    try {
      this.index ??= this.load();
      const index = await this.index;
      // without a word to look for, Pagefind gives all that there is
      const { results } = await index.search(wanted || (null as unknown as string));
      const out = new Set<string>();
      for (const word of unwanted) for (const one of (await index.search(word)).results) out.add(one.id);
      if (mine !== this.turn) return;
      this.rest = words.length ? results.filter((one) => !out.has(one.id)) : [];
      const count = this.rest.length;
      this.say(!words.length ? "" : count ? tn("{n} exhibit", "{n} exhibits", count) : t("Nothing here is described so."));
      this.find("[data-found]")?.replaceChildren();
      await this.more(mine);
    } catch {
      this.index = null;
      this.say(t("The index did not load. The gallery is sorted by class without it."));
    }
  }

  private async load(): Promise<Pagefind> {
    const index = (await import(new URL(this.page.dataset.search ?? "", location.href).href)) as Pagefind;
    await index.options({ baseUrl: "/", excerptLength: 0 });
    return index;
  }

  private async more(mine: number): Promise<void> {
    const next = await Promise.all(this.rest.splice(0, AT_ONCE).map((one) => one.data()));
    if (mine !== this.turn) return;
    this.find("[data-found]")?.append(...next.map((one) => tile(one.raw_url ?? one.url, one.meta)));
    const later = this.find<HTMLElement>("[data-later]");
    if (later) later.hidden = this.rest.length === 0;
  }

  private say(text: string): void {
    const line = this.find("[data-say]");
    if (line) line.textContent = text;
  }

  private find<E extends Element>(selector: string): E | null {
    return this.page.querySelector<E>(selector);
  }
}

/** A result as a tile of the gallery; only text and addresses are set. */
function tile(address: string, meta: Record<string, string>): HTMLElement {
  const item = document.createElement("li");
  item.className = "tile";
  const link = document.createElement("a");
  link.href = new URL(address.replace(/^\//, ""), siteRoot()).href;
  const holder = document.createElement("span");
  holder.className = "picture";
  const image = document.createElement("img");
  image.className = "exposure";
  [image.width, image.height] = [192, 192];
  image.alt = meta.title ?? "";
  image.loading = "lazy";
  image.src = mediaAddress(meta.image ?? "", siteRoot());
  holder.append(image);
  const label = document.createElement("span");
  label.className = "label";
  const [designation, found] = [document.createElement("span"), document.createElement("span")];
  [designation.className, found.className] = ["designation", "class"];
  [designation.textContent, found.textContent] = [meta.designation ?? "", meta.found ?? ""];
  label.append(designation, " ", found);
  link.append(holder, label);
  item.append(link);
  return item;
}
