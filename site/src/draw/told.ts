// What is said of a galaxy that was drawn here, or of a picture that was brought: its class, what is known of such, and the exhibits
// that look like it.
import { look } from "../near/look";
import { Neighbourhood } from "../near/strip";
import { perCent } from "../words";
import type { ClassFact } from "./worker";

const COUNT = 6;

export interface Share {
  name: string;
  share: number;
  facts: ClassFact[];
}

/** Writes the classes' table and the facts of the likeliest one. */
export function tellClasses(page: HTMLElement, shares: Share[]): void {
  const box = page.querySelector<HTMLElement>("[data-classes]");
  const body = box?.querySelector("tbody");
  if (!box || !body) return;
  const most = shares.reduce((best, one) => (one.share > best.share ? one : best));
  body.replaceChildren(...shares.map((one) => line(one, one === most)));
  const facts = most.facts.map(({ text, title, href }) => {
    const item = document.createElement("p");
    const link = document.createElement("a");
    link.rel = "external";
    link.href = href;
    link.textContent = title;
    item.append(`${text} `, link);
    return item;
  });
  page.querySelector("[data-facts]")?.replaceChildren(...facts);
  box.hidden = false;
}

function line({ name, share }: Share, found: boolean): HTMLElement {
  const row = document.createElement("tr");
  if (found) row.className = "found";
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = name;
  const percent = document.createElement("td");
  percent.className = "number";
  percent.textContent = perCent(Math.min(0.99, Math.max(0.01, share)));
  row.append(head, percent);
  return row;
}

/** Shows the exhibits that look most like the picture on the canvas. What was fetched for the first is kept for the next. */
export class Near {
  private here: Promise<Neighbourhood> | null = null;

  constructor(private readonly box: HTMLElement) {}

  async show(canvas: HTMLCanvasElement): Promise<void> {
    const { sky = "", index = "" } = this.box.dataset;
    const list = this.box.querySelector<HTMLElement>("ul");
    if (!sky || !list) return;
    const found = look(canvas, canvas.width, canvas.height);
    try {
      this.here ??= Neighbourhood.open(sky, index);
      const { places } = await this.here;
      await (await this.here).fill(list, places.nearest(places.located(found), COUNT));
      this.box.hidden = false;
    } catch {
      this.here = null; // the next picture tries again
      this.box.hidden = true;
    }
  }
}
