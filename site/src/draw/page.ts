// Draw your own: the sheet, the worker that answers, and what is said meanwhile.
import worker from "worker:./worker.ts";
import { fetchJson } from "../manifest";
import { Pad } from "./pad";
import type { Answer, Ask, Models } from "./worker";

const STEPS = 8;
const SENTINEL = "nonesuch.drawing"; // stands while the network loads or runs: a tab that died leaves it behind

/** Brings the page to life; where the browser cannot draw, it says so. */
export function startDraw(page: HTMLElement): void {
  const desk = page.querySelector<HTMLElement>("[data-desk]");
  const address = page.dataset.models;
  if (!desk || !address) return;
  desk.hidden = false;
  if (!("WebAssembly" in window)) {
    say(page, "This browser has no WebAssembly, so the network cannot run here. Everything else on this site works.");
    return;
  }
  try {
    new Desk(page, new URL(address, location.href));
  } catch {
    say(page, "This browser has no canvas to draw on. Everything else on this site works.");
  }
}

function say(page: HTMLElement, text: string): void {
  const line = page.querySelector("[data-say]");
  if (line) line.textContent = text;
}

class Desk {
  private readonly pad: Pad;
  private readonly made: CanvasRenderingContext2D | null;
  private worker: Promise<Worker> | null = null;
  private models: Models | null = null;
  private seed = Math.floor(Math.random() * 2 ** 31);
  private turn = 0;
  private started = 0;

  constructor(
    private readonly page: HTMLElement,
    private readonly address: URL,
  ) {
    this.made = this.find<HTMLCanvasElement>("[data-made]")?.getContext("2d") ?? null;
    this.pad = new Pad(this.find<HTMLCanvasElement>("[data-pad]") as HTMLCanvasElement, () => void this.draw());
    const on = (name: string, act: () => void): void => this.find(`[data-${name}]`)?.addEventListener("click", act);
    on("undo", () => this.pad.undo());
    on("clear", () => this.pad.clear());
    on("go", () => void this.draw());
    on("again", () => {
      this.seed += 1;
      void this.draw();
    });
    on("cancel", () => void this.cancel());
    on("save", () => this.save());
    for (const button of this.page.querySelectorAll<HTMLElement>("[data-shape]")) {
      button.addEventListener("click", () => this.pad.shape(button.dataset.shape ?? ""));
    }
    this.range("brush", (value) => { this.pad.brush = value; });
    this.range("light", (value) => { this.pad.light = value / 100; });
    this.find("[data-listen]")?.addEventListener("change", () => void this.draw());
    this.find<HTMLInputElement>("[data-import]")?.addEventListener("change", (event) => {
      const [file] = (event.target as HTMLInputElement).files ?? [];
      if (file) this.pad.bring(file).catch(() => say(this.page, "This file is no picture that the browser can read."));
    });
  }

  /** Sends the drawing off; a newer one takes an older one's place. */
  private async draw(): Promise<void> {
    this.turn += 1;
    const id = this.turn;
    try {
      this.worker ??= this.load();
      const worker = await this.worker;
      if (id !== this.turn || !this.models) return;
      const listen = Number(this.find<HTMLInputElement>("[data-listen]")?.value ?? STEPS);
      const sketch = this.pad.sketch(this.models.draw.size);
      if (!sketch) say(this.page, "The sheet is blank: the network draws what it likes.");
      this.started = performance.now();
      this.show("cancel", true);
      mark(true);
      const ask: Ask = { kind: "draw", id, sketch, seed: this.seed, listen, steps: STEPS };
      worker.postMessage(ask);
    } catch (error) {
      this.failed((error as Error).message);
    }
  }

