// Where exhibits stand in the sky, and the lines and words behind them. The map of likeness was laid out before the site was baked;
// the other layouts are arithmetic on measured traits. World units: one is about as wide as a little picture.
import type { Place } from "../near/places";
import type { Traits } from "../traits";
import { t } from "../words";

/** An exhibit with its traits and its place on the map of likeness. */
export type Point = Traits & Pick<Place, "x" | "y">;

/** A line from a to b, or words at a place; with `room`, only where that many world units are wide enough for them. */
export interface Guide {
  line?: [number, number, number, number];
  text?: string;
  at?: [number, number];
  align?: CanvasTextAlign;
  room?: number;
}

/** Where each exhibit stands, by number. tight: pictures hardly overlap, so they grow as fast as their distances; wide: their width
 * in world units where they end in black, of which their outer part may overlap. */
export interface Laid {
  at: Map<number, [number, number]>;
  guides: Guide[];
  tight: boolean;
  wide: number;
}

export interface Layout {
  name: string;
  title: string;
  said: string;
  fits: (all: Point[]) => boolean;
  lay: (points: Point[]) => Laid;
}

const SPIRALS = ["spiral_early", "spiral_mid", "spiral_late"];
const BARRED = 33; // per cent of the strongest bar
const GOLDEN = Math.PI * (3 - Math.sqrt(5));

/** All layouts, the map of likeness first. `method` is how that was made. */
export function layouts(method: string): Layout[] {
  const how = method === "t-sne"
    ? t("Laid out by t-SNE from 72 numbers for each picture: neighbours are alike, but how far apart groups lie means little.")
    : t("The two directions in which these pictures differ most, spread evenly.");
  return [
    { name: "alike", title: t("alike"), said: `${t("What looks alike lies together, however it is turned.")} ${how}`, fits: () => true, lay: alike },
    {
      name: "fork",
      title: t("tuning fork"),
      said: t("Hubble’s diagram by the classes found here: ellipticals by how flat they look, then lenticulars, then spirals, below with a bar of at least a third of the strongest. An order of looks, not of age."),
      fits: (all) => all.some((one) => SPIRALS.includes(one.class)) && all.some((one) => one.class === "lenticular"),
      lay: fork,
    },
    {
      name: "colour",
      title: t("colour and concentration"),
      said: t("Measured on the pictures: bluer to the left, redder to the right; more of the light in the middle, higher up."),
      fits: (all) => all.filter((one) => one.colour !== null && one.concentration !== null).length > 2,
      lay: colour,
    },
    { name: "night", title: t("by night"), said: t("A block for each day on which exhibits were made, in the order of their numbers."), fits: (all) => all.some((one) => one.day), lay: nights },
  ];
}

function alike(points: Point[]): Laid {
  const wide = 0.75 * Math.sqrt(points.length);
  return { at: new Map(points.map((one) => [one.number, [one.x * wide, one.y * wide]])), guides: [], tight: false, wide: 1 };
}

/** A cluster around a place: the surest in the middle, the others as seeds in a sunflower's head. */
function cluster(points: Point[], x: number, y: number, at: Laid["at"]): void {
  const sure = [...points].sort((a, b) => (b.sure ?? 0) - (a.sure ?? 0) || a.number - b.number);
  sure.forEach((one, i) => {
    const radius = 0.62 * Math.sqrt(i);
    at.set(one.number, [x + radius * Math.cos(i * GOLDEN), y + radius * Math.sin(i * GOLDEN)]);
  });
}

