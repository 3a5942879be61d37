// Where the network may run: on the graphics card where there is a real one that has not failed this visitor, else as WebAssembly.

import { N } from "../words";

/** Which worker runs the network. */
export type Kind = "gpu" | "wasm";

const SENTINEL = "nonesuch.drawing"; // names the worker while it loads or runs: a tab that died leaves it behind
const DOUBT = "nonesuch.gpu"; // why the graphics card is not tried again in this session

const DIED = N("The last visit ended while WebGPU ran, so it was left alone.");
export const SLOW = N("WebGPU takes too long here.");
export const REFUSED = N("WebGPU does not run this network here.");

/** What ran when the last visit ended in the middle, if one did. A graphics card that did that is not tried again. */
export function died(): Kind | null {
  const left = read(SENTINEL);
  if (left === "gpu") doubt(DIED);
  return left === "gpu" || left === "wasm" ? left : null;
}

/** Says that a worker runs, or, with null, that none does. */
export function mark(kind: Kind | null): void {
  write(SENTINEL, kind);
}

/** Remembers for this session why the graphics card is left alone. */
export function doubt(reason: string): void {
  write(DOUBT, reason);
}

/** Why the graphics card is left alone; empty where nothing speaks against it. */
export function doubted(): string {
  return read(DOUBT) ?? "";
}

/** Whether the browser has WebGPU on a real graphics card, and can wait for it (JSPI). One that is computed by the processor is slower
 * than WebAssembly. */
export async function gpuHere(): Promise<boolean> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<{ info?: { isFallbackAdapter?: boolean } } | null> } };
  if (!gpu || !("Suspending" in WebAssembly)) return false;
  const adapter = await gpu.requestAdapter().catch(() => null);
  return adapter !== null && !adapter.info?.isFallbackAdapter;
}

function read(name: string): string | null {
  try {
    return sessionStorage.getItem(name);
  } catch {
    return null; // blocked: then nothing is known of a crash
  }
}

function write(name: string, value: string | null): void {
  try {
    if (value === null) sessionStorage.removeItem(name);
    else sessionStorage.setItem(name, value);
  } catch {
    // blocked
  }
}
