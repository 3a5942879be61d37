// The view of the sky: a camera over the points of one layout, the lines behind them, and sharp pictures once one is near.
import { stillness } from "../motion";
import { listen } from "./hand";
import type { Laid } from "./layouts";
import { Sharp, type Owner } from "./sharp";
import type { Sprites } from "./sprites";

const NEAR = 72; // pixels of a picture from which its own file is shown
const SHARP = 60; // such files at a time
const LARGEST = 420; // pixels
const MOVE = 700; // milliseconds from layout to layout
const CROWD = 4; // how often pictures may cover the frame, all together, when everything is in sight
const LOOSE = 0.75; // where pictures overlap, they grow more slowly than their distances

export class View {
  private laid: Laid = { at: new Map(), guides: [], tight: true, wide: 1 };
  private from: Laid["at"] = new Map();
  private started = 0;
  private moved = 1;
  private zoom = 1;
  private whole = 1; // the zoom at which everything is in sight
  private x = 0;
  private y = 0;
  private waiting = false;
  private selected: number | null = null;
  private readonly ink: CanvasRenderingContext2D | null;
  private readonly sharp: Sharp;

  constructor(
    private readonly frame: HTMLElement,
    private readonly canvas: HTMLCanvasElement,
    private readonly guide: HTMLCanvasElement,
    private readonly ring: HTMLElement,
    private readonly sprites: Sprites,
    private readonly dark: boolean,
    private readonly owner: Owner,
  ) {
    this.ink = guide.getContext("2d");
    this.sharp = new Sharp(dark, owner, () => this.redraw());
    new ResizeObserver(() => this.resize()).observe(frame);
    listen(guide, {
      pan: (x, y) => this.pan(x, y),
      grow: (factor, x, y) => this.grow(factor, x, y),
      tap: (x, y) => this.select(this.under(x, y)),
    });
    frame.addEventListener("keydown", (event) => this.key(event));
    this.resize();
  }

  /** Shows a layout; points wander there from where they stand, unless motion is unwelcome. */
  show(laid: Laid): void {
    const first = this.laid.at.size === 0;
    this.from = this.laid.at;
    this.laid = laid;
    this.sprites.move(this.from, laid.at);
    this.moved = first || stillness() ? 1 : 0;
    this.started = performance.now();
    this.fit();
    if (this.selected !== null && !laid.at.has(this.selected)) this.select(null);
    this.redraw();
  }

