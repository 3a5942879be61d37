// The worker behind "Draw your own": it loads the models once, and turns drawings into galaxies, one at a time.
import type { InferenceSession, Tensor } from "onnxruntime-web/wasm";
import { arms, hasArms } from "./arms";
import { balanced } from "./balance";
import { blurredColour, display, equalised, ownStrength, type Touches } from "./finish";
import { isGuided, sample, times, type Velocity } from "./flow";
import { fetchModel, open, prepare, proven, type About, type Device, type Runtime } from "./model";
import { normals } from "./noise";
import { sharpened } from "./stars";
import { raised, slerp, symmetric, type Peaks } from "./start";
import { REFUSED } from "./where";
import { N } from "../words";

/** A reviewed sentence about a class, and where it was read. */
export interface ClassFact {
  text: string;
  title: string;
  href: string;
}

/** What the bake says of the drawing model and, where there is one, of the classifier. below: the time from which on steps are
 * denser, and drawn by its expert where it has one; steps: of a drawing; facts: for each class, what is known of such. */
export interface Models {
  draw: About & Touches & { size: number; classes: string[]; sources: string[]; shift: number; scale: number; peaks: Peaks | null; below: number; steps: number };
  classify?: About & { names: string[]; facts: ClassFact[][] };
}

/** A point in latent space: a seed, a class and a source (empty: none). */
export interface Latent {
  seed: number;
  class: string;
  source: string;
}

/** What a picture is made from: one latent, or a place between two. */
export interface Made {
  from: Latent;
  to?: Latent;
  between: number; // 0 is `from`, 1 is `to`
  sampler: string;
  steps: number;
  guidance: number;
  symmetry: number; // how like its own image, turned by half a circle, the coarse noise is
  away: string; // what guidance leads away from besides no class: "attention", or nothing
}

/** What the network draws after, (size, size) in [0, 1], and how much there is a drawing at all, 0 to 1. */
interface Lines {
  sketch: Float32Array;
  share: number;
}

export type Ask =
  | { kind: "load"; models: Models; base: string; careful: boolean; drawing: boolean }
  | { kind: "draw"; id: number; sketch: Float32Array | null; seed: number; listen: number }
  | { kind: "recipe"; id: number; recipe: Made }
  | { kind: "classify"; id: number; picture: Float32Array }
  | { kind: "cancel" };

export type Answer =
  | { kind: "progress"; done: number; all: number }
  | { kind: "ready"; drawing: boolean; device: Device; threads: number; doubt: string }
  | { kind: "picture"; id: number; pixels: Uint8ClampedArray<ArrayBuffer>; size: number; step: number; last: boolean }
  | { kind: "classes"; id: number; shares: { name: string; share: number; facts: ClassFact[] }[] }
  | { kind: "failed"; reason: string };

const WRONG = N("WebGPU computes something else than it should here, so it was left alone.");

const scope = self as unknown as { postMessage(answer: Answer): void };
let runtime: Runtime;
let devices: Device[] = []; // that may draw, the quickest first
let models: Models | null = null;
let drawing: InferenceSession | null = null;
let device: Device = "wasm"; // on which it draws
const others: { twin?: Promise<InferenceSession>; expert?: Promise<InferenceSession> } = {}; // once they are asked for
let classifier: Promise<InferenceSession> | null = null;
let threads = 0; // once the runtime is ready
let wanted = 0; // the drawing that is asked for; an older one gives up

/** Begins to answer. */
export function serve(given: Runtime, where: Device[]): void {
  runtime = given;
  devices = where;
  self.addEventListener("message", (event: MessageEvent<Ask>) => {
    const ask = event.data;
    if (ask.kind === "cancel") wanted = 0;
    else act(ask).catch((error: unknown) => scope.postMessage({ kind: "failed", reason: String((error as Error).message ?? error) }));
  });
}

async function act(ask: Exclude<Ask, { kind: "cancel" }>): Promise<void> {
  if (ask.kind === "load") await load(ask);
  else if (ask.kind === "draw") await draw(ask);
  else if (ask.kind === "recipe") await render(ask.id, ask.recipe);
  else await classify(ask.id, ask.picture);
}

/** Readies the runtime, and the drawing network where that is what the visitor wants; the classifier comes when it is first asked. */
async function load(ask: Extract<Ask, { kind: "load" }>): Promise<void> {
  const given = ask.models;
  threads ||= prepare(runtime, ask.base, ask.careful);
  models = given;
  const told = ask.drawing ? await prove(given.draw) : { device: "wasm" as const, doubt: "" };
  scope.postMessage({ kind: "ready", drawing: ask.drawing, threads, ...told });
}