function fork(points: Point[]): Laid {
  const at: Laid["at"] = new Map();
  const of = (...names: string[]): Point[] => points.filter((one) => names.includes(one.class));
  const barred = (one: Point): boolean => (one.bar ?? 0) >= BARRED;
  const arms = SPIRALS.map((name) => of(name));
  const groups = [of("lenticular"), of("irregular"), of("dwarf_elliptical"), ...arms.flatMap((all) => [all.filter(barred), all.filter((one) => !barred(one))])];
  const reach = (count: number): number => 0.62 * Math.sqrt(count) + 0.8; // of a cluster
  const room = 2 * reach(Math.max(4, ...groups.map((group) => group.length)));
  const [handle, step, rise] = [Math.max(1.6 * room, 12), 1.1 * room, 0.42]; // rise: of the prongs, a world unit
  const [far, low] = [handle + 4.2 * step, 0.8 * room];
  const label = (text: string, x: number, y: number, count: number, side: number): Guide => ({ text, at: [x, y + side * (reach(count) + 0.7)] });
  const guides: Guide[] = [
    { line: [0, 0, handle, 0] },
    { line: [handle, 0, handle + 3.5 * step, -3.5 * step * rise] },
    { line: [handle, 0, handle + 3.5 * step, 3.5 * step * rise] },
    label("S0", handle, 0, of("lenticular").length, -1),
    label(t("irregular"), far, 0, of("irregular").length, -1),
    label(t("dwarf elliptical"), 0.4 * handle, low, of("dwarf_elliptical").length, 1),
  ];
  for (let flat = 0; flat <= 7; flat++) {
    const x = (flat / 7) * (handle - 0.65 * room);
    cluster(of("elliptical").filter((one) => flatness(one) === flat), x, 0, at);
    guides.push({ text: `E${flat}`, at: [x, 1.4], room: (handle - 0.65 * room) / 7 });
  }
  cluster(of("lenticular"), handle, 0, at);
  cluster(of("irregular"), far, 0, at);
  cluster(of("dwarf_elliptical"), 0.4 * handle, low, at);
  arms.forEach((all, i) => {
    const [x, y] = [handle + (i + 1) * step, (i + 1) * step * rise];
    const [kind, bars] = ([[t("early spirals"), t("early, barred")], [t("middle spirals"), t("middle, barred")], [t("late spirals"), t("late, barred")]][i] ?? ["", ""]) as [string, string];
    const [plain, withBar] = [all.filter((one) => !barred(one)), all.filter(barred)];
    cluster(plain, x, -y, at);
    cluster(withBar, x, y, at);
    guides.push(label(kind, x, -y, plain.length, -1), label(bars, x, y, withBar.length, 1));
  });
  return { at, guides, tight: true, wide: 1.5 };
}

/** Ten times the ellipticity, as Hubble's En says it; a round one is E0. */
function flatness(one: Point): number {
  return Math.min(7, Math.max(0, Math.floor((100 - (one.ratio ?? 100)) / 10)));
}

function colour(points: Point[]): Laid {
  const known = points.filter((one) => one.colour !== null && one.concentration !== null);
  const across = range(known.map((one) => one.colour ?? 0));
  const up = range(known.map((one) => one.concentration ?? 0));
  const wide = 1.7 * Math.sqrt(known.length) + 6;
  const x = (value: number): number => wide * across.share(value);
  const y = (value: number): number => -0.7 * wide * up.share(value);
  const guides: Guide[] = [
    { line: [0, 0, wide, 0] },
    { line: [0, 0, 0, -0.7 * wide] },
    { text: t("bluer ← colour, red less blue (mag) → redder"), at: [wide / 2, 0.11 * wide] },
    { text: t("concentration"), at: [0, -0.76 * wide], align: "left" },
    ...across.ticks.map((value): Guide => ({ text: (value / 100).toFixed(1).replace("-", "−"), at: [x(value), 0.05 * wide] })),
    ...up.ticks.map((value): Guide => ({ text: (value / 100).toFixed(1), at: [-0.02 * wide, y(value)], align: "right" })),
  ];
  return { at: new Map(known.map((one) => [one.number, [x(one.colour ?? 0), y(one.concentration ?? 0)]])), guides, tight: false, wide: 1.4 };
}

/** From the smallest value to the largest, with a few round values between. */
function range(values: number[]): { share: (value: number) => number; ticks: number[] } {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const span = Math.max(1, high - low);
  const step = [5, 10, 20, 50, 100, 200, 500].find((one) => span / one <= 6) ?? 1000;
  const ticks = [];
  for (let value = Math.ceil(low / step) * step; value <= high; value += step) ticks.push(value);
  return { share: (value) => (value - low) / span, ticks };
}

function nights(points: Point[]): Laid {
  const at: Laid["at"] = new Map();
  const guides: Guide[] = [];
  const days = [...new Set(points.map((one) => one.day))].sort();
  let left = 0;
  for (const day of days) {
    const made = points.filter((one) => one.day === day);
    const wide = Math.max(3, Math.ceil(Math.sqrt((days.length > 1 ? 0.7 : 1.5) * made.length)));
    made.forEach((one, i) => at.set(one.number, [left + (i % wide), Math.floor(i / wide)]));
    guides.push({ text: day || t("no date"), at: [left + (wide - 1) / 2, -1.4] });
    left += wide + 1.5;
  }
  return { at, guides, tight: true, wide: 1 };
}
