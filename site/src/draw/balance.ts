// Galaxies as even around their nucleus as real ones are, as render/generators/balance.py takes back what is too uneven.

import { blurred, evenly, profile } from "./blur";
import { channel, mean, mixed } from "./finish";
import { range } from "./stars";

const EDGES = [0, 1 / 32, 5 / 96, 1 / 12, 1 / 8, 17 / 96, 1 / 4]; // shares of a picture's side, between which an uneven part is told
const SOFT = 1; // pixels: the blur after which a nucleus is looked for
const [ABOUT, CLOSE] = [5, 3]; // pixels around a picture's middle in which it is looked for, and then around what was found
const TIMES = 4; // so often
const [FIRST, THEN] = [16, 8]; // powers of the light by which places count: the brightest one nearly alone
const [LONE, INNER, WITHIN] = [0.1, 0.5, 5]; // how uneven a place is that is left alone; how much more near the nucleus; how many pixels are near
const LEAST = 1e-9; // nothing is divided by less

/**
 * (3, size, size) with `kept` of what is uneven about its nucleus: for each class a share for each pair of EDGES, 1 from the last on.
 * classes: weights that add up to 1, the last for "none"; free: from 0 to 1, how much of the picture is left alone.
 */
export function balanced(picture: Float32Array, size: number, kept: number[][], classes: Float32Array, free: number): Float32Array {
  if (!kept.length) return picture;
  const shares = [...mixed(kept, classes).map((share) => 1 - (1 - share) * (1 - free)), 1];
  const edges = EDGES.map((edge) => edge * size);
  const [before, last] = edges.slice(-2) as [number, number];
  const places = [...edges.slice(1).map((edge, i) => (edge + (edges[i] as number)) / 2), 2 * last - before];
  const light = mean(picture, size);
  const [row, column] = nucleus(light, size);
  const odd = [0, 1, 2].map((which) => {
    const plane = channel(picture, size, which);
    const image = turned(plane, size, row, column);
    return plane.map((value, i) => (value - (image[i] as number)) / 2);
  });
  const uneven = light.map((_, i) => Math.abs(odd.reduce((sum, plane) => sum + (plane[i] as number) / 3, 0)));
  const strong = blurred(uneven, size, evenly(profile(SOFT)), "replicate");
  const out = new Float32Array(picture.length);
  odd.forEach((plane, which) => {
    const changed = plane.map((value, i) => {
      const away = Math.hypot(Math.floor(i / size) - row, (i % size) - column);
      const alone = LONE + INNER * Math.exp(-((away / WITHIN) ** 2) / 2);
      const taken = (1 - along(places, shares, away)) / (1 + ((strong[i] as number) / alone) ** 4);
      return (picture[which * size * size + i] as number) - taken * value;
    });
    out.set(changed, which * size * size);
  });
  return out;
}

/** Row and column of the brightest place about the middle of a picture's light, between pixels. */
function nucleus(light: Float32Array, size: number): [number, number] {
  const soft = blurred(light, size, evenly(profile(SOFT)), "replicate");
  const sorted = Float64Array.from(soft).sort();
  const middle = ((sorted[(sorted.length - 1) >> 1] as number) + (sorted[sorted.length >> 1] as number)) / 2;
  const lit = soft.map((value) => Math.max(0, value - middle));
  let [row, column] = [(size - 1) / 2, (size - 1) / 2];
  for (const [power, reach] of [[FIRST, ABOUT], ...range(0, TIMES).map(() => [THEN, CLOSE])] as [number, number][]) {
    const near = Array.from(lit, (_, i) => Math.exp(-((Math.floor(i / size) - row) ** 2 + ((i % size) - column) ** 2) / (2 * reach ** 2)));
    const highest = near.reduce((most, share, i) => Math.max(most, share * (lit[i] as number)), LEAST);
    let [sum, down, right] = [0, 0, 0];
    near.forEach((share, i) => {
      const weight = share * ((lit[i] as number) / highest) ** power;
      sum += weight;
      down += weight * Math.floor(i / size);
      right += weight * (i % size);
    });
    if (sum > LEAST) [row, column] = [down / sum, right / sum];
  }
  return [row, column];
}

/** By half a circle about a place between pixels, by cubic convolution. */
function turned(plane: Float32Array, size: number, row: number, column: number): Float64Array {
  const clamp = (at: number): number => Math.min(size - 1, Math.max(0, at));
  const pass = (from: ArrayLike<number>, middle: number, across: boolean): Float64Array => {
    const whole = Math.floor(2 * middle);
    const shares = [-1, 0, 1, 2].map((step) => cubic(Math.abs(2 * middle - whole - step)));
    return Float64Array.from({ length: size * size }, (_, i) => {
      const [y, x] = [Math.floor(i / size), i % size];
      return shares.reduce((sum, share, k) => {
        const at = clamp(whole - (across ? x : y) + k - 1);
        return sum + share * (from[across ? y * size + at : at * size + x] as number);
      }, 0);
    });
  };
  return pass(pass(plane, row, false), column, true);
}

/** How much a pixel counts that lies so far away, in pixels. */
function cubic(far: number): number {
  if (far <= 1) return 1.5 * far ** 3 - 2.5 * far ** 2 + 1;
  return far < 2 ? -0.5 * far ** 3 + 2.5 * far ** 2 - 4 * far + 2 : 0;
}

/** A line through (place, value), level before the first and beyond the last. */
function along(places: number[], values: number[], at: number): number {
  if (at <= (places[0] as number)) return values[0] as number;
  const next = places.findIndex((place) => at < place);
  if (next < 0) return values[values.length - 1] as number;
  const [from, to] = [places[next - 1] as number, places[next] as number];
  const share = (at - from) / (to - from);
  return (values[next - 1] as number) * (1 - share) + (values[next] as number) * share;
}
