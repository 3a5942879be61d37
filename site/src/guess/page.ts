// Which one is real? Two pictures, one question, and a score that stays in this browser.
import { siteRoot } from "../history";
import { fetchJson, Manifest, mediaAddress, type Entry } from "../manifest";
import { recall, remember } from "../memory";
import { readTraits, type Traits } from "../traits";
import { perCent, t, tn } from "../words";

const WIDTH = "384"; // of the files that both are shown from
const Z = 1.96; // of a 95 % interval

/** A real picture, as the bake lists it. Addresses are relative to the site's root. */
interface Real {
  class: string;
  called: string;
  name: string;
  credit: string;
  licence: string;
  avif: string;
  jpg: string;
}

interface Score {
  right: number;
  asked: number;
}

/** Asks the first question; where a part does not load, a sentence says so. */
export async function startGuess(page: HTMLElement): Promise<void> {
  try {
    const index = new URL(page.dataset.index ?? "", location.href);
    const [reals, traits, manifest] = await Promise.all([
      fetchJson<Real[]>(new URL(page.dataset.guess ?? "", location.href)), readTraits(index), Manifest.open(index),
    ]);
    await new Guess(page, reals, traits, manifest).ask();
  } catch {
    const line = page.querySelector("[data-score]");
    if (line) line.textContent = t("A part of this page did not load, so nothing can be asked. The rest of the site works.");
  }
}

class Guess {
  private readonly key = `guess.${document.documentElement.dataset.collection ?? ""}`;
  private queue: Real[] = [];
  private side = 0; // where the real one is
  private open = false; // whether an answer is waited for
  private real: Real | null = null;
  private made: Entry | null = null;

  constructor(
    private readonly page: HTMLElement,
    private readonly reals: Real[],
    private readonly traits: Traits[],
    private readonly manifest: Manifest,
  ) {
    for (const one of this.ones) one.addEventListener("click", () => this.answer(Number(one.dataset.one)));
    this.find("next").addEventListener("click", () => void this.ask().catch(() => this.say("score", t("The next pair did not load: try again."))));
  }

  /** Shows a pair: the next real one, none twice before all were seen, and a generated one of its class, if there is any. */
  async ask(): Promise<void> {
    if (!this.queue.length) this.queue = shuffled(this.reals);
    const real = this.queue[0]!;
    const same = this.traits.filter((one) => one.class === real.class);
    const made = await this.manifest.entry(picked(same.length ? same : this.traits).number);
    this.queue.shift();
    this.real = real;
    this.made = made;
    this.side = random(2);
    const root = siteRoot();
    const pictures = [
      { avif: new URL(real.avif, root).href, jpg: new URL(real.jpg, root).href },
      { avif: made.s[WIDTH] ? mediaAddress(made.s[WIDTH], root) : "", jpg: mediaAddress(made.j, root) },
    ];
    const both = pictures.every((one) => one.avif); // else neither, for the codec must not tell
    const images = this.ones.map((one, i) => put(one, pictures[i === this.side ? 0 : 1]!, both));
    this.find("told").hidden = true;
    this.find("pair").hidden = false;
    await Promise.all(images.map((image) => image.decode()));
    const side = Number(this.page.dataset.side ?? 0);
    if (side) for (const image of images) coarsen(image, side);
    this.open = true;
    this.score();
  }

  private answer(side: number): void {
    const { real, made } = this;
    if (!this.open || !real || !made) return;
    this.open = false;
    const right = side === this.side;
    const told = [
      [t("Wrong: the left one, {name}, is real. The other does not exist."), t("Wrong: the right one, {name}, is real. The other does not exist.")],
      [t("Right: the left one, {name}, is real. The other does not exist."), t("Right: the right one, {name}, is real. The other does not exist.")],
    ];
    const { right: before, asked } = this.read();
    const kept = remember(this.key, JSON.stringify({ right: before + Number(right), asked: asked + 1 }));
    this.ones.forEach((one, i) => {
      one.dataset.truth = i === this.side ? "real" : "generated";
      const word = one.querySelector(".guess-word");
      if (word) word.textContent = i === this.side ? t("real: {name}, {class}", { name: real.name, class: real.called }) : t("generated: {name}, {class}", { name: made.d ?? made.t, class: made.c });
    });
    this.say("answer", t(told[Number(right)]![this.side]!, { name: real.name }));
    this.say("credit", `${real.name}: ${real.credit} (${real.licence}).`);
    (this.find("evidence") as HTMLAnchorElement).href = made.u.includes("#") ? new URL(made.u, siteRoot()).href : `${new URL(made.u, siteRoot()).href}#evidence`;
    this.find("told").hidden = false;
    this.score();
    if (!kept) this.say("score", t("This browser stores nothing, so answers are not counted."));
    this.find("next").focus();
  }

