// Spiral arms, laid out before a galaxy is drawn, as render/generators/arms.py lays them out.

import { mixed } from "./finish";
import { normals } from "./noise";

const STREAM = 7; // of the noise from which arms are drawn
const CHOICES = 16;
const PITCH = [(12 * Math.PI) / 180, (26 * Math.PI) / 180] as const;
const RADIUS = [0.52, 0.7] as const; // how far arms reach at most, as a share of a picture's side
const INNER = [0.18, 0.3] as const; // and where they begin, as a share of that
const WOUND = [Math.PI, 1.6 * Math.PI] as const;
const FACE = 0.4; // axis ratio of the most inclined disc
const THREE = 0.15;
const BARRED = 0.5;
const WIDTH = [1.4, 2.0] as const; // of the brush and, below, of the nucleus, in pixels of a picture of 96
const CORE = 3;
const BENT = 0.06;
const ASKEW = 0.5; // by what angle, at most, the last arm begins beside its place
const SHORTER = 0.35; // and by what share of it, at most, it is shorter
const INK = 1.6;
const FAINTER = 0.3;
const THINNER = 0.25;
const DOTS = 80; // touches of the brush along an arm
const BAR_DOTS = 40;

/** A touch of the brush: its place in pixels from the middle, its standard deviation and how light it is. */
interface Dot {
  x: number;
  y: number;
  width: number;
  level: number;
}

/** Whether a galaxy of a seed is drawn after arms. shares: of each class; classes: weights that add up to 1, the last for "none". */
export function hasArms(seed: number, shares: number[], classes: Float32Array): boolean {
  if (!shares.length) return false;
  return (choices(seed)[0] as number) < (mixed(shares.map((share) => [share]), classes)[0] as number);
}

/** (size, size) from 0, nothing, to 1, light: the arms of a seed as a pen might have drawn them. */
export function arms(seed: number, size: number): Float32Array {
  const drawing = new Float32Array(size * size);
  for (const { x, y, width, level } of dots(choices(seed), size)) {
    const line = (at: number): number[] => Array.from({ length: size }, (_, i) => Math.exp(-((i - (size - 1) / 2 - at) ** 2) / (2 * width * width)));
    const [row, column] = [line(y), line(x)];
    drawing.forEach((value, i) => {
      const light = level * Math.min(INK * (row[Math.floor(i / size)] as number) * (column[i % size] as number), 1);
      if (light > value) drawing[i] = light;
    });
  }
  return drawing;
}

/** Even numbers from 0 to 1: the directions of pairs of normal ones. */
function choices(seed: number): number[] {
  const values = normals(seed, 2 * CHOICES, { stream: STREAM });
  return Array.from({ length: CHOICES }, (_, i) => {
    const turn = Math.atan2(values[2 * i + 1] as number, values[2 * i] as number) / (2 * Math.PI);
    return turn < 0 ? turn + 1 : turn;
  });
}

/** The brush's touches, for `CHOICES` numbers from 0 to 1. */
function dots(chosen: number[], size: number): Dot[] {
  const [, face, along, sense, pitch, far, near, first, wound, broad, third, bar, bent, waved, askew, shorter] = chosen as [
    number, number, number, number, number, number, number, number, number, number, number, number, number, number, number, number,
  ];
  const bends = [bent, waved];
  const flat = between([FACE, 1], face);
  const position = Math.PI * along;
  const turning = sense < 0.5 ? 1 : -1;
  const slope = Math.tan(between(PITCH, pitch));
  const end = size * between(RADIUS, far);
  const begin = end * between(INNER, near);
  const start = 2 * Math.PI * first;
  const width = (size / 96) * between(WIDTH, broad);
  const count = third < THREE ? 3 : 2;
  const dot = (radius: number, angle: number, wide: number, level: number): Dot => {
    const [x, y] = [radius * Math.cos(angle), turning * flat * radius * Math.sin(angle)];
    const [cosine, sine] = [Math.cos(position), Math.sin(position)];
    return { x: x * cosine - y * sine, y: x * sine + y * cosine, width: wide, level };
  };
  const touches = [dot(0, 0, (size / 96) * CORE, 1)];
  const whole = Math.min(Math.log(end / begin) / slope, between(WOUND, wound));
  for (let arm = 0; arm < count; arm++) {
    const last = arm === count - 1;
    const turn = start + (2 * Math.PI * arm) / count + (last ? ASKEW * (askew - 0.5) : 0);
    for (let step = 0; step < DOTS; step++) {
      const done = step / (DOTS - 1);
      const angle = done * whole * (last ? 1 - SHORTER * shorter : 1);
      const wave = (k: number): number => Math.sin((k + 1) * angle + 2 * Math.PI * ((bends[k] as number) + arm / count));
      const radius = begin * Math.exp(angle * slope) * (1 + BENT * (wave(0) + wave(1)));
      touches.push(dot(radius, turn + angle, width * (1 - THINNER * done), 1 - FAINTER * done));
    }
  }
  if (bar < BARRED && count === 2) {
    for (let step = 0; step < BAR_DOTS; step++) touches.push(dot(begin * ((2 * step) / (BAR_DOTS - 1) - 1), start, width, 1));
  }
  return touches;
}

function between([a, b]: readonly [number, number], share: number): number {
  return a + (b - a) * share;
}
