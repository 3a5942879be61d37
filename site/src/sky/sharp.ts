// The pictures themselves, for what is near enough in the sky to be looked at.

const KEPT = 200;

/** What is asked of the page that the view stands on. */
export interface Owner {
  /** The address of an exhibit's picture, once it is known. */
  picture(number: number): Promise<string>;
  /** An exhibit was chosen; null when none is. */
  chosen(number: number | null): void;
}

/** Fetches exhibits' own pictures, and keeps those that were asked for last. `came` is called when one is there. */
export class Sharp {
  private readonly pictures = new Map<number, HTMLCanvasElement | null>(); // null: on its way

  constructor(
    private readonly dark: boolean,
    private readonly owner: Owner,
    private readonly came: () => void,
  ) {}

  /** An exhibit's own picture, its middle square; null while it is on its way. */
  picture(number: number): HTMLCanvasElement | null {
    const there = this.pictures.get(number);
    if (there !== undefined) return there;
    this.pictures.set(number, null);
    if (this.pictures.size > KEPT) this.pictures.delete([...this.pictures.keys()][0] ?? 0);
    const image = new Image();
    image.addEventListener("load", () => {
      this.pictures.set(number, cut(image, this.dark));
      this.came();
    });
    this.owner.picture(number).then((address) => { image.src = address; }).catch(() => this.pictures.delete(number));
    return null;
  }
}

/** The middle square of a picture; where it ends in black its edges fade, as those of the little pictures do. */
function cut(image: HTMLImageElement, dark: boolean): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  const side = (canvas.width = canvas.height = Math.min(image.naturalWidth, image.naturalHeight));
  const ink = canvas.getContext("2d");
  if (!ink) return canvas;
  ink.drawImage(image, (image.naturalWidth - side) / 2, (image.naturalHeight - side) / 2, side, side, 0, 0, side, side);
  ink.globalCompositeOperation = "destination-in";
  for (const [x, y] of dark ? [[side, 0], [0, side]] : []) {
    const fade = ink.createLinearGradient(0, 0, x!, y!);
    for (const [at, alpha] of [[0, 0], [0.14, 1], [0.86, 1], [1, 0]]) fade.addColorStop(at!, `rgb(0 0 0 / ${alpha})`);
    ink.fillStyle = fade;
    ink.fillRect(0, 0, side, side);
  }
  return canvas;
}
