// On an exhibit's page: what else here looks like it.
import { siteRoot } from "../history";
import { Neighbourhood } from "./strip";
import { t } from "../words";

const COUNT = 6;

/** Shows a row of exhibits below `tools`; a sentence where they do not load. Once it is there, it is brought into sight. */
export async function showAlike(tools: HTMLElement, collection: string, number: number): Promise<void> {
  const after = tools.closest("main") ?? tools;
  let section = after.querySelector<HTMLElement>(".alike");
  if (!section) {
    section = document.createElement("section");
    section.className = "alike";
    section.setAttribute("aria-label", t("Exhibits that look like this one"));
    section.append(heading(), await row(collection, number));
    after.append(section);
  }
  section.scrollIntoView({ block: "nearest" });
  section.querySelector<HTMLElement>("a")?.focus({ preventScroll: true });
}

function heading(): HTMLElement {
  const title = document.createElement("h2");
  title.textContent = t("Looks alike");
  return title;
}

async function row(collection: string, number: number): Promise<HTMLElement> {
  const box = document.createElement("div");
  const note = document.createElement("p");
  note.className = "fine";
  const root = siteRoot();
  const home = document.documentElement.dataset.folder ?? "";
  const data = (name: string, there = ""): string => new URL(`${there}data/${collection}/${name}.json`, root).href;
  try {
    const here = await Neighbourhood.open(data("sky"), data("index", home));
    const place = here.places.of(number);
    if (!place) throw new Error("no place");
    const list = document.createElement("ul");
    list.className = "grid";
    await here.fill(list, here.places.nearest(place.index, COUNT, number));
    note.append(`${t("By light, colour and shape, however it is turned: not by what anything is.")} `);
    const sky = document.createElement("a");
    sky.href = new URL(`${home}${collection}/sky/?at=${number}`, root).href;
    sky.textContent = t("Its place in the sky");
    note.append(sky, ".");
    box.append(list, note);
  } catch {
    note.textContent = t("What looks alike could not be found: a part of the site did not load, or this exhibit has no place yet.");
    box.append(note);
  }
  return box;
}
