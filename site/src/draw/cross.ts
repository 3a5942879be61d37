// Cross two: a picture from a place between two exhibits' latents. The link carries the whole recipe; nothing is stored anywhere.
import { download, markedPng } from "../mark";
import { startShare } from "../share";
import { Engine } from "./engine";
import { fromQuery, recipeOf, toQuery } from "./latent";
import type { Answer, Made } from "./worker";
import { decimal, t } from "../words";

/** Brings the page to life. */
export function startCross(page: HTMLElement): void {
  const form = page.querySelector<HTMLFormElement>("[data-cross-form]");
  const canvas = page.querySelector("canvas");
  if (form && canvas && page.dataset.models) new Cross(page, form, canvas, new URL(page.dataset.models, location.href)).start();
}

class Cross {
  private made: Made | null = null;
  private readonly engine: Engine;
  private opened = false;
  private turn = 0;
  private started = 0;

  constructor(
    private readonly page: HTMLElement,
    private readonly form: HTMLFormElement,
    private readonly canvas: HTMLCanvasElement,
    models: URL,
  ) {
    this.engine = new Engine(models, page.querySelector("progress"), (answer) => this.hear(answer));
  }

  start(): void {
    const query = new URLSearchParams(location.search);
    this.made = fromQuery(query);
    if (this.made) {
      this.field("t").value = String(Math.round(100 * this.made.between));
      this.say(t("This link is a recipe. Press “cross them”, and your browser draws what it names."));
    } else if (query.has("a")) this.say(t("This link names no recipe that can be drawn here. Choose two exhibits instead."));
    const first = Number(query.get("x"));
    if (first >= 1) [this.field("x").value, this.field("y").value] = [String(first), String(first + 1)];
    for (const name of ["x", "y"]) this.field(name).addEventListener("input", () => { this.made = null; }); // others are meant now
    this.field("t").addEventListener("change", () => { if (this.opened) void this.go(); });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.go();
    });
    const share = this.page.querySelector<HTMLButtonElement>("[data-share]");
    if (share) {
      startShare(share, () => ({ title: document.title, url: location.href }));
      share.hidden = true; // until there is something to share
    }
    this.page.querySelector("[data-save]")?.addEventListener("click", async () => {
      const file = await markedPng(this.canvas);
      if (file) download(file, "nonesuch-crossed.png");
    });
    this.form.hidden = false;
  }

  private async go(): Promise<void> {
    this.turn += 1;
    const id = this.turn;
    try {
      this.made ??= await this.chosen();
      if (!this.made || id !== this.turn) return;
      this.made.between = this.field("t").valueAsNumber / 100;
      history.replaceState(history.state, "", toQuery(this.made));
      if (!this.opened) this.say(t("The network is on its way."));
      this.opened = true;
      await this.engine.open();
      if (id !== this.turn) return;
      this.say(t("On its way from noise to a picture."));
      this.started = performance.now();
      this.engine.ask({ kind: "recipe", id, recipe: this.made });
    } catch (error) {
      this.failed((error as Error).message);
    }
  }

  /** What the two numbers name. */
  private async chosen(): Promise<Made | null> {
    const collection = document.documentElement.dataset.collection ?? "";
    const numbers = ["x", "y"].map((name) => this.field(name).valueAsNumber);
    const [one, other] = await Promise.all(numbers.map((number) => recipeOf(collection, number)));
    if (one && other) return { ...one, to: other.from };
    this.say(t("There is no exhibit {number} here whose recipe a browser can repeat.", { number: (one ? numbers[1] : numbers[0]) as number }));
    return null;
  }

  private hear(answer: Answer): void {
    if (answer.kind === "failed") this.failed(answer.reason);
    if (answer.kind !== "picture" || answer.id !== this.turn) return;
    this.canvas.width = this.canvas.height = answer.size;
    this.canvas.getContext("2d")?.putImageData(new ImageData(answer.pixels, answer.size, answer.size), 0, 0);
    if (!answer.last || !this.made) return;
    const share = Math.round(100 * this.made.between);
    this.canvas.setAttribute("aria-label", t("A picture between two others, which does not exist: {first} to {second} parts", { first: 100 - share, second: share }));
    const seconds = decimal((performance.now() - this.started) / 1000, 1);
    const drawn = t("{first} parts of the first to {second} of the second, drawn here in {seconds} s. The address of this page is its recipe.", { first: 100 - share, second: share, seconds });
    this.say(`${drawn} ${this.engine.runs}`);
    for (const button of this.page.querySelectorAll<HTMLElement>("[data-save], [data-share]")) button.hidden = false;
  }

  private failed(reason: string): void {
    this.engine.close();
    this.opened = false;
    this.say(t("The network does not draw here: {reason}. Everything else on this site works; pressing again tries again.", { reason: t(reason) }));
  }

  private say(text: string): void {
    const line = this.page.querySelector("[data-say]");
    if (line) line.textContent = text;
  }

  private field(name: string): HTMLInputElement {
    return this.form.elements.namedItem(name) as HTMLInputElement;
  }
}