  /** Starts the worker and waits until it has proved itself. */
  private async load(): Promise<Worker> {
    const careful = marked(); // the last visit ended while the network ran: this time with one thread
    mark(true);
    const progress = this.find<HTMLProgressElement>("[data-progress]");
    if (progress) progress.hidden = false;
    say(this.page, "The network is on its way.");
    this.models = absolute(await fetchJson<Models>(this.address), this.address);
    const made = new Worker(new URL(worker, import.meta.url), { type: "module" });
    await new Promise<void>((resolve, reject) => {
      made.addEventListener("message", (event: MessageEvent<Answer>) => {
        const answer = event.data;
        if (answer.kind === "progress" && progress) progress.value = (100 * answer.done) / answer.all;
        else if (answer.kind === "failed") reject(new Error(answer.reason));
        else if (answer.kind === "ready") {
          say(this.page, `The network runs here as WebAssembly, ${answer.threads === 1 ? "in one thread" : `in ${answer.threads} threads`}.`);
          resolve();
        }
        this.hear(answer);
      });
      made.addEventListener("error", () => reject(new Error("its script did not load")));
      const ask: Ask = { kind: "load", models: this.models as Models, base: new URL(import.meta.url).href, careful };
      made.postMessage(ask);
    }).finally(() => {
      mark(false);
      if (progress) progress.hidden = true;
    });
    return made;
  }

  private hear(answer: Answer): void {
    if (answer.kind === "picture" && answer.id === this.turn) {
      this.made?.putImageData(new ImageData(answer.pixels, answer.size, answer.size), 0, 0);
      if (answer.last) this.done();
    } else if (answer.kind === "classes" && answer.id === this.turn) this.classes(answer.shares);
    else if (answer.kind === "failed") this.failed(answer.reason);
  }

  private done(): void {
    mark(false);
    this.show("cancel", false);
    this.show("save", true);
    this.find("[data-made]")?.setAttribute("aria-label", "A galaxy drawn after your sketch, which does not exist");
    const seconds = (performance.now() - this.started) / 1000;
    say(this.page, `Drawn here in ${seconds.toFixed(1)} s, from noise number ${this.seed}. It does not exist, and nobody else has seen it.`);
  }

  private classes(shares: { name: string; share: number }[]): void {
    const table = this.find<HTMLTableElement>("[data-classes] table");
    if (!table) return;
    const most = Math.max(...shares.map((one) => one.share));
    table.tBodies[0]?.replaceChildren(...shares.map(({ name, share }) => {
      const row = document.createElement("tr");
      if (share === most) row.className = "found";
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = name;
      const percent = document.createElement("td");
      percent.className = "number";
      percent.textContent = `${Math.min(99, Math.max(1, Math.round(100 * share)))} %`;
      row.append(head, percent);
      return row;
    }));
    this.show("classes", true);
  }

  private async cancel(): Promise<void> {
    this.turn += 1;
    mark(false);
    this.show("cancel", false);
    say(this.page, "Stopped.");
    const ask: Ask = { kind: "cancel" };
    (await this.worker)?.postMessage(ask);
  }

  private failed(reason: string): void {
    mark(false);
    this.worker = null; // the next stroke tries again
    this.show("cancel", false);
    say(this.page, `The network does not draw here: ${reason}. Everything else on this site works; a new stroke tries again.`);
  }

  /** The galaxy as a file of the visitor's. */
  private save(): void {
    this.find<HTMLCanvasElement>("[data-made]")?.toBlob((blob) => {
      if (!blob) return;
      const link = document.createElement("a");
      link.download = `nonesuch-drawn-${this.seed}.png`;
      link.href = URL.createObjectURL(blob);
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    });
  }

  private show(name: string, shown: boolean): void {
    const button = this.find<HTMLElement>(`[data-${name}]`);
    if (button) button.hidden = !shown;
  }

  private range(name: string, act: (value: number) => void): void {
    const input = this.find<HTMLInputElement>(`[data-${name}]`);
    input?.addEventListener("input", () => act(Number(input.value)));
  }

  private find<E extends Element>(selector: string): E | null {
    return this.page.querySelector<E>(selector);
  }
}

/** Addresses of the models' files as whole ones: a worker's are relative to its own script. */
function absolute(models: Models, from: URL): Models {
  for (const about of [models.draw, models.classify]) {
    for (const part of [about?.graph, about?.weights]) if (part) part.href = new URL(part.href, from).href;
  }
  return models;
}

function marked(): boolean {
  try {
    return sessionStorage.getItem(SENTINEL) !== null;
  } catch {
    return false;
  }
}

function mark(on: boolean): void {
  try {
    if (on) sessionStorage.setItem(SENTINEL, "1");
    else sessionStorage.removeItem(SENTINEL);
  } catch {
    // blocked: then nothing is known of a crash
  }
}
