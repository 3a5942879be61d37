// The picture of the home page and the line below it.
import { mediaAddress, type Entry } from "./manifest";
import { perCent } from "./words";

const KEPT = 8; // decoded pictures held: those ahead, and a few that the back button may ask for

interface Loading {
  picture: HTMLPictureElement;
  decoded: Promise<unknown>;
}

/** Writes exhibits into the markup that the bake made for the first one. */
export class Plate {
  private readonly pictures = new Map<number, Loading>();

  constructor(
    private readonly home: HTMLElement,
    private readonly root: URL,
  ) {}

  /** Where "another" leads without this script. */
  get link(): string {
    return this.find<HTMLAnchorElement>("[data-another]")?.href ?? this.root.href;
  }

  /** The page of the exhibit on show. */
  get page(): string {
    return this.find<HTMLAnchorElement>("[data-link]")?.href ?? location.href;
  }

  /** Resolves when the picture is decoded, so that the fade never ends in an empty plate. The same picture is fetched once. */
  load(entry: Entry): Promise<unknown> {
    let loading = this.pictures.get(entry.n);
    if (!loading) {
      const picture = this.picture(entry);
      const decoded = picture.querySelector("img")?.decode() ?? Promise.resolve();
      loading = { picture, decoded };
      this.pictures.set(entry.n, loading);
      decoded.catch(() => this.pictures.delete(entry.n)); // a failed fetch may be tried again
      if (this.pictures.size > KEPT) this.pictures.delete([...this.pictures.keys()][0] ?? 0);
    }
    return loading.decoded;
  }

  /** Puts the exhibit in place of the one on show. Only text and addresses are set: nothing is ever parsed as HTML. */
  put(entry: Entry): void {
    const page = new URL(entry.u, this.root).href;
    this.find("picture")?.replaceWith(this.pictures.get(entry.n)?.picture ?? this.picture(entry));
    this.find(".placeholder")?.remove();
    for (const link of this.home.querySelectorAll<HTMLAnchorElement>("[data-link]")) link.href = page;
    this.write("[data-designation]", entry.d ?? entry.t);
    this.write("[data-class]", entry.c);
    this.write("[data-probability]", entry.p === null ? "" : percent(entry.p));
    this.write("[data-announce]", [entry.d ?? entry.t, entry.c].filter(Boolean).join(", "));
  }

  /** The line that names the keys. */
  hint(text: string): void {
    const hint = this.find<HTMLElement>("[data-hint]");
    if (!hint) return;
    hint.textContent = text;
    hint.hidden = false;
  }

  private picture(entry: Entry): HTMLPictureElement {
    const old = this.find("picture source");
    const picture = document.createElement("picture");
    const source = document.createElement("source");
    source.type = "image/avif";
    source.sizes = old?.getAttribute("sizes") ?? "100vw";
    source.srcset = Object.entries(entry.s).map(([width, key]) => `${this.media(key)} ${width}w`).join(", ");
    const image = document.createElement("img");
    image.className = "exposure";
    image.decoding = "async";
    image.width = entry.w;
    image.height = entry.h;
    image.alt = entry.alt ?? entry.c;
    if (source.srcset) picture.append(source);
    picture.append(image);
    image.src = this.media(entry.j); // last: the browser chooses once it knows the alternatives
    return picture;
  }

  private media(key: string): string {
    return mediaAddress(key, this.root);
  }

  private write(selector: string, text: string): void {
    const element = this.find(selector);
    if (element) element.textContent = text;
  }

  private find<E extends Element>(selector: string): E | null {
    return this.home.querySelector<E>(selector);
  }
}

/** A probability as a label, as the bake writes it: never 0 % or 100 %, which nothing measured can be. */
function percent(share: number): string {
  if (share < 0.005) return `< ${perCent(0.01)}`;
  return share > 0.995 ? `> ${perCent(0.99)}` : perCent(share);
}
