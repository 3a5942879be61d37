// The network behind a page: its worker, loaded once when it is first wanted, which has proved that it computes aright.
import worker from "worker:./worker.ts";
import { fetchJson } from "../manifest";
import type { Answer, Ask, Models } from "./worker";
import { t } from "../words";

const SENTINEL = "nonesuch.drawing"; // stands while the network loads or runs: a tab that died leaves it behind

/** A loaded network. */
export interface Engine {
  models: Models;
  threads: number;
  ask(question: Ask): void;
}

/** Fetches what `address` names and starts the worker; `progress` is shown meanwhile, `hear` gets every answer. */
export async function startEngine(address: URL, progress: HTMLProgressElement | null, hear: (answer: Answer) => void): Promise<Engine> {
  const careful = marked(); // the last visit ended while the network ran: this time with one thread
  mark(true);
  if (progress) progress.hidden = false;
  try {
    const models = absolute(await fetchJson<Models>(address), address);
    const made = new Worker(new URL(worker, import.meta.url), { type: "module" });
    const ask = (question: Ask): void => made.postMessage(question);
    const threads = await new Promise<number>((resolve, reject) => {
      made.addEventListener("message", (event: MessageEvent<Answer>) => {
        const answer = event.data;
        if (answer.kind === "progress" && progress) progress.value = (100 * answer.done) / answer.all;
        else if (answer.kind === "failed") reject(new Error(answer.reason));
        else if (answer.kind === "ready" && answer.drawing) resolve(answer.threads);
        hear(answer);
      });
      made.addEventListener("error", () => reject(new Error(t("its script did not load"))));
      ask({ kind: "load", models, base: new URL(import.meta.url).href, careful, drawing: true });
    });
    return { models, threads, ask };
  } finally {
    mark(false);
    if (progress) progress.hidden = true;
  }
}

/** Addresses of the models' files as whole ones: a worker's are relative to its own script. */
export function absolute(models: Models, from: URL): Models {
  for (const about of [models.draw, models.classify]) {
    for (const part of [about?.graph, about?.weights]) if (part) part.href = new URL(part.href, from).href;
  }
  return models;
}

/** Whether the last visit ended while the network ran. */
export function marked(): boolean {
  try {
    return sessionStorage.getItem(SENTINEL) !== null;
  } catch {
    return false;
  }
}

/** Says that the network runs, or no longer does. */
export function mark(on: boolean): void {
  try {
    if (on) sessionStorage.setItem(SENTINEL, "1");
    else sessionStorage.removeItem(SENTINEL);
  } catch {
    // blocked: then nothing is known of a crash
  }
}
