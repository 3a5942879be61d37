// The lab's frames, compared: the picture under the pointer is marked in every frame, a click shows that seed alone in all of them,
// and what belongs to one model lights up together. Without this script the page shows all that it has.

/** One frame: a drawing whose window is moved over its sheet. */
class Sheet {
  private readonly whole: string;
  private readonly pitch: number;
  private readonly side: number;
  private readonly sight: SVGRectElement;
  private readonly picture: number;

  constructor(readonly drawing: SVGSVGElement) {
    this.whole = drawing.getAttribute("viewBox") ?? "";
    this.pitch = Number(drawing.dataset["sheet"]);
    this.sight = drawing.querySelector("rect") as SVGRectElement;
    this.picture = Number(this.sight.getAttribute("width"));
    const width = Number(this.whole.split(" ")[2]);
    this.side = Math.round((width + this.pitch - this.picture) / this.pitch);
  }

  /** Which of the seeds lies under the pointer. */
  at(event: MouseEvent): number {
    const box = this.drawing.getBoundingClientRect();
    const [, , width, height] = this.whole.split(" ").map(Number) as [number, number, number, number];
    const column = Math.min(this.side - 1, Math.floor((((event.clientX - box.left) / box.width) * width) / this.pitch));
    const row = Math.floor((((event.clientY - box.top) / box.height) * height) / this.pitch);
    return row * this.side + column;
  }

  /** Draws a frame around a seed's picture, or around none. */
  mark(seed: number | undefined): void {
    this.sight.setAttribute("visibility", seed === undefined ? "hidden" : "visible");
    if (seed === undefined) return;
    this.sight.setAttribute("x", String((seed % this.side) * this.pitch));
    this.sight.setAttribute("y", String(Math.floor(seed / this.side) * this.pitch));
  }

  /** Shows one seed's picture alone, or the whole sheet. */
  show(seed: number | undefined): void {
    const [x, y] = seed === undefined ? [0, 0] : [(seed % this.side) * this.pitch, Math.floor(seed / this.side) * this.pitch];
    this.drawing.setAttribute("viewBox", seed === undefined ? this.whole : `${x} ${y} ${this.picture} ${this.picture}`);
  }
}

/** Gives the page its pointer, its buttons and its keys. */
export function startLab(page: HTMLElement): void {
  const sheets = [...page.querySelectorAll<SVGSVGElement>("[data-sheet]")].map((drawing) => new Sheet(drawing));
  const buttons = [...page.querySelectorAll<HTMLButtonElement>("[data-seed]")];
  const parts = [...page.querySelectorAll<HTMLElement>("[data-model]")];
  let one: number | undefined;

  const show = (seed: number | undefined): void => {
    one = seed;
    page.toggleAttribute("data-one", seed !== undefined);
    for (const sheet of sheets) {
      sheet.mark(undefined);
      sheet.show(seed);
    }
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset["seed"] === String(seed ?? "")));
  };
  const light = (model: string | undefined): void => {
    for (const part of parts) part.classList.toggle("lit", model !== undefined && part.dataset["model"] === model);
  };

  for (const sheet of sheets) {
    sheet.drawing.addEventListener("pointermove", (event) => {
      const seed = one === undefined && event.pointerType === "mouse" ? sheet.at(event) : undefined;
      for (const other of sheets) other.mark(seed !== undefined && seed < buttons.length - 1 ? seed : undefined);
    });
    sheet.drawing.addEventListener("pointerleave", () => {
      for (const other of sheets) other.mark(undefined);
    });
    sheet.drawing.addEventListener("click", (event) => {
      const seed = sheet.at(event);
      show(one === undefined && seed < buttons.length - 1 ? seed : undefined);
    });
  }
  for (const button of buttons) {
    const seed = button.dataset["seed"];
    button.addEventListener("click", () => show(seed ? Number(seed) : undefined));
  }
  for (const part of parts) {
    part.addEventListener("pointerenter", () => light(part.dataset["model"]));
    part.addEventListener("pointerleave", () => light(undefined));
  }
  page.querySelector<HTMLElement>("[data-seeds]")?.removeAttribute("hidden");
  page.dataset["ready"] = "";
}
