// Points of light from a galaxy's picture, with a guess at their depth: a thin disc seen at the inclination that its outline's axis
// ratio speaks for (Hubble 1926: cos² i = (q² - q0²) / (1 - q0²)), and a round bulge. Seen from the front they are the picture.
import { t } from "../words";

const POINTS = 60_000;
const GRID = 192; // samples across the picture
const SOFTENING = 0.35; // of the display mapping
const FLAT = 0.2; // q0: the axis ratio of a disc seen from the side
const SIDEWAYS = 0.35; // below this axis ratio the disc hides its own plan, and depth is drawn by lot
const THICKNESS = 0.08; // of a disc, in half-light radii
const FAR = 3.2; // half-light radii, beyond which nothing belongs to the galaxy
const FAINTEST = 0.02; // displayed brightness

/** What was measured on the picture: `half_light_radius` as a share of its width, the angle counter-clockwise from the horizontal. */
export interface Shape {
  axis_ratio: number;
  position_angle_deg: number;
  half_light_radius: number;
  class: string | null;
}

/** How much of the middle's light is the bulge's; 1 is a galaxy that is nothing else. */
const BULGE: Record<string, number> = {
  elliptical: 1,
  dwarf_elliptical: 1,
  lenticular: 0.9,
  spiral_early: 0.8,
  spiral_mid: 0.6,
  spiral_late: 0.3,
  irregular: 0.1,
};

/** Points in the galaxy's own axes (major axis, in the plane across it, out of the plane; 1 is half the picture's width). */
export interface Cloud {
  count: number;
  places: Float32Array; // (count, 4): x, y, z, and how much of the disc's rotation the point takes part in
  colours: Float32Array; // (count, 3), linear light
  inclination: number; // degrees
  grid: number;
  round: boolean; // whether it has no disc at all
}

/** Displayed brightness in [0, 1] to linear light. */
function toLinear(shown: number): number {
  return SOFTENING * Math.sinh(shown * Math.asinh(1 / SOFTENING));
}

/** The cloud of a picture, which must be decoded. */
export function cloudOf(image: HTMLImageElement, shape: Shape): Cloud {
  const small = document.createElement("canvas");
  small.width = small.height = GRID;
  const ink = small.getContext("2d");
  if (!ink) throw new Error(t("this browser has no canvas"));
  ink.imageSmoothingQuality = "high";
  ink.drawImage(image, 0, 0, GRID, GRID);
  const pixels = ink.getImageData(0, 0, GRID, GRID).data;

  const share = BULGE[shape.class ?? ""] ?? 0.5;
  const q = Math.min(1, Math.max(0.05, shape.axis_ratio));
  const sideways = share < 1 && q < SIDEWAYS;
  const cosine = sideways || share === 1 ? (share === 1 ? 1 : 0) : Math.sqrt((q * q - FLAT * FLAT) / (1 - FLAT * FLAT));
  const body = new Body(shape, q, cosine, share, sideways);

  const light = (k: number): number => ((pixels[4 * k] as number) + (pixels[4 * k + 1] as number) + (pixels[4 * k + 2] as number)) / 765;
  const wanted = new Float32Array(GRID * GRID);
  let sum = 0;
  for (let k = 0; k < wanted.length; k++) {
    const [x, y] = spot(k, 0.5, 0.5);
    const shown = light(k);
    if (shown > FAINTEST && body.belongs(x, y)) sum += wanted[k] = shown;
  }
  if (!sum) throw new Error(t("there is no light in this picture"));

  const random = generator();
  const places = new Float32Array(4 * (POINTS + GRID * GRID));
  const colours = new Float32Array(3 * (POINTS + GRID * GRID));
  let count = 0;
  for (let k = 0; k < wanted.length; k++) {
    const expected = ((wanted[k] as number) * POINTS) / sum;
    const here = Math.floor(expected + random());
    for (let one = 0; one < here; one++) {
      const [x, y] = spot(k, random(), random());
      places.set(body.place(x, y, random), 4 * count);
      for (const c of [0, 1, 2]) colours[3 * count + c] = toLinear((pixels[4 * k + c] as number) / 255) / expected;
      count += 1;
    }
  }
  const inclination = (Math.acos(cosine) * 180) / Math.PI;
  return { count, places: places.subarray(0, 4 * count), colours: colours.subarray(0, 3 * count), inclination, grid: GRID, round: share === 1 };
}

/** Where in the picture a grid's cell lies, from -1 to 1 to the right and up. */
function spot(k: number, right: number, down: number): [number, number] {
  return [(((k % GRID) + right) / GRID) * 2 - 1, 1 - ((Math.floor(k / GRID) + down) / GRID) * 2];
}

class Body {
  private readonly radius: number; // half-light, along the major axis
  private readonly turn: [number, number];

  constructor(
    shape: Shape,
    private readonly q: number,
    private readonly cosine: number,
    private readonly share: number,
    private readonly sideways: boolean,
  ) {
    this.radius = 2 * Math.max(0.03, shape.half_light_radius);
    const angle = (shape.position_angle_deg * Math.PI) / 180;
    this.turn = [Math.cos(angle), Math.sin(angle)];
  }

  belongs(x: number, y: number): boolean {
    const [a, m] = this.along(x, y);
    return Math.hypot(a, m / Math.max(this.q, FLAT)) < FAR * this.radius;
  }

  /** A point of the picture with its depth, in the galaxy's axes, and its share in the rotation. */
  place(x: number, y: number, random: () => number): [number, number, number, number] {
    const [a, m] = this.along(x, y);
    const away = Math.hypot(a, m);
    const bulge = this.share === 1 || random() < this.share * Math.exp(-((away / (0.35 * this.radius)) ** 2));
    const depth = bulge ? this.ball(away, random) : this.disc(a, m, random);
    const sine = Math.sqrt(1 - this.cosine * this.cosine);
    return [a, m * this.cosine + depth * sine, depth * this.cosine - m * sine, bulge ? 0.25 : 1];
  }

  private along(x: number, y: number): [number, number] {
    const [c, s] = this.turn;
    return [x * c + y * s, y * c - x * s];
  }

  /** Along the line of sight through a ball whose light falls with the cube of the distance. */
  private ball(away: number, random: () => number): number {
    const core = this.share === 1 ? 0.15 * this.radius : 0.1 * this.radius;
    const most = (this.share === 1 ? FAR : 0.7) * this.radius;
    const reach = Math.sqrt(Math.max(most * most - away * away, 0));
    for (let turn = 0; turn < 20; turn++) {
      const u = 2 * random() - 1;
      const depth = (Math.hypot(away, core) * u) / Math.sqrt(1 - u * u);
      if (Math.abs(depth) < reach) return depth;
    }
    return 0;
  }

  /** In the plane of the disc, give or take its thickness; where the plane is seen from the side, anywhere along it. */
  private disc(a: number, m: number, random: () => number): number {
    if (this.sideways) {
      const scale = this.radius / 1.68; // of an exponential disc with this half-light radius
      for (let turn = 0; turn < 40; turn++) {
        const depth = (2 * random() - 1) * FAR * this.radius;
        if (random() < Math.exp((Math.abs(a) - Math.hypot(a, depth)) / scale)) return depth;
      }
      return 0;
    }
    const spread = (random() + random() + random() - 1.5) * THICKNESS * this.radius;
    return (m * Math.sqrt(1 - this.cosine * this.cosine) + spread) / this.cosine;
  }
}

/** Numbers in (0, 1) that are the same at every visit (mulberry32: what lies at which depth is a guess, but always the same one). */
function generator(): () => number {
  let state = 4127;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (((mixed ^ (mixed >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
}
