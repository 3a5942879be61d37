// Stars as round and as sharp as the seeing lets them be, as render/generators/sharpness.py draws them anew.

import { blurred, evenly, profile } from "./blur";
import { channel, mean } from "./finish";

const [SHARP, SOFT] = [0.7, 2]; // pixels: a point of light is what the first blur has beyond the second, which is how far it stands out
const [FAINT, BRIGHT] = [6, 9]; // standard deviations of a picture's grain: lower points are left alone, higher ones drawn anew in full
const NUCLEUS = 1 / 12; // of a picture's side: what is left alone in the middle
const [REACH, INNER] = [8, 4.5]; // pixels to each side that are a star's surroundings, and from its middle from which on they are no star
const [NEAR, APART] = [2, 0.5]; // pixels that tell where a star's middle is, and from one distance at which its light is told to the next
const [WITHIN, CORE] = [0.75, 1.5]; // pixels that are told together: by their mean below the second distance, by their median beyond
const [LOST, PLAIN] = [1, 4]; // standard deviations of the grain: light below the first is left as it is, above the second drawn anew
const TWICE = 2; // deviations beyond which light does not tilt a star's ground, and how many times a star's light is changed at most
const [FAR, WIDE, POINT] = [8, 0.4, 0.15]; // at which distance what has still the second share is no star, and the third a star in full
const TO_DEVIATION = 1.4826; // of a normal distribution, from the median of absolute deviations
const LEAST = 1e-9; // nothing is divided by less

/** A part of a picture around a star. rows, columns: of each of its pixels; away: how far that is from the star's middle. */
interface Box {
  places: number[];
  down: number[];
  right: number[];
  away: number[];
}

/** (3, size, size) with bright stars round and `amount` times as narrow, each standing out as far as before; 0 leaves everything as it is. */
export function sharpened(picture: Float32Array, size: number, amount: number): Float32Array {
  if (amount <= 0) return picture;
  const points = pointsOf(picture, size);
  const middle = median(points);
  const grain = Math.max(LEAST, TO_DEVIATION * median(points.map((value) => Math.abs(value - middle))));
  const planes = [0, 1, 2].map((which) => Float64Array.from(channel(picture, size, which)));
  const bright = (at: number): number => clamp(((points[at] as number) / grain - FAINT) / (BRIGHT - FAINT)) * awayFromMiddle(at, size);
  for (const at of found(points, size, bright)) drawAnew(planes, points, size, at, { share: bright(at), grain, amount });
  const out = new Float32Array(picture.length);
  planes.forEach((plane, which) => out.set(plane, which * size * size));
  return out;
}

/** The places of stars, the one that stands out most first. */
function found(points: Float32Array, size: number, bright: (at: number) => number): number[] {
  const stars: number[] = [];
  for (let y = NEAR; y < size - NEAR; y++) {
    for (let x = NEAR; x < size - NEAR; x++) {
      const at = y * size + x;
      if (bright(at) > 0 && around(at, size).every((other) => (points[other] as number) <= (points[at] as number))) stars.push(at);
    }
  }
  return stars.sort((a, b) => (points[b] as number) - (points[a] as number));
}

function around(at: number, size: number): number[] {
  const steps = Array.from({ length: 2 * NEAR + 1 }, (_, i) => i - NEAR);
  return steps.flatMap((y) => steps.map((x) => at + y * size + x));
}

function drawAnew(planes: Float64Array[], points: Float32Array, size: number, at: number, how: { share: number; grain: number; amount: number }): void {
  const box = boxAround(points, size, at);
  const ring = box.away.flatMap((r, i) => (r > INNER && r < REACH ? [i] : []));
  const boxes = planes.map((plane) => box.places.map((place) => plane[place] as number));
  const grounds = boxes.map((light) => groundOf(light, box, ring));
  const standing = boxes.map((light, which) => light.map((value, i) => value - ((grounds[which] as number[])[i] as number)));
  const falling = standing.map((light) => fallingOf(light, box.away));
  const whole = (falling[0] as number[]).map((_, k) => falling.reduce((sum, line) => sum + (line[k] as number) / 3, 0));
  const share = how.share * clamp((WIDE - (whole[FAR] as number) / Math.max(LEAST, whole[0] as number)) / (WIDE - POINT));
  const anew = falling.map((line) => box.away.map((r) => between(line, r * how.amount, 0)));
  const seen = box.away.map((r) => Math.exp(-((r / SHARP) ** 2) / 2) / SHARP ** 2 - Math.exp(-((r / SOFT) ** 2) / 2) / SOFT ** 2);
  const stands = (parts: number[][]): number => seen.reduce((sum, weight, i) => sum + (weight * parts.reduce((a, part) => a + (part[i] as number), 0)) / 3, 0);
  const high = Math.min(TWICE, Math.max(1 / TWICE, stands(standing) / Math.max(LEAST, stands(anew))));
  box.places.forEach((place, i) => {
    const r = box.away[i] as number;
    const own = between(whole, r, whole[whole.length - 1] as number);
    const mask = share * clamp((own / how.grain - LOST) / (PLAIN - LOST)) * clamp((REACH - 1 - r) / 2);
    planes.forEach((plane, which) => {
      const wanted = ((grounds[which] as number[])[i] as number) + high * ((anew[which] as number[])[i] as number);
      plane[place] = (plane[place] as number) + mask * (wanted - (plane[place] as number));
    });
  });
}

