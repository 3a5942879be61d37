// Gaussian blur of a square plane of pixels, as render/generators/blur.py has it.

const REACH = 4; // standard deviations after which a Gaussian is left off

/** What lies beyond a plane's edges: its other side, or the edge again. */
export type Edges = "circular" | "replicate";

/** A Gaussian along a line of pixels, 1 in the middle. */
export function profile(width: number): number[] {
  const reach = Math.ceil(REACH * width);
  return Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-(((i - reach) / width) ** 2) / 2));
}

/** The same, adding up to 1. */
export function evenly(line: number[]): number[] {
  const sum = line.reduce((a, b) => a + b, 0);
  return line.map((value) => value / sum);
}

/** Each value spread along its column by the line, and then along its row. */
export function blurred(plane: Float32Array, size: number, line: number[], edges: Edges): Float32Array {
  const reach = (line.length - 1) / 2;
  const beyond = (at: number): number => (edges === "circular" ? (at + size) % size : Math.min(size - 1, Math.max(0, at)));
  const along = (from: Float32Array, across: boolean): Float32Array =>
    from.map((_, i) => {
      const [row, column] = [Math.floor(i / size), i % size];
      let value = 0;
      for (let k = -reach; k <= reach; k++) {
        const at = across ? row * size + beyond(column + k) : beyond(row + k) * size + column;
        value += (line[k + reach] as number) * (from[at] as number);
      }
      return value;
    });
  return along(along(plane, false), true);
}
