// A model in the browser: its files with their known lengths and hashes, one session, and the proof that it computes aright.
import type * as ort from "onnxruntime-web/wasm";

const TOLERANCE = 2e-3; // of the largest expected value: single precision in another order of sums differs by about 1e-5

/** A file of the site and what it must be. */
export interface Part {
  href: string;
  bytes: number;
  sha256: string;
}

/** What the bake says of a model. */
export interface About {
  graph: Part;
  weights: Part;
  vector: Vector;
  // further graphs over the same weights: of what guidance leads away from, and of the expert for the last steps
  twin?: Part;
  twin_vector?: Vector;
  expert?: Part;
  expert_vector?: Vector;
}

/** What a network must compute: some values of its output, and the seed of its input. */
export interface Vector {
  seed: number;
  step: number;
  values: number[];
}

/** A build of the runtime: its script, its glue and its machine code, which are files of their own. */
export interface Runtime {
  ort: typeof ort;
  glue: string;
  machine: string;
}

/** Where a network runs. */
export type Device = "webgpu" | "wasm";

/** A network's two files. */
export interface Files {
  graph: Uint8Array;
  weights: Uint8Array;
}

/** How many bytes have come, of how many. */
export type Progress = (done: number, all: number) => void;

/** Readies the runtime: one thread, or a few where the page is isolated from others. Returns how many. */
export function prepare({ ort, glue, machine }: Runtime, base: string, careful: boolean): number {
  ort.env.wasm.wasmPaths = { mjs: new URL(glue, base).href, wasm: new URL(machine, base).href };
  ort.env.wasm.numThreads = self.crossOriginIsolated && !careful ? Math.min(4, navigator.hardwareConcurrency || 1) : 1;
  ort.env.logLevel = "error";
  return ort.env.wasm.numThreads;
}

/** Fetches both files. An error when one is not what the bake wrote. */
export async function fetchModel(about: Pick<About, "graph" | "weights">, progress: Progress): Promise<Files> {
  const all = about.graph.bytes + about.weights.bytes;
  const graph = await fetched(about.graph, (done) => progress(done, all));
  const weights = await fetched(about.weights, (done) => progress(about.graph.bytes + done, all));
  return { graph, weights };
}

/** A session on the device. */
export async function open({ ort }: Runtime, { graph, weights }: Files, device: Device): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(graph, { executionProviders: [device], externalData: [{ path: "weights.bin", data: weights }] });
}

async function fetched(part: Part, progress: (done: number) => void): Promise<Uint8Array> {
  const answer = await fetch(part.href);
  if (!answer.ok || !answer.body) throw new Error(`${part.href} did not load (${answer.status})`);
  const whole = new Uint8Array(part.bytes);
  let at = 0;
  const reader = answer.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (at + value.length > part.bytes) throw new Error(`${part.href} is longer than it should be`);
    whole.set(value, at);
    at += value.length;
    progress(at);
  }
  if (at !== part.bytes) throw new Error(`${part.href} broke off`);
  if (self.crypto.subtle) { // only where the address is a secure one
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", whole));
    const hex = [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    if (hex !== part.sha256) throw new Error(`${part.href} is not the file that was baked`);
  }
  return whole;
}

/** Whether an output is the one that was computed when the model was exported. */
export function proven(output: Float32Array, vector: Vector): boolean {
  const scale = Math.max(...vector.values.map(Math.abs));
  return vector.values.every((value, i) => Math.abs((output[i * vector.step] ?? Infinity) - value) <= TOLERANCE * scale);
}
