// A picture to be heard: a radar's sweep goes round it once. Low notes are the middle, high ones the rim; louder is brighter; left and
// right are where they are. And in words, what is heard.
import { stillness } from "./motion";
import { N, t, tn } from "./words";

const SECONDS = 8;
const NOTES = [110, 130.81, 164.81, 196, 220, 261.63, 329.63, 392]; // hertz, from the middle outwards: steps that sound well together
const DIRECTIONS = 64;
const SIZE = 128; // samples across the picture
const SILENT = 0.05; // displayed brightness that is no longer heard
const UNEVEN = 0.2; // of a wave's height to the mean, from which on it is worth a word
const TOWARDS = [N("the top"), N("the upper right"), N("the right"), N("the lower right"), N("the bottom"), N("the lower left"), N("the left"), N("the upper left")];

/** Brightness in [0, 1] of each ring (from the middle) in each direction (from the top, clockwise). */
export type Profile = number[][];

/** Reads the picture, which must be decoded. */
export function profileOf(image: HTMLImageElement): Profile {
  const small = document.createElement("canvas");
  small.width = small.height = SIZE;
  const ink = small.getContext("2d");
  if (!ink) throw new Error(t("this browser has no canvas"));
  ink.drawImage(image, 0, 0, SIZE, SIZE);
  const { data } = ink.getImageData(0, 0, SIZE, SIZE);
  const light = (x: number, y: number): number => {
    const k = 4 * (Math.min(SIZE - 1, Math.max(0, Math.round(y))) * SIZE + Math.min(SIZE - 1, Math.max(0, Math.round(x))));
    return ((data[k] as number) + (data[k + 1] as number) + (data[k + 2] as number)) / 765;
  };
  return NOTES.map((_, ring) =>
    Array.from({ length: DIRECTIONS }, (__, direction) => {
      const angle = (2 * Math.PI * direction) / DIRECTIONS;
      let sum = 0;
      for (const part of [0.2, 0.5, 0.8]) {
        const radius = ((ring + part) / NOTES.length) * 0.46 * SIZE;
        sum += light(SIZE / 2 + radius * Math.sin(angle), SIZE / 2 - radius * Math.cos(angle)) / 3;
      }
      return sum;
    }));
}

/** What is heard, in sentences. */
export function words(profile: Profile): string {
  const mean = (ring: number[]): number => ring.reduce((a, b) => a + b, 0) / ring.length;
  const heard = profile.filter((ring) => mean(ring) > SILENT);
  if (!heard.length) return t("Nothing is heard: there is hardly any light.");
  const outer = heard.slice(1).length ? heard.slice(1) : heard;
  const wave = (times: number): { height: number; peak: number } => {
    let [x, y, all] = [0, 0, 0];
    for (const ring of outer) {
      ring.forEach((value, direction) => {
        const angle = (2 * Math.PI * times * direction) / DIRECTIONS;
        x += value * Math.cos(angle);
        y += value * Math.sin(angle);
        all += value;
      });
    }
    return { height: (2 * Math.hypot(x, y)) / all, peak: ((Math.atan2(y, x) / (2 * Math.PI) + 1) % 1) / times };
  };
  const name = (turn: number): string => t(TOWARDS[Math.round(turn * 8) % 8] as string);
  const [once, twice] = [wave(1), wave(2)];
  const reach = heard.length === profile.length ? t("All notes are heard: light reaches the picture's edge.") : tn("{n} of {all} notes is heard: the light ends before the picture does.", "{n} of {all} notes are heard: the light ends before the picture does.", heard.length, { all: profile.length });
  const turn =
    twice.height > UNEVEN && twice.height >= once.height
      ? t("They swell twice in a turn, towards {direction} and opposite: it is longer that way, or has two arms.", { direction: name(twice.peak) })
      : once.height > UNEVEN
        ? t("They swell once in a turn, towards {direction}: more of the light lies there.", { direction: name(once.peak) })
        : t("They hardly change in a turn: it is nearly round.");
  return `${reach} ${turn}`;
}

/** Plays a profile; the result ends it early. `done` is called when it is over. */
export function play(profile: Profile, done: () => void): () => void {
  const sound = new AudioContext();
  const start = sound.currentTime + 0.05;
  const side = sound.createStereoPanner();
  const around = Float32Array.from({ length: DIRECTIONS + 1 }, (_, i) => 0.9 * Math.sin((2 * Math.PI * i) / DIRECTIONS));
  side.pan.setValueCurveAtTime(around, start, SECONDS);
  side.connect(sound.destination);
  let last: OscillatorNode | null = null;
  profile.forEach((ring, note) => {
    const voice = sound.createOscillator();
    voice.frequency.value = NOTES[note] as number;
    const gain = sound.createGain();
    const loud = [...ring, ring[0] as number].map((value) => 0.22 * Math.max(0, value - SILENT) ** 1.3);
    loud[0] = loud[DIRECTIONS] = 0; // so that it begins and ends without a click
    gain.gain.value = 0;
    gain.gain.setValueCurveAtTime(Float32Array.from(loud), start, SECONDS);
    voice.connect(gain).connect(side);
    voice.start(start);
    voice.stop(start + SECONDS);
    last = voice;
  });
  const end = (): void => {
    void sound.close().catch(() => undefined);
    done();
  };
  (last as OscillatorNode | null)?.addEventListener("ended", end);
  void sound.resume();
  return end;
}

/** A line over the picture that goes round with the sound; the result takes it away. */
export function sweep(picture: HTMLElement): () => void {
  if (stillness()) return () => undefined;
  const line = document.createElement("span");
  line.className = "sweep";
  picture.append(line);
  line.animate([{ transform: "rotate(0deg)" }, { transform: "rotate(360deg)" }], { duration: 1000 * SECONDS });
  return () => line.remove();
}