/** Opens the drawing network on the first device that computes what was computed when it was exported; `doubt` says of which it did not. */
async function prove(about: Models["draw"]): Promise<{ device: Device; doubt: string }> {
  const files = await fetchModel(about, (done, all) => scope.postMessage({ kind: "progress", done, all }));
  let doubt = "";
  for (const one of devices) {
    try {
      drawing = await open(runtime, files, one);
      if (proven(await trial(about, drawing), about.vector)) {
        device = one;
        return { device, doubt };
      }
      doubt = WRONG;
    } catch (error) {
      if (one === devices[devices.length - 1]) throw error;
      doubt = REFUSED;
    }
    await drawing?.release();
    drawing = null;
  }
  throw new Error(N("this browser computes something else than it should, so nothing is drawn"));
}

/** What guidance leads away from, where the recipe and the weights know of it. */
async function away(made: Made): Promise<InferenceSession | null> {
  return made.away === "attention" ? other("twin") : drawing;
}

/** The network that knows the way best at time t: near the picture the expert, where the weights have one. */
async function at(t: number): Promise<InferenceSession | null> {
  return models?.draw.expert && t < models.draw.below ? other("expert") : drawing;
}

/** Another graph over the same weights, opened and proven when it is first asked for. */
async function other(name: "twin" | "expert"): Promise<InferenceSession> {
  const about = models?.draw;
  const [graph, vector] = [about?.[name], about?.[`${name}_vector`]];
  if (!about || !graph || !vector) throw new Error(N("the model is not loaded"));
  others[name] ??= fetchModel({ ...about, graph }, (done, all) => scope.postMessage({ kind: "progress", done, all })).then(async (files) => {
    const session = await open(runtime, files, device);
    if (!proven(await trial(about, session), vector)) throw new Error(WRONG);
    return session;
  });
  return others[name];
}

/** One step from noise of its own: the input of the test vector. */
function trial({ size, classes, sources, vector }: Models["draw"], session: InferenceSession): Promise<Float32Array> {
  const sketch = Float32Array.from({ length: size * size }, (_, i) => (i % size < size / 2 ? 0.5 : 0));
  const chosen = oneHot(Math.min(2, classes.length), classes.length);
  return pass(normals(vector.seed, 3 * size * size), 0.7, chosen, oneHot(0, sources.length), { sketch, share: 1 }, session);
}

async function draw(ask: Extract<Ask, { kind: "draw" }>): Promise<void> {
  if (!models) return;
  const { size, classes, sources, peaks, steps, below } = models.draw;
  const path = times(steps, below);
  const velocity = async (x: Float32Array, t: number): Promise<Float32Array> => {
    // The drawing is heard in the first `listen` steps, where the shape is decided; then the network is left to itself.
    const heard = ask.sketch && path.indexOf(t) < ask.listen ? { sketch: ask.sketch, share: 1 } : null;
    return pass(x, t, oneHot(classes.length, classes.length), oneHot(0, sources.length), heard, await at(t));
  };
  const start = raised(normals(ask.seed, 3 * size * size), size, peaks);
  await follow(ask.id, "ab2", velocity, start, path, oneHot(classes.length, classes.length), ask.sketch ? 1 : 0);
}

/** A picture from its recipe, or from a place between two: their noise on the sphere, their classes and sources in shares. */
async function render(id: number, made: Made): Promise<void> {
  if (!models) return;
  const { size, classes, sources, peaks, below } = models.draw;
  const [from, to, t] = [made.from, made.to ?? made.from, made.to ? made.between : 0];
  const between = slerp(normals(from.seed, 3 * size * size), normals(to.seed, 3 * size * size), t);
  const start = raised(symmetric(between, size, made.symmetry), size, peaks);
  const wish = shares(classes, from.class, to.class, t);
  const manner = shares(sources, from.source, to.source, t);
  const nothing = oneHot(classes.length, classes.length);
  const after = armsBetween(from, to, t);
  const velocity = async (x: Float32Array, time: number): Promise<Float32Array> => {
    const v = await pass(x, time, wish, manner, after, await at(time));
    if (!isGuided(time, made.guidance)) return v;
    const free = await pass(x, time, nothing, manner, after, await away(made));
    return v.map((value, k) => (free[k] as number) + made.guidance * (value - (free[k] as number)));
  };
  await follow(id, made.sampler, velocity, start, times(made.steps, below), wish, 0);
}

