// The last touches to a picture, (3, size, size) in data space, as render/generators/colour.py and equaliser.py give them; balance.ts and stars.ts have the others.

import { blurred, evenly, profile } from "./blur";

/** What a card says of them. */
export interface Touches {
  colour: number;
  gains: Gains;
  arms: number[];
  balance: number[][];
  sharpness: number;
}

/** The mean of a picture's channels. */
export function mean(picture: Float32Array, size: number): Float32Array {
  const light = new Float32Array(size * size);
  for (let i = 0; i < picture.length; i++) light[i % light.length] = (light[i % light.length] as number) + (picture[i] as number) / 3;
  return light;
}

/** One of a picture's channels. */
export function channel(picture: Float32Array, size: number, which: number): Float32Array {
  return picture.slice(which * size * size, (which + 1) * size * size);
}

/** The deviation of each channel from their mean, blurred by a Gaussian of `blur` pixels; edges repeated. */
export function blurredColour(picture: Float32Array, size: number, blur: number): Float32Array {
  if (blur <= 0) return picture;
  const light = mean(picture, size);
  const out = new Float32Array(picture.length);
  for (let which = 0; which < 3; which++) {
    const colour = channel(picture, size, which).map((value, i) => value - (light[i] as number));
    const soft = blurred(colour, size, evenly(profile(blur)), "replicate");
    out.set(soft.map((value, i) => (light[i] as number) + value), which * size * size);
  }
  return out;
}

/**
 * For each class, gains from 0 cycles a picture to Nyquist's, of its light and of what deviates from it; none where there is no change.
 * spread: in one row for all, the standard deviation of a gain's logarithm from picture to picture.
 */
export type Gains = Partial<Record<"light" | "colour" | "spread", number[][]>>;

const FAR = 12; // pixels to each side that a pixel is made from, at most
const MOST = 2.5; // standard deviations from a class's gain to a picture's own, at most

/** How much of the noise, (3, size, size), is a chessboard: a standard normal number of each picture's own, as own_strength of equaliser.py. */
export function ownStrength(noise: Float32Array, size: number): number {
  let sum = 0;
  for (let i = 0; i < noise.length; i++) sum += (noise[i] as number) * (((i % size) + Math.floor(i / size)) % 2 ? -1 : 1);
  return Math.min(MOST, Math.max(-MOST, sum / Math.sqrt(noise.length)));
}

/**
 * Structure of every fineness as strong as in real pictures, as equaliser.py makes it; (3, size, size), edges repeated.
 * classes: weights that add up to 1, the last for "none", which is the mean of all; own: a standard normal number.
 */
export function equalised(picture: Float32Array, size: number, gains: Gains, classes: Float32Array, own: number): Float32Array {
  const spread = gains.spread?.[0];
  const line = (rows: number[][]): Float64Array => {
    const row = mixed(rows, classes).map((gain, i) => gain * Math.exp(own * (spread?.[i] ?? 0) - (spread?.[i] ?? 0) ** 2 / 2));
    return kernel(row, size);
  };
  const light = mean(picture, size);
  const bright = gains.light ? filtered(light, size, line(gains.light)) : light;
  const tint = gains.colour ? line(gains.colour) : null;
  const out = new Float32Array(picture.length);
  for (let which = 0; which < 3; which++) {
    const plane = channel(picture, size, which).map((value, i) => value - (light[i] as number));
    const colour = tint ? filtered(plane, size, tint) : plane;
    out.set(colour.map((value, i) => (bright[i] as number) + value), which * size * size);
  }
  return out;
}

/** Rows of numbers for each class, in shares; the last share is for "none", which is the mean of all. */
export function mixed(rows: number[][], classes: Float32Array): number[] {
  const none = (classes[rows.length] as number) / rows.length;
  return (rows[0] as number[]).map((_, i) => rows.reduce((sum, row, k) => sum + ((classes[k] as number) + none) * (row[i] as number), 0));
}

function filtered(plane: Float32Array, size: number, line: Float64Array): Float32Array {
  const width = Math.sqrt(line.length);
  const far = (width - 1) / 2;
  const clamp = (at: number): number => Math.min(size - 1, Math.max(0, at));
  return plane.map((_, i) => {
    const [row, column] = [Math.floor(i / size), i % size];
    let value = 0;
    for (let y = 0; y < width; y++) {
      const from = clamp(row + y - far) * size;
      for (let x = 0; x < width; x++) value += (line[y * width + x] as number) * (plane[from + clamp(column + x - far)] as number);
    }
    return value;
  });
}

/** (25, 25) numbers that add up to the first gain, fewer for small pictures. */
function kernel(gains: number[], size: number): Float64Array {
  const far = Math.min(FAR, size / 2 - 1);
  const last = gains.length - 1;
  const gain = (radius: number): number => {
    const place = Math.min((radius / (size / 2)) * last, last);
    const low = Math.min(Math.floor(place), last - 1);
    return (gains[low] as number) * (1 - (place - low)) + (gains[low + 1] as number) * (place - low);
  };
  const cycles = Array.from({ length: size }, (_, i) => i - size / 2);
  const cosine = (f: number, x: number): number => Math.cos((2 * Math.PI * f * x) / size);
  const places = Array.from({ length: far + 1 }, (_, x) => x);
  const rows = cycles.map((v) => places.map((x) => cycles.reduce((sum, u) => sum + gain(Math.hypot(u, v)) * cosine(u, x), 0)));
  const corner = places.map((y) => places.map((x) => cycles.reduce((sum, v, i) => sum + (rows[i]?.[x] as number) * cosine(v, y), 0) / size ** 2));
  const width = 2 * far + 1;
  const whole = Float64Array.from({ length: width ** 2 }, (_, i) => corner[Math.abs(Math.floor(i / width) - far)]?.[Math.abs((i % width) - far)] as number);
  const missing = (gain(0) - whole.reduce((a, b) => a + b)) / whole.length;
  return whole.map((value) => value + missing);
}

/** Data space, (3, size, size), to what a person sees: RGBA bytes. */
export function display(picture: Float32Array, size: number): Uint8ClampedArray<ArrayBuffer> {
  const area = size * size;
  const pixels = new Uint8ClampedArray(4 * area);
  for (let i = 0; i < area; i++) {
    for (let channel = 0; channel < 3; channel++) {
      pixels[4 * i + channel] = Math.round(255 * Math.min(1, Math.max(0, ((picture[channel * area + i] as number) + 1) / 2)));
    }
    pixels[4 * i + 3] = 255;
  }
  return pixels;
}
