// Draw your own: the sheet, the network that answers, and what is said meanwhile.
import { download, markedPng } from "../mark";
import { Engine } from "./engine";
import { Pad } from "./pad";
import { Near, tellClasses } from "./told";
import { visit } from "./visit";
import type { Answer } from "./worker";
import { N, decimal, t } from "../words";

const UNREAD = N("This file is no picture that the browser can read.");

/** Brings the page to life; where the browser cannot draw, it says so. */
export function startDraw(page: HTMLElement): void {
  const desk = page.querySelector<HTMLElement>("[data-desk]");
  const address = page.dataset.models;
  if (!desk || !address) return;
  desk.hidden = false;
  if (!("WebAssembly" in window)) {
    say(page, t("This browser has no WebAssembly, so the network cannot run here. Everything else on this site works."));
    return;
  }
  try {
    new Desk(page, new URL(address, location.href));
  } catch {
    say(page, t("This browser has no canvas to draw on. Everything else on this site works."));
  }
}

function say(page: HTMLElement, text: string): void {
  const line = page.querySelector("[data-say]");
  if (line) line.textContent = text;
}

class Desk {
  private readonly pad: Pad;
  private readonly made: CanvasRenderingContext2D | null;
  private readonly near: Near | null;
  private readonly engine: Engine;
  private seed = Math.floor(Math.random() * 2 ** 31);
  private turn = 0;
  private started = 0;

  constructor(
    private readonly page: HTMLElement,
    address: URL,
  ) {
    this.engine = new Engine(address, this.find("[data-progress]"), (answer) => this.hear(answer));
    this.made = this.find<HTMLCanvasElement>("[data-made]")?.getContext("2d") ?? null;
    this.pad = new Pad(this.find<HTMLCanvasElement>("[data-pad]") as HTMLCanvasElement, () => void this.draw());
    const near = this.find<HTMLElement>("[data-near]");
    this.near = near ? new Near(near) : null;
    const on = (name: string, act: () => void): void => this.find(`[data-${name}]`)?.addEventListener("click", act);
    on("undo", () => this.pad.undo());
    on("clear", () => this.pad.clear());
    on("go", () => void this.draw());
    on("again", () => {
      this.seed += 1;
      void this.draw();
    });
    on("cancel", () => this.cancel());
    on("save", () => void this.save());
    for (const button of this.page.querySelectorAll<HTMLElement>("[data-shape]")) {
      button.addEventListener("click", () => this.pad.shape(button.dataset.shape ?? ""));
    }
    this.range("brush", (value) => { this.pad.brush = value; });
    this.range("light", (value) => { this.pad.light = value / 100; });
    this.find("[data-listen]")?.addEventListener("change", () => void this.draw());
    this.find<HTMLInputElement>("[data-import]")?.addEventListener("change", (event) => {
      const [file] = (event.target as HTMLInputElement).files ?? [];
      if (file) this.pad.bring(file).catch(() => say(this.page, t(UNREAD)));
    });
    this.startVisits();
  }

  /** A picture that is chosen, or dropped anywhere on the page, is looked at. */
  private startVisits(): void {
    const input = this.find<HTMLInputElement>("[data-visit]");
    if (!input) return;
    const look = (): void => {
      const [file] = input.files ?? [];
      if (file) void this.judge(file);
      input.value = ""; // the same file may be chosen again
    };
    input.addEventListener("change", look);
    look(); // at what was chosen before this script came
    this.page.addEventListener("dragover", (event) => event.preventDefault());
    this.page.addEventListener("drop", (event) => {
      event.preventDefault();
      const [file] = event.dataTransfer?.files ?? [];
      if (file) void this.judge(file);
    });
  }

  /** Names the class of a visitor's picture and finds the exhibits that look like it. */
  private async judge(file: Blob): Promise<void> {
    this.turn += 1;
    const id = this.turn;
    const canvas = this.made?.canvas;
    const brought = await visit(file).catch(() => null);
    if (id !== this.turn || !canvas) return;
    if (!brought) {
      say(this.page, t(UNREAD));
      return;
    }
    canvas.width = canvas.height = brought.pixels.width;
    this.made?.putImageData(brought.pixels, 0, 0);
    canvas.setAttribute("aria-label", t("Your picture, as the classifier sees it"));
    this.show("save", false);
    void this.near?.show(canvas);
    try {
      await this.engine.open(false);
      if (id !== this.turn) return;
      this.engine.ask({ kind: "classify", id, picture: brought.data });
      say(this.page, t("Your picture was looked at here and has not left this page. The classifier knows galaxies only: of anything else its word is worth nothing."));
    } catch (error) {
      this.failed((error as Error).message, false);
    }
  }

  /** Sends the drawing off; a newer one takes an older one's place. */
  private async draw(): Promise<void> {
    this.turn += 1;
    const id = this.turn;
    try {
      if (!this.engine.runs) say(this.page, t("The network is on its way."));
      await this.engine.open();
      if (id !== this.turn || !this.engine.models) return;
      const listen = Number(this.find<HTMLInputElement>("[data-listen]")?.value ?? Infinity);
      const sketch = this.pad.sketch(this.engine.models.draw.size);
      say(this.page, sketch ? this.engine.runs : t("The sheet is blank: the network draws what it likes."));
      this.started = performance.now();
      this.show("cancel", true);
      this.engine.ask({ kind: "draw", id, sketch, seed: this.seed, listen });
    } catch (error) {
      this.failed((error as Error).message);
    }
  }

  private hear(answer: Answer): void {
    if (answer.kind === "picture" && answer.id === this.turn) {
      this.made?.putImageData(new ImageData(answer.pixels, answer.size, answer.size), 0, 0);
      if (answer.last) this.done();
    } else if (answer.kind === "classes" && answer.id === this.turn) tellClasses(this.page, answer.shares);
    else if (answer.kind === "failed") this.failed(answer.reason);
  }

  private done(): void {
    this.show("cancel", false);
    this.show("save", true);
    this.find("[data-made]")?.setAttribute("aria-label", t("What was drawn after your sketch, which does not exist"));
    if (this.made) void this.near?.show(this.made.canvas);
    const seconds = (performance.now() - this.started) / 1000;
    const drawn = t("Drawn here in {seconds} s, from noise number {seed}. It does not exist, and nobody else has seen it.", { seconds: decimal(seconds, 1), seed: this.seed });
    say(this.page, `${drawn} ${this.engine.runs}`);
  }

  private cancel(): void {
    this.turn += 1;
    this.show("cancel", false);
    say(this.page, t("Stopped."));
    this.engine.ask({ kind: "cancel" });
  }

  private failed(reason: string, drawing = true): void {
    this.engine.close(); // the next stroke tries again
    this.show("cancel", false);
    say(this.page, drawing
      ? t("The network does not draw here: {reason}. Everything else on this site works; a new stroke tries again.", { reason: t(reason) })
      : t("The network does not look at your picture here: {reason}. Everything else on this site works; the next picture tries again.", { reason: t(reason) }));
  }

  /** The galaxy as a file of the visitor's, which says that a network made it. */
  private async save(): Promise<void> {
    const canvas = this.find<HTMLCanvasElement>("[data-made]");
    const file = canvas && (await markedPng(canvas));
    if (file) download(file, `nonesuch-drawn-${this.seed}.png`);
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