/** The arms that both ends of the way are drawn after, in shares; null where there are none. */
function armsBetween(from: Latent, to: Latent, t: number): Lines | null {
  if (!models) return null;
  const { size, classes, arms: seen } = models.draw;
  const sketch = new Float32Array(size * size);
  let share = 0;
  for (const [one, weight] of [[from, 1 - t], [to, t]] as const) {
    if (weight === 0 || !hasArms(one.seed, seen, shares(classes, one.class, one.class, 0))) continue;
    share += weight;
    arms(one.seed, size).forEach((light, i) => (sketch[i] = (sketch[i] as number) + weight * light));
  }
  return share ? { sketch, share } : null;
}

/** Walks the path, showing what is expected on the way; gives up when something newer is wanted. */
async function follow(
  id: number, sampler: string, velocity: Velocity, start: Float32Array, path: number[], classes: Float32Array, free: number,
): Promise<void> {
  if (!models) return;
  wanted = id;
  const { size, shift, scale, colour, gains, balance, sharpness } = models.draw;
  const steps = path.length - 1;
  const finished = (x: Float32Array): Float32Array => blurredColour(x.map((value) => value * scale + shift), size, colour);
  const show = (x: Float32Array, step: number, last: boolean): void => {
    scope.postMessage({ kind: "picture", id, pixels: display(x, size), size, step, last });
  };
  const result = await sample(sampler, velocity, start, path, async (step, expected) => {
    if (step + 1 < steps) show(finished(expected), step, false);
    await new Promise((resolve) => setTimeout(resolve)); // lets a newer wish or "cancel" in
    return wanted === id;
  });
  if (!result) return;
  const even = equalised(finished(result), size, gains, classes, ownStrength(start, size));
  const picture = sharpened(balanced(even, size, balance, classes, free), size, sharpness);
  show(picture, steps, true);
  await classify(id, picture);
}

/** Weights of a mixture of two names, the last of them for "none". */
function shares(names: string[], a: string, b: string, t: number): Float32Array {
  const row = new Float32Array(names.length + 1);
  for (const [name, weight] of [[a, 1 - t], [b, t]] as const) {
    const at = name ? names.indexOf(name) : names.length;
    if (at < 0) throw new Error(`this network knows no "${name}"`);
    row[at] = (row[at] as number) + weight;
  }
  return row;
}

async function classify(id: number, picture: Float32Array): Promise<void> {
  const about = models?.classify;
  if (!about) return;
  classifier ??= fetchModel(about, (done, all) => scope.postMessage({ kind: "progress", done, all })).then(async (files) => {
    const session = await open(runtime, files, "wasm");
    const found = await session.run({ picture: tensor(clamped(normals(about.vector.seed, 3 * 96 * 96)), [1, 3, 96, 96]) });
    if (!proven(found.probabilities?.data as Float32Array, about.vector)) throw new Error(N("the classifier computes something else here"));
    return session;
  });
  const found = await (await classifier).run({ picture: tensor(picture, [1, 3, 96, 96]) });
  const shares = [...(found.probabilities?.data as Float32Array)].map((share, i) => ({ name: about.names[i] ?? "", share, facts: about.facts[i] ?? [] }));
  scope.postMessage({ kind: "classes", id, shares });
}

/** A tensor of single precision. */
function tensor(data: Float32Array, shape: number[]): Tensor {
  return new runtime.ort.Tensor("float32", data, shape);
}

function clamped(values: Float32Array): Float32Array {
  return values.map((value) => Math.min(1, Math.max(-1, value)));
}

function oneHot(at: number, none: number): Float32Array {
  const row = new Float32Array(none + 1);
  row[at] = 1;
  return row;
}

/** One pass of the network, its twin or its expert. */
async function pass(
  x: Float32Array, t: number, classes: Float32Array, sources: Float32Array, lines: Lines | null, session: InferenceSession | null,
): Promise<Float32Array> {
  if (!models || !session) throw new Error(N("the model is not loaded"));
  const { size } = models.draw;
  const out = await session.run({
    x: tensor(x, [1, 3, size, size]),
    t: tensor(new Float32Array([t]), [1]),
    classes: tensor(classes, [1, classes.length]),
    sources: tensor(sources, [1, sources.length]),
    sketch: tensor(lines?.sketch ?? new Float32Array(size * size), [1, 1, size, size]),
    drawn: tensor(new Float32Array([lines?.share ?? 0]), [1]),
  });
  return out.v?.data as Float32Array;
}
