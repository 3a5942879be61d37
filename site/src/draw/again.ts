// Evidence by doing: the visitor's browser repeats an exhibit's recipe and says whether the same picture comes out.
import { readable } from "../largest";
import { Engine } from "./engine";
import { recipeOn } from "./latent";
import type { Answer } from "./worker";
import { decimal, t } from "../words";

const NEAR = 30; // decibels: the picture on the page is compressed and enlarged. Another galaxy lies below 25
const ENLARGED = 26; // where a second network drew the finest grain of the picture on the page anew

/** Brings the part of the page to life. */
export function startAgain(part: HTMLElement): void {
  const canvas = part.querySelector("canvas");
  const button = part.querySelector<HTMLButtonElement>("[data-render]");
  const line = part.querySelector<HTMLElement>("[data-say]");
  const image = document.querySelector<HTMLImageElement>(".plate .exposure");
  const recipe = recipeOn(document);
  const models = part.dataset.models;
  if (!canvas || !button || !line || !image || !recipe || !models) return;
  let turn = 0;
  let started = 0;
  const say = (text: string): void => { line.textContent = text; };
  const failed = (reason: string): void => {
    engine.close();
    button.disabled = false;
    say(t("It does not render here: {reason}. Everything else on this page works.", { reason: t(reason) }));
  };
  const hear = (answer: Answer): void => {
    if (answer.kind === "failed") failed(answer.reason);
    if (answer.kind !== "picture" || answer.id !== turn) return;
    canvas.width = canvas.height = answer.size;
    canvas.getContext("2d")?.putImageData(new ImageData(answer.pixels, answer.size, answer.size), 0, 0);
    if (!answer.last) return;
    button.disabled = false;
    const seconds = decimal((performance.now() - started) / 1000, 1);
    const made = t("Made here in {seconds} s.", { seconds });
    verdict(answer.pixels, answer.size, image, part.dataset.pixels ?? "", "enlarged" in part.dataset).then((words) => say(`${words} ${made} ${engine.runs}`)).catch(() => say(t("Made here; the page's picture could not be read.")));
  };
  const engine = new Engine(new URL(models, location.href), part.querySelector("progress"), hear);
  button.addEventListener("click", async () => {
    button.disabled = true;
    canvas.hidden = false;
    say(t("The network is on its way."));
    try {
      await engine.open();
      say(t("The same noise, the same network, the same steps."));
      turn += 1;
      started = performance.now();
      engine.ask({ kind: "recipe", id: turn, recipe });
    } catch (error) {
      failed((error as Error).message);
    }
  });
  part.hidden = false;
}

/** Same, near or another, with the number that says so. */
async function verdict(pixels: Uint8ClampedArray, size: number, image: HTMLImageElement, hash: string, enlarged: boolean): Promise<string> {
  if (hash && (await hashOf(pixels, size)) === hash) return t("Same: every one of its {n} pixels.", { n: (size * size).toLocaleString(document.documentElement.lang) });
  const picture = await readable(image.currentSrc || image.src);
  const small = document.createElement("canvas");
  small.width = small.height = size;
  const ink = small.getContext("2d");
  if (!ink) return t("This browser cannot compare them.");
  ink.imageSmoothingQuality = "high";
  ink.drawImage(picture, 0, 0, size, size);
  const shown = ink.getImageData(0, 0, size, size).data;
  let [square, level] = [0, 0];
  for (let i = 0; i < pixels.length; i++) {
    if (i % 4 === 3) continue;
    const off = Math.abs((pixels[i] as number) - (shown[i] as number));
    square += off * off;
    level += off;
  }
  const count = 3 * size * size;
  const decibels = 10 * Math.log10((255 * 255 * count) / Math.max(square, 1));
  const apart = { decibels: decibels.toFixed(0), levels: decimal(level / count, 1) };
  if (decibels < (enlarged ? ENLARGED : NEAR)) return t("Not the same: it differs from the picture above by {decibels} dB, on average {levels} of 255 levels.", apart);
  if (enlarged) return t("Near: it differs from the picture above, which a second network enlarged, by {decibels} dB, on average {levels} of 255 levels.", apart);
  return t("Near: it differs from the picture above, which is compressed, by {decibels} dB, on average {levels} of 255 levels. Last digits of sums differ between machines.", apart);
}

/** What the maker's machine calls the same picture (`pixel_hash`): sha256 of shape and pixels. */
async function hashOf(pixels: Uint8ClampedArray, size: number): Promise<string> {
  if (!crypto.subtle) return "";
  const head = new TextEncoder().encode(`(${size}, ${size}, 3)`);
  const whole = new Uint8Array(head.length + 3 * size * size);
  whole.set(head);
  for (let i = 0; i < size * size; i++) whole.set(pixels.subarray(4 * i, 4 * i + 3), head.length + 3 * i);
  return [...new Uint8Array(await crypto.subtle.digest("SHA-256", whole))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
