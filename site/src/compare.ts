// Two exhibits side by side: what their own pages say, fetched and set beside each other.
import { siteRoot } from "./history";
import { t } from "./words";

const PARTS = [".plate .picture", ".card-head", ".caption", ".classes", ".surface", ".measurements:not(.steps)"];
const ADDRESSES = ["src", "href"] as const;

/** Brings the page to life: `?a=` and `?b=` name the numbers, the form changes them. */
export function startCompare(page: HTMLElement): void {
  const form = page.querySelector<HTMLFormElement>("[data-compare-form]");
  const table = page.querySelector<HTMLElement>("[data-pair]");
  const said = page.querySelector<HTMLElement>("[data-say]");
  const collection = document.documentElement.dataset.collection ?? "";
  const exhibits = document.documentElement.dataset.exhibits ?? collection;
  if (!form || !table || !said) return;
  const field = (name: string): HTMLInputElement => form.elements.namedItem(name) as HTMLInputElement;
  const query = new URLSearchParams(location.search);
  for (const name of ["a", "b"]) field(name).value = String(Math.max(1, Math.round(Number(query.get(name)) || Number(field(name).value))));
  let turn = 0;
  const show = async (): Promise<void> => {
    turn += 1;
    const mine = turn;
    const numbers = ["a", "b"].map((name) => field(name).valueAsNumber);
    const columns = await Promise.all(numbers.map((number) => column(new URL(`${exhibits}/${number}.html`, siteRoot()), number)));
    if (mine !== turn) return;
    table.replaceChildren(...columns.flatMap((one) => one ?? []));
    const missing = numbers.filter((_, i) => !columns[i]);
    said.textContent = missing.length ? t("Not here, or it did not load: {numbers}.", { numbers: missing.join(", ") }) : "";
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    history.replaceState(history.state, "", `?a=${field("a").value}&b=${field("b").value}`);
    void show();
  });
  form.hidden = false;
  void show();
}

/** What the exhibit's page says, or null when there is none. Nothing in it runs: it is parsed, and scripts are not taken. */
async function column(address: URL, number: number): Promise<HTMLElement | null> {
  try {
    const answer = await fetch(address);
    if (!answer.ok) return null;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!page.querySelector(PARTS[0] as string)) return null; // the number of one that is no longer shown
    const made = document.createElement("article");
    made.className = "card";
    made.setAttribute("aria-label", t("Exhibit {number}", { number }));
    for (const part of PARTS) {
      const found = page.querySelector(part);
      if (found) made.append(link(document.importNode(found, true), part, address));
    }
    made.querySelector("h1")?.replaceWith(heading(made.querySelector("h1")));
    return made;
  } catch {
    return null; // offline
  }
}

/** The part with whole addresses and without names that would stand twice on the page; the picture leads to its page. */
function link(part: Element, kind: string, address: URL): Element {
  for (const element of [part, ...part.querySelectorAll("*")]) {
    element.removeAttribute("id");
    element.removeAttribute("aria-labelledby");
    for (const name of ADDRESSES) {
      const value = element.getAttribute(name);
      if (value) element.setAttribute(name, new URL(value, address).href);
    }
    const set = element.getAttribute("srcset");
    if (set) element.setAttribute("srcset", set.split(/,\s+/).map((one) => one.replace(/^\S+/, (file) => new URL(file, address).href)).join(", "));
  }
  if (kind !== PARTS[0]) return part;
  const anchor = document.createElement("a");
  anchor.href = address.href;
  anchor.append(part);
  return anchor;
}

function heading(old: Element | null): HTMLElement {
  const made = document.createElement("h2");
  made.className = "card-title";
  made.textContent = old?.textContent ?? "";
  return made;
}
