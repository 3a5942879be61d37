// The sheet: white light on black, by mouse, touch or pen; undo, shapes for those who do not draw, and pictures brought in.

const UNDO = 20; // sheets remembered

/** A canvas to draw on. `changed` is called after every stroke. */
export class Pad {
  brush = 18; // pixels of the canvas
  light = 1;
  private readonly ink: CanvasRenderingContext2D;
  private readonly past: ImageData[] = [];
  private last: { x: number; y: number } | null = null;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly changed: () => void,
  ) {
    const ink = canvas.getContext("2d", { willReadFrequently: true });
    if (!ink) throw new Error("no canvas");
    this.ink = ink;
    this.wipe();
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"] as const) canvas.addEventListener(name, () => this.end());
  }

  /** The drawing as the network takes it: brightness in [0, 1], size x size; null when the sheet is blank. */
  sketch(size: number): Float32Array | null {
    const small = document.createElement("canvas");
    small.width = small.height = size;
    const ink = small.getContext("2d");
    if (!ink) return null;
    ink.imageSmoothingQuality = "high";
    ink.drawImage(this.canvas, 0, 0, size, size);
    const pixels = ink.getImageData(0, 0, size, size).data;
    const values = Float32Array.from({ length: size * size }, (_, i) =>
      ((pixels[4 * i] ?? 0) + (pixels[4 * i + 1] ?? 0) + (pixels[4 * i + 2] ?? 0)) / 765);
    return values.some((value) => value > 0.02) ? values : null;
  }

  undo(): void {
    const sheet = this.past.pop();
    if (sheet) this.ink.putImageData(sheet, 0, 0);
    this.changed();
  }

  clear(): void {
    this.keep();
    this.wipe();
    this.changed();
  }

  /** Lays a picture of the visitor's on the sheet, filling it. It is read here and goes nowhere. */
  async bring(file: Blob): Promise<void> {
    const picture = await createImageBitmap(file);
    this.keep();
    const scale = Math.max(this.side / picture.width, this.side / picture.height);
    const [width, height] = [picture.width * scale, picture.height * scale];
    this.wipe();
    this.ink.filter = "grayscale(1)";
    this.ink.drawImage(picture, (this.side - width) / 2, (this.side - height) / 2, width, height);
    this.ink.filter = "none";
    picture.close();
    this.changed();
  }

  /** Draws one of a few shapes: a way to begin without a hand. */
  shape(name: string): void {
    this.keep();
    this.wipe();
    const [ink, middle] = [this.ink, this.side / 2];
    const spot = (radius: number): void => {
      ink.beginPath();
      ink.arc(middle, middle, radius, 0, 2 * Math.PI);
      ink.fill();
    };
    ink.strokeStyle = ink.fillStyle = "#fff";
    ink.lineCap = "round";
    ink.lineWidth = this.side / 26;
    if (name === "spiral") {
      for (const turn of [0, Math.PI]) {
        ink.beginPath();
        for (let a = 0; a < 4; a += 0.05) {
          const radius = (0.05 + 0.085 * a) * this.side;
          ink.lineTo(middle + radius * Math.cos(1.3 * a + turn), middle + radius * Math.sin(1.3 * a + turn));
        }
        ink.stroke();
      }
      spot(this.side / 20);
    } else if (name === "disc") {
      ink.fillStyle = "#999";
      ink.beginPath();
      ink.ellipse(middle, middle, this.side * 0.28, this.side * 0.16, -0.5, 0, 2 * Math.PI);
      ink.fill();
      ink.fillStyle = "#fff";
      spot(this.side / 14);
    } else if (name === "edge") {
      ink.beginPath();
      ink.moveTo(middle - this.side * 0.3, middle + this.side * 0.22);
      ink.lineTo(middle + this.side * 0.3, middle - this.side * 0.22);
      ink.stroke();
      spot(this.side / 18);
    } else {
      ink.beginPath();
      ink.arc(middle, middle, this.side * 0.28, 0, 2 * Math.PI);
      ink.stroke();
      spot(this.side / 20);
    }
    this.changed();
  }

  private get side(): number {
    return this.canvas.width;
  }

  private wipe(): void {
    this.ink.fillStyle = "#000";
    this.ink.fillRect(0, 0, this.side, this.side);
  }

  private keep(): void {
    this.past.push(this.ink.getImageData(0, 0, this.side, this.side));
    if (this.past.length > UNDO) this.past.shift();
  }

  private begin(event: PointerEvent): void {
    if (event.button !== 0 || !event.isPrimary) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.keep();
    this.last = this.place(event);
    this.line(event);
  }

  private move(event: PointerEvent): void {
    if (!this.last || !event.isPrimary) return;
    for (const one of event.getCoalescedEvents?.() ?? [event]) this.line(one);
  }

  private end(): void {
    if (!this.last) return;
    this.last = null;
    this.changed();
  }

  private line(event: PointerEvent): void {
    if (!this.last) return;
    const here = this.place(event);
    const grey = Math.round(255 * this.light);
    this.ink.strokeStyle = `rgb(${grey} ${grey} ${grey})`;
    this.ink.lineCap = "round";
    this.ink.lineWidth = this.brush * (event.pointerType === "pen" ? 0.4 + event.pressure : 1);
    this.ink.beginPath();
    this.ink.moveTo(this.last.x, this.last.y);
    this.ink.lineTo(here.x, here.y);
    this.ink.stroke();
    this.last = here;
  }

  private place(event: PointerEvent): { x: number; y: number } {
    const box = this.canvas.getBoundingClientRect();
    return { x: ((event.clientX - box.left) / box.width) * this.side, y: ((event.clientY - box.top) / box.height) * this.side };
  }
}