  /** The visitor's share with its 95 % interval (Wilson 1927). */
  private score(): void {
    const { right, asked } = this.read();
    if (!asked) return;
    const share = right / asked;
    const middle = (share + Z ** 2 / (2 * asked)) / (1 + Z ** 2 / asked);
    const half = (Z / (1 + Z ** 2 / asked)) * Math.sqrt((share * (1 - share)) / asked + Z ** 2 / (4 * asked ** 2));
    const percent = (value: number): string => perCent(Math.min(1, Math.max(0, value)));
    this.say("score", tn("You: right {right} of {n} times, {share} (95\u202f% interval {low} to {high}).", "You: right {right} of {n} times, {share} (95\u202f% interval {low} to {high}).", asked, { right, share: percent(share), low: percent(middle - half), high: percent(middle + half) }));
  }

  private read(): Score {
    try {
      const saved = JSON.parse(recall(this.key) ?? "null") as Partial<Score> | null;
      const [right, asked] = [Number(saved?.right), Number(saved?.asked)];
      if (Number.isSafeInteger(right) && Number.isSafeInteger(asked) && right >= 0 && right <= asked) return { right, asked };
    } catch {
      // someone else's value under our name
    }
    return { right: 0, asked: 0 };
  }

  private get ones(): HTMLElement[] {
    return [...this.page.querySelectorAll<HTMLElement>("[data-one]")];
  }

  private say(name: string, text: string): void {
    this.find(name).textContent = text;
  }

  private find(name: string): HTMLElement {
    const element = this.page.querySelector<HTMLElement>(`[data-${name}]`);
    if (!element) throw new Error(`the page has no ${name}`);
    return element;
  }
}

/** Puts a picture on a button, and takes away what an earlier answer wrote. */
function put(one: HTMLElement, address: { avif: string; jpg: string }, avif: boolean): HTMLImageElement {
  delete one.dataset.truth;
  const word = one.querySelector(".guess-word");
  if (word) word.textContent = t("this one");
  const picture = document.createElement("picture");
  const image = document.createElement("img");
  image.width = image.height = 384;
  image.alt = one.dataset.one === "0" ? t("The left picture") : t("The right picture");
  if (avif) {
    const source = document.createElement("source");
    source.type = "image/avif";
    source.srcset = address.avif;
    picture.append(source);
  }
  picture.append(image);
  one.querySelector(".picture")?.replaceChildren(picture);
  image.src = address.jpg; // last: the browser chooses once it knows the alternatives
  return image;
}

/** Puts what a picture of so many pixels a side can hold in a picture's place. */
function coarsen(image: HTMLImageElement, side: number): void {
  const shown = drawn(drawn(image, side), image.width);
  shown.setAttribute("role", "img");
  shown.setAttribute("aria-label", image.alt);
  image.parentElement?.replaceChildren(shown);
}

function drawn(from: CanvasImageSource, side: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const ink = canvas.getContext("2d");
  if (!ink) throw new Error("no canvas");
  ink.imageSmoothingQuality = "high";
  ink.drawImage(from, 0, 0, side, side);
  return canvas;
}

function random(count: number): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % count;
}

function picked<T>(from: T[]): T {
  return from[random(from.length)]!;
}

function shuffled<T>(from: T[]): T[] {
  const all = [...from];
  for (let i = all.length - 1; i > 0; i--) {
    const other = random(i + 1);
    [all[i], all[other]] = [all[other]!, all[i]!];
  }
  return all;
}
