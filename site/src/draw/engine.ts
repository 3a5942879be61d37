// The network behind a page: its worker, started when it is first wanted, which has proved that it computes aright.
import gpu from "worker:./gpu.ts";
import wasm from "worker:./wasm.ts";
import { fetchJson } from "../manifest";
import { died, doubt, doubted, gpuHere, mark, REFUSED, SLOW, type Kind } from "./where";
import type { Answer, Ask, Models } from "./worker";
import { N, t, tn } from "../words";

type Ready = Extract<Answer, { kind: "ready" }>;
const SCRIPTS = { gpu, wasm };
const PATIENCE = 30_000; // milliseconds without news in which a graphics card has to prove itself

export class Engine {
  /** What the bake says of the models; there once `open` is through. */
  models: Models | null = null;
  /** What the network runs on, and why not on something else, in sentences for the visitor. */
  runs = "";
  private worker: Worker | null = null;
  private kind: Kind = "wasm";
  private ready: { drawing?: Promise<void>; judging?: Promise<void> } = {};
  private readonly loading = new Set<(answer: Answer) => void>();

  /** `address` is that of the models' list; `progress` is shown while files come; `hear` gets every picture, class and failure. */
  constructor(
    private readonly address: URL,
    private readonly progress: HTMLProgressElement | null,
    private readonly hear: (answer: Answer) => void,
  ) {}

  /** Resolves when the network is there and has proved itself: for drawing, or for classifying alone, which needs less. */
  open(drawing = true): Promise<void> {
    return (this.ready[drawing ? "drawing" : "judging"] ??= this.load(drawing));
  }

  ask(question: Ask): void {
    if (question.kind === "draw" || question.kind === "recipe") mark(this.kind);
    if (question.kind === "cancel") mark(null);
    this.worker?.postMessage(question);
  }

  /** Ends the worker; the next `open` begins anew. */
  close(): void {
    mark(null);
    this.worker?.terminate();
    this.worker = null;
    this.ready = {};
  }

  private async load(drawing: boolean): Promise<void> {
    const last = died();
    if (!this.worker) this.kind = drawing && !doubted() && (await gpuHere()) ? "gpu" : "wasm";
    if (this.progress) this.progress.hidden = false;
    try {
      this.models ??= absolute(await fetchJson<Models>(this.address), this.address);
      const ready = await this.started(this.models, drawing, last === "wasm").catch((error: Error) => {
        if (this.kind === "wasm" || !this.models) throw error;
        doubt(error.message === SLOW ? SLOW : REFUSED);
        this.worker?.terminate(); // and then without the graphics card
        this.worker = null;
        this.kind = "wasm";
        return this.started(this.models, drawing, false);
      });
      if (ready.doubt) doubt(ready.doubt);
      this.runs = told(ready);
    } finally {
      mark(null);
      if (this.progress) this.progress.hidden = true;
    }
  }

  /** Starts the worker if there is none, and has it load what is wanted. careful: one thread only. */
  private started(models: Models, drawing: boolean, careful: boolean): Promise<Ready> {
    const worker = (this.worker ??= this.start());
    mark(this.kind);
    let late = 0;
    let heard: (answer: Answer) => void;
    return new Promise<Ready>((resolve, reject) => {
      const wait = (): void => {
        clearTimeout(late);
        if (this.kind === "gpu") late = setTimeout(() => reject(new Error(SLOW)), PATIENCE);
      };
      heard = (answer) => {
        wait();
        if (answer.kind === "failed") reject(new Error(answer.reason));
        else if (answer.kind === "ready" && answer.drawing === drawing) resolve(answer);
      };
      this.loading.add(heard);
      wait();
      worker.addEventListener("error", () => reject(new Error(N("its script did not load"))));
      this.ask({ kind: "load", models, base: new URL(import.meta.url).href, careful, drawing });
    }).finally(() => {
      clearTimeout(late);
      this.loading.delete(heard);
    });
  }

  private start(): Worker {
    const made = new Worker(new URL(SCRIPTS[this.kind], import.meta.url), { type: "module" });
    made.addEventListener("message", ({ data: answer }: MessageEvent<Answer>) => {
      if (answer.kind === "progress" && this.progress) this.progress.value = (100 * answer.done) / answer.all;
      const waited = this.loading.size > 0;
      for (const heard of this.loading) heard(answer);
      if (answer.kind === "picture" && answer.last) mark(null);
      if (answer.kind !== "failed" || !waited) this.hear(answer); // who waits for the network says that it failed
    });
    return made;
  }
}

function told({ device, threads }: Ready): string {
  if (device === "webgpu") return t("The network runs here on the graphics card, through WebGPU.");
  const plain = tn("The network runs here as WebAssembly, in one thread.", "The network runs here as WebAssembly, in {n} threads.", threads);
  return doubted() ? `${plain} ${t(doubted())}` : plain;
}

/** Addresses of the models' files as whole ones: a worker's are relative to its own script. */
function absolute(models: Models, from: URL): Models {
  for (const about of [models.draw, models.classify]) {
    for (const part of [about?.graph, about?.weights, about?.twin, about?.expert]) if (part) part.href = new URL(part.href, from).href;
  }
  return models;
}
