// An exhibit's picture, looked at more closely: zoomed, inverted, with another stretch. By button and by key.
import { startKeepButton } from "./kept";
import { keyIsTaken } from "./keys";
import { readable } from "./largest";
import { startShare } from "./share";
import { N, t } from "./words";

const SVG = "http://www.w3.org/2000/svg";
const LEVELS = 33; // of a stretch's curve
const SOFTENING = 0.35; // of the display mapping that made the picture: asinh(x / 0.35) / asinh(1 / 0.35)

/** Ways to show the same light. `curve` takes a displayed brightness in [0, 1] to another. */
const STRETCHES: { label: string; curve: ((value: number) => number) | null }[] = [
  { label: N("stretch"), curve: null },
  { label: N("stretch: faint parts"), curve: (value) => Math.sqrt(value) },
  { label: N("stretch: linear"), curve: (value) => SOFTENING * Math.sinh(value * Math.asinh(1 / SOFTENING)) },
];

/** Gives the exhibit's page its tools. */
export function startTools(tools: HTMLElement): void {
  const { collection = "", number = "" } = document.documentElement.dataset;
  const plate = tools.closest<HTMLElement>(".plate");
  const image = plate?.querySelector<HTMLImageElement>(".exposure");
  if (!plate || !image) return;
  const find = (name: string): HTMLButtonElement | null => tools.querySelector(`[data-${name}]`);

  const actions: Record<string, () => void> = {
    zoom: () => void import("./zoom").then(({ zoom }) => zoom([image], 0)).catch(() => undefined),
    invert: () => {
      const on = plate.toggleAttribute("data-inverted");
      find("invert")?.setAttribute("aria-pressed", String(on));
    },
    stretch: stretcher(plate, find("stretch")),
    turn: turner(plate, tools, image, find("turn")),
    listen: listener(tools, image, find("listen")),
    wallpaper: () => {
      const name = `nonesuch-${collection}-${number}`;
      const failed = (error: Error): void => { (find("wallpaper") as HTMLElement).textContent = t("no wallpaper: {reason}", { reason: error.message }); };
      import("./wallpaper").then(({ wallpaper }) => wallpaper(image, name)).catch(failed);
    },
  };
  if (find("alike")) actions.alike = () => void import("./near/alike").then(({ showAlike }) => showAlike(tools, collection, Number(number))).catch(() => undefined);
  for (const [name, act] of Object.entries(actions)) find(name)?.addEventListener("click", act);
  image.addEventListener("click", () => actions.zoom?.());

  const keep = find("keep");
  if (keep) startKeepButton(keep, collection, () => Number(number));
  const share = find("share");
  const canonical = document.querySelector<HTMLLinkElement>("link[rel=canonical]");
  if (share) startShare(share, () => ({ title: document.title, url: canonical?.href ?? location.href }));
  addEventListener("keydown", (event) => {
    if (keyIsTaken(event)) return;
    if (event.key === "k") keep?.click();
    else Object.entries(actions).find(([name]) => name[0] === event.key)?.[1]();
  });
  plate.dataset.zoomable = "";
  tools.hidden = false;
}

/** Plays the picture, and stops playing it. Loaded when it is first wanted. */
function listener(tools: HTMLElement, image: HTMLImageElement, button: HTMLButtonElement | null): () => void {
  const line = document.createElement("p");
  line.className = "fine heard";
  line.setAttribute("role", "status");
  let stop: (() => void) | null = null;
  return async () => {
    if (!button) return;
    if (stop) return stop();
    tools.append(line);
    try {
      const { play, profileOf, sweep, words } = await import("./listen");
      const profile = profileOf(await readable(image.currentSrc || image.src));
      const still = sweep(image.closest<HTMLElement>(".picture") ?? tools);
      stop = play(profile, () => {
        still();
        stop = null;
        button.setAttribute("aria-pressed", "false");
      });
      button.setAttribute("aria-pressed", "true");
      line.textContent = `${t("Once round from the top, clockwise; low notes are the middle, high ones the rim, louder is brighter.")} ${words(profile)}`;
    } catch {
      line.textContent = t("This browser plays no sound here.");
    }
  };
}

/** Turns what the picture shows, in three dimensions, and goes back to the picture. Loaded when it is first wanted. */
function turner(plate: HTMLElement, tools: HTMLElement, image: HTMLImageElement, button: HTMLButtonElement | null): () => void {
  const picture = image.closest<HTMLElement>(".picture");
  let stage: { remove(): void } | null = null;
  let busy = false;
  return async () => {
    if (!button || !picture || busy) return;
    busy = true;
    try {
      if (stage) stage.remove();
      stage = stage
        ? null
        : plate.dataset.globe
          ? await (await import("./turn/globe")).turnGlobe(plate, picture, tools)
          : await (await import("./turn/galaxy")).turnGalaxy(plate, picture, tools, image);
      button.setAttribute("aria-pressed", String(stage !== null));
    } catch (error) {
      button.textContent = t("cannot turn here: {reason}", { reason: (error as Error).message });
      button.disabled = true;
    } finally {
      busy = false;
    }
  };
}

/** Goes on to the next stretch each time it is called. */
function stretcher(plate: HTMLElement, button: HTMLButtonElement | null): () => void {
  let at = 0;
  return () => {
    at = (at + 1) % STRETCHES.length;
    const { label, curve } = STRETCHES[at] as (typeof STRETCHES)[number];
    plate.style.setProperty("--stretch", curve ? `url(#${filter(at, curve)})` : "none");
    if (button) button.textContent = t(label);
  };
}

/** An SVG filter with that curve, made when it is first wanted; returns its id. */
function filter(at: number, curve: (value: number) => number): string {
  const id = `stretch-${at}`;
  if (document.getElementById(id)) return id;
  const table = Array.from({ length: LEVELS }, (_, i) => curve(i / (LEVELS - 1)).toFixed(4)).join(" ");
  const make = (name: string, attributes: Record<string, string>, ...children: Element[]): Element => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  const channels = ["R", "G", "B"].map((channel) => make(`feFunc${channel}`, { type: "table", tableValues: table }));
  const curves = make("filter", { id, "color-interpolation-filters": "sRGB" }, make("feComponentTransfer", {}, ...channels));
  document.body.append(make("svg", { width: "0", height: "0", class: "visually-hidden", "aria-hidden": "true" }, curves));
  return id;
}
