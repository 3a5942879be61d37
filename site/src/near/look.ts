// What a picture looks like, however it is turned: the numbers of render/atlas/look.py, computed here so that a picture which
// never leaves this browser can be compared with those on show.
import { t } from "../words";

const SIZE = 64;
const RINGS = 12;
const SPOKES = 32;
const ORDERS = 4;
const FAINT = 0.001;
const INNERMOST = 0.5;
const OUTERMOST = 31;

/** Draws the largest square in the middle of a picture at the size that is looked at, and describes it. */
export function look(picture: CanvasImageSource, width: number, height: number): Float32Array {
  return described(shrunk(picture, width, height, SIZE));
}

/** RGBA bytes of the middle square, `size` pixels wide; each is the mean of those that it stands for. */
export function shrunk(picture: CanvasImageSource, width: number, height: number, size: number): Uint8ClampedArray {
  const side = Math.min(width, height);
  const at = (wide: number): ImageData => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = wide;
    const ink = canvas.getContext("2d", { willReadFrequently: true });
    if (!ink) throw new Error(t("this browser has no canvas"));
    ink.imageSmoothingQuality = "high";
    ink.drawImage(picture, (width - side) / 2, (height - side) / 2, side, side, 0, 0, wide, wide);
    return ink.getImageData(0, 0, wide, wide);
  };
  const fine = Math.min(side, 8 * size);
  return box(at(fine).data, fine, size);
}

/** A square of RGBA bytes made smaller or larger: every new pixel is the mean of the area that it covers. */
function box(from: Uint8ClampedArray, wide: number, size: number): Uint8ClampedArray {
  if (wide === size) return from;
  const step = wide / size;
  const across = new Float32Array(wide * size * 4);
  resample((row, i) => (row * wide + i) * 4, (row, i) => (row * size + i) * 4, wide, from, across);
  const out = new Float32Array(size * size * 4);
  resample((column, i) => (i * size + column) * 4, (column, i) => (i * size + column) * 4, size, across, out);
  return Uint8ClampedArray.from(out, Math.round);

  function resample(
    source: (line: number, i: number) => number,
    target: (line: number, i: number) => number,
    lines: number,
    values: ArrayLike<number>,
    into: Float32Array,
  ): void {
    for (let line = 0; line < lines; line++) {
      for (let i = 0; i < size; i++) {
        const [begin, end] = [i * step, (i + 1) * step];
        for (let k = Math.floor(begin); k < end; k++) {
          const share = (Math.min(end, k + 1) - Math.max(begin, k)) / step;
          for (let c = 0; c < 4; c++) into[target(line, i) + c] = into[target(line, i) + c]! + share * (values[source(line, k) + c] ?? 0);
        }
      }
    }
  }
}

/** RGBA bytes, 64 x 64, to 72 numbers: light of each ring, roots of its orders 1 to 4, red less blue. */
export function described(pixels: ArrayLike<number>): Float32Array {
  const light = new Float32Array(SIZE * SIZE);
  const colour = new Float32Array(SIZE * SIZE);
  for (let i = 0; i < SIZE * SIZE; i++) {
    const [red, green, blue] = [pixels[4 * i] ?? 0, pixels[4 * i + 1] ?? 0, pixels[4 * i + 2] ?? 0];
    light[i] = (red + green + blue) / 765;
    colour[i] = (red - blue) / 255;
  }
  const found = new Float32Array(RINGS * (2 + ORDERS));
  for (let ring = 0; ring < RINGS; ring++) {
    const radius = INNERMOST + (OUTERMOST - INNERMOST) * ((ring + 0.5) / RINGS) ** 1.5;
    const around = sampled(light, radius);
    found[ring] = mean(around);
    for (let order = 1; order <= ORDERS; order++) {
      found[RINGS + ring * ORDERS + order - 1] = Math.sqrt(magnitude(around, order) / SPOKES + FAINT);
    }
    found[RINGS * (1 + ORDERS) + ring] = mean(sampled(colour, radius));
  }
  return found;
}

function sampled(plane: Float32Array, radius: number): number[] {
  const middle = (SIZE - 1) / 2;
  return Array.from({ length: SPOKES }, (_, spoke) => {
    const angle = (2 * Math.PI * spoke) / SPOKES;
    const [across, down] = [middle + radius * Math.cos(angle), middle + radius * Math.sin(angle)];
    const [x, y] = [Math.floor(across), Math.floor(down)];
    const [u, v] = [across - x, down - y];
    const at = (row: number, column: number): number => plane[row * SIZE + column] ?? 0;
    const top = at(y, x) * (1 - u) + at(y, x + 1) * u;
    const bottom = at(y + 1, x) * (1 - u) + at(y + 1, x + 1) * u;
    return top * (1 - v) + bottom * v;
  });
}

function magnitude(values: number[], order: number): number {
  let [real, imaginary] = [0, 0];
  values.forEach((value, i) => {
    const angle = (2 * Math.PI * order * i) / values.length;
    real += value * Math.cos(angle);
    imaginary -= value * Math.sin(angle);
  });
  return Math.hypot(real, imaginary);
}

function mean(values: number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}
