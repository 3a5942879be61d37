// A tile of the gallery, made of a shard's entry as the bake's template makes it of a row.
import { mediaAddress, type Entry } from "./manifest";

/** The tile; only text and addresses are set, nothing is parsed as HTML. */
export function newTile(entry: Entry, root: URL): HTMLLIElement {
  const media = (key: string): string => mediaAddress(key, root);
  const tile = make("li", "tile");
  const link = make("a");
  link.href = new URL(entry.u, root).href;
  const holder = make("span", "picture");
  const picture = make("picture");
  const source = make("source");
  source.type = "image/avif";
  source.sizes = "(max-width: 600px) 46vw, 192px";
  source.srcset = Object.entries(entry.s).map(([width, key]) => `${media(key)} ${width}w`).join(", ");
  const image = make("img", "exposure");
  image.width = entry.w;
  image.height = entry.h;
  image.alt = entry.alt ?? entry.c;
  image.loading = "lazy";
  image.decoding = "async";
  picture.append(source, image);
  holder.append(picture);
  const label = make("span", "label");
  const designation = make("span", "designation");
  designation.textContent = entry.d ?? entry.t;
  const found = make("span", "class");
  found.textContent = entry.c;
  label.append(designation, " ", found);
  link.append(holder, label);
  tile.append(link);
  image.src = media(entry.j); // last: the browser chooses once it knows the alternatives
  return tile;
}

function make<K extends keyof HTMLElementTagNameMap>(name: K, className = ""): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  if (className) element.className = className;
  return element;
}
