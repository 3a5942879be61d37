// From noise to a picture along the network's velocity, as render/generators/samplers.py, flow.py, colour.py and equaliser.py do it.

const SHIFT = 2.5;
const REACH = 4; // standard deviations of the colour's blur

/** The velocity at x and time t. */
export type Velocity = (x: Float32Array, t: number) => Promise<Float32Array>;

/** Where classifier-free guidance is applied, and where `ancestral` renews noise and how much of it (samplers.py). */
const GUIDED = [0.4, 0.88] as const;
const RENEWED_BELOW = 0.4;
const RENEWAL = 0.3;
const OFFSET = 1009;
const PRIMES = [
  10007, 10247, 10477, 10729, 10987, 11251, 11491, 11783, 11987, 12251, 12487, 12697, 12953, 13177, 13451, 13697, 13921, 14221, 14489, 14731,
  14947, 15217, 15427, 15667,
];

/** Whether guidance is applied at time t. */
export function isGuided(t: number, guidance: number): boolean {
  return guidance !== 1 && GUIDED[0] <= t && t <= GUIDED[1];
}

/** The samplers that a recipe may name and this module knows. */
export const SAMPLERS = ["euler", "ab2", "ancestral"];

/**
 * Times from 1 to 0, denser near the noise: steps + 1 of them; with a time `below`, those down to there, and from there half as many
 * steps, denser to the end.
 */
export function times(steps: number, below: number): number[] {
  const whole = Array.from({ length: steps + 1 }, (_, i) => {
    const t = 1 - i / steps;
    return (SHIFT * t) / (1 + (SHIFT - 1) * t);
  });
  if (below === 0) return whole;
  const own = Math.max(1, Math.floor(steps / 2)) + 1;
  return [...whole.filter((t) => t >= below), ...Array.from({ length: own }, (_, i) => below * (1 - (i + 1) / own) ** 2)];
}

/**
 * From noise to a picture by one of `SAMPLERS`, with one velocity a step: `euler`; `ab2`, Adams-Bashforth of second order with variable steps;
 * `ancestral`, which is `ab2` as long as there is much noise and then renews a part of it, the first noise in another order. `callback`
 * gets the picture that is expected so far, x - t v; a false answer ends the walk, and the result is null.
 */
export async function sample(
  sampler: string,
  velocity: Velocity,
  start: Float32Array,
  path: number[],
  callback: (step: number, expected: Float32Array) => Promise<boolean>,
): Promise<Float32Array | null> {
  let x = start;
  let before: { v: Float32Array; width: number } | null = null;
  for (let i = 0; i + 1 < path.length; i++) {
    const [t, s] = [path[i] as number, path[i + 1] as number];
    const v = await velocity(x, t);
    if (!(await callback(i, x.map((value, k) => value - t * (v[k] as number))))) return null;
    const here = x;
    if (sampler === "ancestral" && t < RENEWED_BELOW) {
      const renewed = ((RENEWAL * s) / t) * Math.sqrt(Math.max(t * t - (((1 - t) / (1 - s)) * s) ** 2, 0));
      const kept = Math.sqrt(s * s - renewed * renewed);
      const again = reordered(start, i);
      x = here.map((value, k) =>
        (1 - s) * (value - t * (v[k] as number)) + kept * (value + (1 - t) * (v[k] as number)) + renewed * (again[k] as number));
      continue;
    }
    const ratio = before && sampler !== "euler" ? (s - t) / (2 * before.width) : 0;
    const old = before?.v ?? v;
    x = here.map((value, k) => value + (s - t) * ((1 + ratio) * (v[k] as number) - ratio * (old[k] as number)));
    before = { v, width: s - t };
  }
  return x;
}

/** The values in an order that belongs to the step: i -> (a i + b) mod their number. */
function reordered(noise: Float32Array, step: number): Float32Array {
  const primes = PRIMES.filter((prime) => noise.length % prime);
  const prime = primes[step % primes.length] as number;
  return noise.map((_, i) => noise[(i * prime + OFFSET * (step + 1)) % noise.length] as number);
}

/** The deviation of each channel from their mean, blurred by a Gaussian of `blur` pixels; (3, size, size), edges repeated. */
export function blurredColour(picture: Float32Array, size: number, blur: number): Float32Array {
  if (blur <= 0) return picture;
  const area = size * size;
  const light = new Float32Array(area);
  for (let i = 0; i < 3 * area; i++) light[i % area] = (light[i % area] as number) + (picture[i] as number) / 3;
  const reach = Math.max(1, Math.round(REACH * blur));
  const line = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-(((i - reach) / blur) ** 2) / 2));
  const sum = line.reduce((a, b) => a + b, 0);
  const clamp = (at: number): number => Math.min(size - 1, Math.max(0, at));
  const out = new Float32Array(3 * area);
  for (let channel = 0; channel < 3; channel++) {
    let plane = picture.slice(channel * area, (channel + 1) * area).map((value, i) => value - (light[i] as number));
    for (const across of [true, false]) {
      plane = plane.map((_, i) => {
        const [row, column] = [Math.floor(i / size), i % size];
        let value = 0;
        for (let k = -reach; k <= reach; k++) {
          const from = across ? row * size + clamp(column + k) : clamp(row + k) * size + column;
          value += ((line[k + reach] as number) / sum) * (plane[from] as number);
        }
        return value;
      });
    }
    for (let i = 0; i < area; i++) out[channel * area + i] = (light[i] as number) + (plane[i] as number);
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
  const area = size * size;
  const spread = gains.spread?.[0];
  const line = (rows: number[][]): Float64Array => {
    const row = mixed(rows, classes).map((gain, i) => gain * Math.exp(own * (spread?.[i] ?? 0) - (spread?.[i] ?? 0) ** 2 / 2));
    return kernel(row, size);
  };
  const light = new Float32Array(area);
  for (let i = 0; i < 3 * area; i++) light[i % area] = (light[i % area] as number) + (picture[i] as number) / 3;
  const bright = gains.light ? filtered(light, size, line(gains.light)) : light;
  const tint = gains.colour ? line(gains.colour) : null;
  const out = new Float32Array(3 * area);
  for (let channel = 0; channel < 3; channel++) {
    const plane = picture.slice(channel * area, (channel + 1) * area).map((value, i) => value - (light[i] as number));
    const colour = tint ? filtered(plane, size, tint) : plane;
    for (let i = 0; i < area; i++) out[channel * area + i] = (bright[i] as number) + (colour[i] as number);
  }
  return out;
}

function mixed(rows: number[][], classes: Float32Array): number[] {
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
