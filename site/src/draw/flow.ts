// From noise to a picture along the network's velocity, as render/generators/samplers.py and flow.py do it.

const SHIFT = 2.5;

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
