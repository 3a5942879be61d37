// A plane: a square of pictures over which a pointer, a finger or the arrow keys move, and the picture changes under them. The sheet
// that stands there without this script holds them all; between four neighbours the canvas fades from one to the other.
import { stillness } from "./motion";
import { decimal, t } from "./words";

const STEP = 0.25; // of the way to the next picture, by key
const GLIDE = 0.25; // of the way that is left, in a frame
const THERE = 0.002;
const LARGEST = 1024; // pixels of the canvas

interface Place {
  x: number;
  y: number;
}

/** Brings the figure to life once its sheet is there; where that does not load, the still sheet stays. */
export async function startPlane(figure: HTMLElement): Promise<void> {
  const field = figure.querySelector<HTMLElement>("[data-field]");
  const sheet = field?.querySelector("img");
  const side = Number(figure.dataset.plane);
  if (!field || !sheet || !(side > 1)) return;
  await sheet.decode();
  new Plane(figure, field, sheet, side).start();
}

class Plane {
  private readonly canvas = document.createElement("canvas");
  private readonly ink: CanvasRenderingContext2D;
  private readonly sliders: Record<keyof Place, HTMLInputElement>;
  private at: Place;
  private to: Place;
  private frame = 0;

  constructor(
    private readonly figure: HTMLElement,
    private readonly field: HTMLElement,
    private readonly sheet: HTMLImageElement,
    private readonly side: number,
  ) {
    const ink = this.canvas.getContext("2d", { alpha: false });
    const [x, y] = ["across", "down"].map((name) => figure.querySelector<HTMLInputElement>(`[data-${name}]`));
    if (!ink || !x || !y) throw new Error("this browser has no canvas");
    this.ink = ink;
    this.sliders = { x, y };
    this.to = { x: (side - 1) / 2, y: (side - 1) / 2 };
    this.at = this.to;
  }

  start(): void {
    const { canvas, figure, sliders } = this;
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "img");
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.point(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      // a mouse moves over it as it is; a finger touches it, and a second one means something else
      if (event.isPrimary) this.point(event);
    });
    canvas.addEventListener("keydown", (event) => this.key(event));
    for (const name of ["x", "y"] as const) sliders[name].addEventListener("input", () => this.go({ ...this.to, [name]: sliders[name].valueAsNumber }));
    const all = figure.querySelector<HTMLButtonElement>("[data-all]");
    const show = (whole: boolean): void => {
      canvas.hidden = whole;
      all?.setAttribute("aria-pressed", String(whole));
    };
    all?.addEventListener("click", () => show(!canvas.hidden));
    this.sheet.addEventListener("click", (event) => { // one of them was chosen
      show(false);
      const { x, y } = this.place(event, this.side, -0.5);
      this.go({ x: Math.round(x), y: Math.round(y) });
    });
    this.field.append(canvas);
    figure.querySelector<HTMLElement>("[data-player]")!.hidden = false;
    new ResizeObserver(() => this.fit()).observe(this.field);
    this.fit();
    this.go(this.to);
  }

  private point(event: PointerEvent): void {
    this.go(this.place(event, this.side - 1, 0));
  }

  /** Where an event lies on the figure, from `first` on over `length` pictures. */
  private place(event: MouseEvent, length: number, first: number): Place {
    const box = this.field.getBoundingClientRect();
    return { x: first + (length * (event.clientX - box.x)) / box.width, y: first + (length * (event.clientY - box.y)) / box.height };
  }

  private key(event: KeyboardEvent): void {
    const step = stillness() ? 1 : STEP;
    const moves: Record<string, [number, number]> = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const move = moves[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.go({ x: this.to.x + move[0], y: this.to.y + move[1] });
  }

  /** Sets out for a place; where motion is not welcome, to the nearest picture itself, at once. */
  private go(place: Place): void {
    const inside = (value: number): number => Math.min(this.side - 1, Math.max(0, value));
    const still = stillness();
    this.to = { x: inside(still ? Math.round(place.x) : place.x), y: inside(still ? Math.round(place.y) : place.y) };
    if (still) this.at = this.to;
    this.tell();
    if (!this.frame) this.frame = requestAnimationFrame(() => this.move());
  }

  private move(): void {
    const { at, to } = this;
    const [x, y] = [to.x - at.x, to.y - at.y];
    const there = Math.hypot(x, y) < THERE;
    this.at = there ? to : { x: at.x + GLIDE * x, y: at.y + GLIDE * y };
    this.draw();
    this.frame = there ? 0 : requestAnimationFrame(() => this.move());
  }

  private tell(): void {
    const { side } = this;
    const [x, y] = [decimal(this.to.x + 1, 1), decimal(this.to.y + 1, 1)];
    for (const name of ["x", "y"] as const) this.sliders[name].value = String(this.to[name]);
    this.sliders.x.setAttribute("aria-valuetext", t("{n} of {all} across", { n: x, all: side }));
    this.sliders.y.setAttribute("aria-valuetext", t("{n} of {all} down", { n: y, all: side }));
    this.canvas.setAttribute("aria-label", t("{alt} Here: {x} of {all} across, {y} of {all} down.", { alt: this.sheet.alt, x, y, all: side }));
  }

  /** The four pictures around the place, each by its share of the light. */
  private draw(): void {
    const { ink, canvas, sheet, side } = this;
    const tile = sheet.naturalWidth / side;
    const [left, top] = [Math.min(side - 2, Math.floor(this.at.x)), Math.min(side - 2, Math.floor(this.at.y))];
    const [x, y] = [this.at.x - left, this.at.y - top];
    ink.globalCompositeOperation = "source-over";
    ink.globalAlpha = 1;
    ink.fillRect(0, 0, canvas.width, canvas.height);
    ink.globalCompositeOperation = "lighter"; // shares add up to one
    for (const [across, down, share] of [[0, 0, (1 - x) * (1 - y)], [1, 0, x * (1 - y)], [0, 1, (1 - x) * y], [1, 1, x * y]] as const) {
      if (!share) continue;
      ink.globalAlpha = share;
      ink.drawImage(sheet, (left + across) * tile, (top + down) * tile, tile, tile, 0, 0, canvas.width, canvas.height);
    }
  }

  private fit(): void {
    const size = Math.min(LARGEST, Math.round(this.field.clientWidth * (devicePixelRatio || 1)));
    if (!size || this.canvas.width === size) return;
    this.canvas.width = this.canvas.height = size;
    this.draw();
  }
}