function boxAround(points: Float32Array, size: number, at: number): Box {
  const [y, x] = [Math.floor(at / size), at % size];
  let [light, middleY, middleX] = [0, 0, 0];
  for (const other of around(at, size)) {
    const value = Math.max(0, points[other] as number);
    light += value;
    middleY += value * (Math.floor(other / size) - y);
    middleX += value * ((other % size) - x);
  }
  const [rows, columns] = [y, x].map((place) => range(Math.max(0, place - REACH), Math.min(size, place + REACH + 1))) as [number[], number[]];
  const places = rows.flatMap((row) => columns.map((column) => row * size + column));
  const down = places.map((place) => Math.floor(place / size) - y - middleY / light);
  const right = places.map((place) => (place % size) - x - middleX / light);
  return { places, down, right, away: down.map((value, i) => Math.hypot(value, right[i] as number)) };
}

/** The light that a star stands on, a plane through what is around it. */
function groundOf(light: number[], box: Box, ring: number[]): number[] {
  const values = ring.map((i) => light[i] as number);
  const middle = median(values);
  const most = TWICE * TO_DEVIATION * median(values.map((value) => Math.abs(value - middle)));
  const off = values.map((value) => Math.min(most, Math.max(-most, value - middle)));
  const slope = (way: number[]): number => {
    const along = ring.map((i) => way[i] as number);
    return off.reduce((sum, value, k) => sum + value * (along[k] as number), 0) / Math.max(LEAST, along.reduce((sum, value) => sum + value * value, 0));
  };
  const [down, right] = [slope(box.down), slope(box.right)];
  return light.map((_, i) => middle + down * (box.down[i] as number) + right * (box.right[i] as number));
}

/** A star's light at every distance from its middle; never more than nearer to it, nor less than nothing, and a little smoothed. */
function fallingOf(standing: number[], away: number[]): number[] {
  let least = Infinity;
  const line = range(0, 2 * REACH + 1).map((k) => {
    const some = standing.filter((_, i) => Math.abs((away[i] as number) - APART * k) < WITHIN);
    const told = APART * k < CORE ? some.reduce((a, b) => a + b, 0) / some.length : median(some);
    least = Math.min(least, told);
    return Math.max(0, least);
  });
  return line.map((value, k) => ((line[Math.max(0, k - 1)] as number) + 2 * value + (line[Math.min(line.length - 1, k + 1)] as number)) / 4);
}

/** A line's value at a distance from its middle; beyond its end `after`. */
function between(line: number[], distance: number, after: number): number {
  const place = distance / APART;
  if (place > line.length - 1) return after;
  const low = Math.min(Math.floor(place), line.length - 2);
  return (line[low] as number) * (1 - (place - low)) + (line[low + 1] as number) * (place - low);
}

/** How far light stands out from what is around it. */
function pointsOf(picture: Float32Array, size: number): Float32Array {
  const light = mean(picture, size);
  const soft = blurred(light, size, evenly(profile(SOFT)), "replicate");
  return blurred(light, size, evenly(profile(SHARP)), "replicate").map((value, i) => value - (soft[i] as number));
}

/** From 0 in the middle of a picture to 1 far away from it. */
function awayFromMiddle(i: number, size: number): number {
  const [y, x] = [Math.floor(i / size) - (size - 1) / 2, (i % size) - (size - 1) / 2];
  return 1 - Math.exp(-(y * y + x * x) / (2 * (NUCLEUS * size) ** 2));
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}

/** Whole numbers. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** The lower of the two in the middle. */
function median(values: ArrayLike<number>): number {
  return Float64Array.from(values).sort()[(values.length - 1) >> 1] as number;
}