  /** Draws again with the next frame. */
  redraw(): void {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.draw();
    });
  }

  /** Chooses an exhibit and brings it into sight. */
  select(number: number | null): void {
    this.selected = number;
    const at = number === null ? undefined : this.laid.at.get(number);
    this.ring.hidden = !at;
    if (at) {
      const [x, y] = this.screen(at);
      const [wide, high] = [this.frame.clientWidth, this.frame.clientHeight];
      if (x < 40 || y < 40 || x > wide - 40 || y > high - 40) this.pan(wide / 2 - x, high / 2 - y);
    }
    this.owner.chosen(at ? number : null);
    this.redraw();
  }

  /** Everything in sight. */
  fit(): void {
    const spots: [number, number][] = [...this.laid.at.values()];
    for (const { line, at } of this.laid.guides) {
      if (line) spots.push([line[0], line[1]], [line[2], line[3]]);
      if (at) spots.push(at);
    }
    const [wide, high] = [this.frame.clientWidth, this.frame.clientHeight];
    if (!spots.length || !wide || !high) return;
    const bounds = (axis: 0 | 1): [number, number] => spots.reduce<[number, number]>(
      ([low, most], spot) => [Math.min(low, spot[axis]), Math.max(most, spot[axis])],
      [Infinity, -Infinity],
    );
    const [left, right] = bounds(0);
    const [top, bottom] = bounds(1);
    this.zoom = Math.min((0.94 * wide) / (right - left + 2), (0.94 * high) / (bottom - top + 2), LARGEST / 2);
    this.whole = this.zoom;
    this.x = wide / 2 - (this.zoom * (left + right)) / 2;
    this.y = high / 2 - (this.zoom * (top + bottom)) / 2;
    this.redraw();
  }

  /** Grows by a factor around a place, by default the middle. */
  grow(factor: number, x = this.frame.clientWidth / 2, y = this.frame.clientHeight / 2): void {
    const zoom = Math.min(Math.max(this.zoom * factor, this.whole / 2), Math.max(LARGEST, 4 * this.whole));
    this.x = x + ((this.x - x) * zoom) / this.zoom;
    this.y = y + ((this.y - y) * zoom) / this.zoom;
    this.zoom = zoom;
    this.redraw();
  }

  private pan(x: number, y: number): void {
    this.x += x;
    this.y += y;
    this.redraw();
  }

  private screen([x, y]: [number, number]): [number, number] {
    return [x * this.zoom + this.x, y * this.zoom + this.y];
  }

  /** How wide a picture is, in pixels. */
  private get size(): number {
    const loose = this.laid.tight ? 1 : LOOSE;
    const crowded = Math.sqrt((CROWD * this.frame.clientWidth * this.frame.clientHeight) / Math.max(1, this.laid.at.size));
    const whole = Math.min(0.98 * (this.dark ? this.laid.wide : 1) * this.whole, crowded);
    return Math.min(LARGEST, Math.max(3, whole * (this.zoom / this.whole) ** loose));
  }

  private under(x: number, y: number): number | null {
    let [best, least] = [null as number | null, Math.max(12, this.size / 2) ** 2];
    for (const [number, at] of this.laid.at) {
      const [a, b] = this.screen(at);
      const far = (a - x) ** 2 + (b - y) ** 2;
      if (far < least) [best, least] = [number, far];
    }
    return best;
  }

  /** Arrows choose the nearest exhibit on that side; plus and minus zoom, 0 shows all, Enter opens. */
  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const sides: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const side = sides[event.key];
    if (side) this.select(this.beside(side) ?? this.selected);
    else if (event.key === "+" || event.key === "=") this.grow(1.5);
    else if (event.key === "-") this.grow(1 / 1.5);
    else if (event.key === "0") this.fit();
    else if (event.key === "Enter" && this.selected !== null && event.target === this.guide) this.ring.click();
    else if (event.key === "Escape") this.select(null);
    else return;
    event.preventDefault();
    event.stopPropagation(); // arrows mean other things on other pages
  }

  private beside([right, down]: [number, number]): number | null {
    const here = this.selected === null ? undefined : this.laid.at.get(this.selected);
    if (!here) return this.under(this.frame.clientWidth / 2, this.frame.clientHeight / 2) ?? [...this.laid.at.keys()][0] ?? null;
    let [best, least] = [null as number | null, Infinity];
    for (const [number, at] of this.laid.at) {
      const [x, y] = [at[0] - here[0], at[1] - here[1]];
      const along = x * right + y * down;
      const aside = Math.abs(x * down - y * right);
      if (number === this.selected || along <= 0 || aside > 1.5 * along) continue;
      const cost = along + 2 * aside;
      if (cost < least) [best, least] = [number, cost];
    }
    return best;
  }

  private resize(): void {
    const ratio = Math.min(2, devicePixelRatio || 1);
    const first = this.canvas.width !== Math.round(this.frame.clientWidth * ratio);
    for (const canvas of [this.canvas, this.guide]) {
      canvas.width = Math.round(this.frame.clientWidth * ratio);
      canvas.height = Math.round(this.frame.clientHeight * ratio);
    }
    if (first) this.fit();
    this.redraw();
  }

  private draw(): void {
    if (this.moved < 1) {
      const share = Math.min(1, (performance.now() - this.started) / MOVE);
      this.moved = share * share * (3 - 2 * share);
      this.redraw();
    }
    const ratio = this.canvas.width / Math.max(1, this.frame.clientWidth);
    this.sprites.draw({ zoom: this.zoom * ratio, x: this.x * ratio, y: this.y * ratio, size: this.size * ratio }, this.moved);
    this.behind(ratio);
    const at = this.selected === null ? undefined : this.laid.at.get(this.selected);
    if (at) {
      const [x, y] = this.screen(at);
      const wide = Math.max(28, this.size + 6);
      this.ring.style.transform = `translate(${x - wide / 2}px, ${y - wide / 2}px)`;
      this.ring.style.width = this.ring.style.height = `${wide}px`;
    }
  }

  /** Lines and words, and above them the sharp pictures of what is near. */
  private behind(ratio: number): void {
    const ink = this.ink;
    if (!ink) return;
    ink.setTransform(ratio, 0, 0, ratio, 0, 0);
    ink.clearRect(0, 0, this.frame.clientWidth, this.frame.clientHeight);
    if (this.moved < 1) return;
    ink.strokeStyle = "rgb(232 179 90 / 70%)";
    ink.fillStyle = "#9aa0ad";
    ink.font = "13px 'Nonesuch Sans', system-ui, sans-serif";
    ink.textBaseline = "middle";
    for (const { line, text, at, align, room } of this.laid.guides) {
      if (line) {
        ink.beginPath();
        ink.moveTo(...this.screen([line[0], line[1]]));
        ink.lineTo(...this.screen([line[2], line[3]]));
        ink.stroke();
      } else if (text && at && (!room || room * this.zoom > ink.measureText(text).width + 6)) {
        ink.textAlign = align ?? "center";
        ink.fillText(text, ...this.screen(at));
      }
    }
    if (this.size >= NEAR) this.above(ink);
  }

  private above(ink: CanvasRenderingContext2D): void {
    const [wide, high] = [this.frame.clientWidth, this.frame.clientHeight];
    const half = this.size / 2;
    const near: [number, number, number][] = [];
    for (const [number, at] of this.laid.at) {
      const [x, y] = this.screen(at);
      if (x > -half && y > -half && x < wide + half && y < high + half) near.push([number, x, y]);
    }
    const middle = ([, x, y]: [number, number, number]): number => (x - wide / 2) ** 2 + (y - high / 2) ** 2;
    near.sort((a, b) => middle(a) - middle(b));
    ink.globalCompositeOperation = this.dark ? "lighten" : "source-over";
    for (const [number, x, y] of near.slice(0, SHARP)) {
      const picture = this.sharp.picture(number);
      if (picture) ink.drawImage(picture, x - half, y - half, this.size, this.size);
    }
    ink.globalCompositeOperation = "source-over";
  }
}
