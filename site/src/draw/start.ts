// What a picture begins from: noise between two noises, as render/noise.py has it, and its coarse part and its peaks, as
// render/generators/symmetry.py and peaks.py make them.

import { blurred, profile } from "./blur";

const BLOCK = 4; // pixels of a side whose mean is coarse

/** White noise (3, size, size) whose coarse part is correlated by `amount` with its own image turned by half a circle, as symmetry.py makes it. */
export function symmetric(noise: Float32Array, size: number, amount: number): Float32Array {
  if (amount === 0) return noise;
  const kept = Math.sqrt((1 + Math.sqrt(1 - amount * amount)) / 2);
  const turned = Math.sqrt(1 - kept * kept);
  const side = size / BLOCK;
  const coarse = new Float32Array(3 * side * side);
  const block = (i: number): number => {
    const [channel, row, column] = [Math.floor(i / (size * size)), Math.floor(i / size) % size, i % size];
    return (channel * side + Math.floor(row / BLOCK)) * side + Math.floor(column / BLOCK);
  };
  noise.forEach((value, i) => (coarse[block(i)] = (coarse[block(i)] as number) + value / BLOCK ** 2));
  const across = (at: number): number => at - (at % (side * side)) + (side * side - 1 - (at % (side * side)));
  return noise.map((value, i) => value + (kept - 1) * (coarse[block(i)] as number) + turned * (coarse[across(block(i))] as number));
}

/** Between two noises on the sphere where such noise lies: a at t = 0, b at t = 1 (Shoemake 1985, as `slerp`). */
export function slerp(a: Float32Array, b: Float32Array, t: number): Float32Array {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number];
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  const angle = Math.acos(Math.min(1, Math.max(-1, dot / Math.sqrt(aa * bb))));
  if (angle < 1e-4) return a; // the same noise
  const [left, right] = [Math.sin((1 - t) * angle) / Math.sin(angle), Math.sin(t * angle) / Math.sin(angle)];
  return a.map((value, i) => left * value + right * (b[i] as number));
}

/** How wide a star's light is, in pixels, how high noise has to be to be lifted, and by how much it is. */
export interface Peaks {
  width: number;
  above: number;
  by: number;
}

const HOLLOW = 2; // how many times wider than a star the hollow around it is

/**
 * White noise (3, size, size) lifted in all channels alike by a Gaussian at each of its peaks and lowered by a wider one, as peaks.py does it;
 * edges meet across.
 */
export function raised(noise: Float32Array, size: number, peaks: Peaks | null): Float32Array {
  if (!peaks) return noise;
  const area = size * size;
  const [line, broad] = [profile(peaks.width), profile(HOLLOW * peaks.width)];
  const light = new Float32Array(area);
  noise.forEach((value, i) => (light[i % area] = (light[i % area] as number) + value / Math.sqrt(3)));
  const share = line.reduce((sum, value) => sum + value * value, 0);
  const high = blurred(light, size, line, "circular").map((value) => Math.max(0, value / share - peaks.above));
  const lift = blurred(high, size, line, "circular");
  const all = broad.reduce((sum, value) => sum + value) ** 2;
  const risen = blurred(lift, size, broad, "circular").map((value, i) => (lift[i] as number) - value / all);
  return noise.map((value, i) => value + (risen[i % area] as number) * (peaks.by / Math.sqrt(3)));
}
