// What turns lies over the still picture, on a canvas of the same size: turned by pointer, finger, keys and sliders, which all
// move the same angles. The picture stays below it, and comes back when the canvas goes.
import { stillness } from "../motion";

const LARGEST = 1024; // pixels of the canvas
const KEY_STEP = 5; // degrees
const FRAME = 0.1; // seconds: a longer pause between two frames is not caught up with

/** An angle or another number that a slider sets. */
export interface Dial {
  value: number;
}

export class Stage {
  readonly canvas = document.createElement("canvas");
  private readonly panel = document.createElement("div");
  private readonly sliders: { input: HTMLInputElement; dial: Dial }[] = [];
  private frame = 0;
  private last = 0;
  private moving = false;
  private readonly observer: ResizeObserver;

  constructor(
    private readonly picture: HTMLElement,
    tools: HTMLElement,
    label: string,
    private readonly draw: () => void,
  ) {
    this.canvas.className = "turning";
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", label);
    this.panel.className = "panel";
    picture.append(this.canvas);
    tools.append(this.panel);
    this.observer = new ResizeObserver(() => this.fit());
    this.fit();
  }

  /** Begins to follow the size of the picture; call it when everything is there to be drawn. */
  start(): void {
    this.observer.observe(this.picture);
    this.redraw();
  }

  /** Draws once before the next paint. */
  redraw(): void {
    for (const { input, dial } of this.sliders) input.value = String(dial.value);
    if (!this.frame) this.frame = requestAnimationFrame((now) => this.tick(now));
  }

  /** A slider for `dial`. */
  slider(name: string, dial: Dial, [low, high, step]: readonly [number, number, number], unit = "°"): void {
    const label = document.createElement("label");
    const input = document.createElement("input");
    Object.assign(input, { type: "range", min: String(low), max: String(high), step: String(step), name });
    input.addEventListener("input", () => {
      dial.value = Number(input.value);
      input.setAttribute("aria-valuetext", `${Math.round(dial.value)}${unit}`);
      this.redraw();
    });
    label.append(name, input);
    this.panel.append(label);
    this.sliders.push({ input, dial });
  }

  /** A button that lets `step` move things by itself, by seconds; on from the beginning where motion is welcome. */
  motion(name: string, step: (seconds: number) => void): void {
    const button = this.button(name, () => set(!this.moving));
    const set = (on: boolean): void => {
      this.moving = on;
      button.setAttribute("aria-pressed", String(on));
      this.last = 0;
      this.redraw();
    };
    this.step = step;
    set(!stillness());
  }
  private step: (seconds: number) => void = () => undefined;

  button(name: string, act: () => void): HTMLButtonElement {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.addEventListener("click", act);
    this.panel.append(button);
    return button;
  }

  /** What there is to know about what one sees. */
  say(text: string): void {
    const line = document.createElement("p");
    line.className = "fine";
    line.textContent = text;
    this.panel.append(line);
  }

  /** Calls `by` with degrees to the right and up, by pointer (as if the thing were a ball of `radius` of the picture) and arrow key. */
  turnedByHand(radius: number, by: (right: number, up: number) => void): void {
    let at: { x: number; y: number } | null = null;
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !event.isPrimary) return;
      canvas.setPointerCapture(event.pointerId);
      at = { x: event.clientX, y: event.clientY };
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!at || !event.isPrimary) return;
      const scale = 180 / Math.PI / (radius * canvas.clientWidth);
      by((event.clientX - at.x) * scale, (at.y - event.clientY) * scale);
      at = { x: event.clientX, y: event.clientY };
      this.redraw();
    });
    for (const name of ["pointerup", "pointercancel"] as const) canvas.addEventListener(name, () => { at = null; });
    const keys: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    canvas.addEventListener("keydown", (event) => {
      const move = keys[event.key];
      if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault(); // the page's own arrows lead to the next exhibit
      by(move[0] * KEY_STEP, move[1] * KEY_STEP);
      this.redraw();
    });
  }

  /** Takes canvas and panel away. */
  remove(): void {
    cancelAnimationFrame(this.frame);
    this.frame = -1; // nothing is drawn any more
    this.observer.disconnect();
    this.canvas.remove();
    this.panel.remove();
  }

  private tick(now: number): void {
    this.frame = 0;
    if (this.moving) {
      this.step(this.last ? Math.min(FRAME, (now - this.last) / 1000) : 0);
      this.last = now;
    }
    this.draw();
    if (this.moving) this.redraw();
  }

  private fit(): void {
    const side = Math.min(LARGEST, Math.round(this.picture.clientWidth * (devicePixelRatio || 1)));
    if (!side || this.canvas.width === side) return;
    this.canvas.width = this.canvas.height = side;
    if (this.sliders.length) this.redraw();
  }
}
