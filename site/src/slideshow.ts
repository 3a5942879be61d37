// The slideshow: one exhibit after another by the clock, so that several walls run in step. Loaded when it is first asked for.

const SECONDS = 15; // that an exhibit stays
const SHORTEST = 4;
const RESTING = 2500; // milliseconds after which an unmoved pointer and the button disappear

/** What the slideshow needs of the page that it runs on. */
export interface Stage {
  /** Resolves when the exhibit of that step is loaded and can be put without a gap. */
  ready(step: number): Promise<unknown>;
  /** Shows it. */
  put(step: number): Promise<void>;
}

/** How it was asked for: `?slideshow=20&offset=3` is three steps ahead of a wall without offset, twenty seconds each. */
export interface Pace {
  seconds: number;
  offset: number;
}

/** The pace that an address asks for, or null when it asks for no slideshow. */
export function paceIn(query: URLSearchParams): Pace | null {
  if (!query.has("slideshow")) return null;
  const seconds = Number(query.get("slideshow")) || SECONDS;
  return { seconds: Math.max(SHORTEST, seconds), offset: Math.trunc(Number(query.get("offset"))) || 0 };
}

/** Runs until Escape, the button or the end of full screen; then calls `ended`. */
export class Slideshow {
  private timer = 0;
  private resting = 0;
  private over = false;
  private lock: WakeLockSentinel | null = null;
  private readonly gone = new AbortController();

  constructor(
    private readonly stage: Stage,
    private readonly stop: HTMLButtonElement,
    private readonly ended: () => void,
    private readonly pace: Pace = { seconds: SECONDS, offset: 0 },
  ) {}

  /** Starts; full screen only where the visitor pressed a button, for browsers refuse it otherwise. */
  async start(pressed: boolean): Promise<void> {
    const { signal } = this.gone;
    const root = document.documentElement;
    root.dataset.slideshow = "";
    this.stop.hidden = false;
    this.stop.addEventListener("click", () => this.end(), { signal });
    addEventListener("keydown", (event) => { if (event.key === "Escape") this.end(); }, { signal });
    addEventListener("pointermove", () => this.stir(), { signal });
    document.addEventListener("visibilitychange", () => void this.wake(), { signal });
    document.addEventListener("fullscreenchange", () => { if (!document.fullscreenElement) this.end(); }, { signal });
    this.stir();
    void this.wake();
    if (pressed) await root.requestFullscreen?.({ navigationUI: "hide" }).catch(() => undefined); // a phone may refuse
    void this.tick();
  }

  private end(): void {
    if (this.over) return;
    this.over = true;
    this.gone.abort();
    clearTimeout(this.timer);
    clearTimeout(this.resting);
    void this.lock?.release();
    this.stop.hidden = true;
    delete document.documentElement.dataset.slideshow;
    delete document.documentElement.dataset.resting;
    if (document.fullscreenElement) void document.exitFullscreen();
    this.ended();
  }

  /** Shows what the clock says and comes back when it says something else. A missed exhibit is passed over. */
  private async tick(): Promise<void> {
    const length = this.pace.seconds * 1000;
    const turn = Math.floor(Date.now() / length);
    try {
      await this.stage.ready(turn + this.pace.offset);
      if (this.over) return;
      await this.stage.put(turn + this.pace.offset);
      document.documentElement.dataset.slideshow = String(turn + this.pace.offset);
      this.stage.ready(turn + this.pace.offset + 1).catch(() => undefined); // the next turn tries again
    } catch {
      // offline for a moment: the picture on show stays
    }
    if (!this.over) this.timer = window.setTimeout(() => void this.tick(), length - (Date.now() % length) + 20);
  }

  /** Keeps the screen on; the lock is lost with the page's sight and asked for again with it. */
  private async wake(): Promise<void> {
    if (document.visibilityState !== "visible") return;
    this.lock = (await navigator.wakeLock?.request("screen").catch(() => null)) ?? null;
    if (this.over) void this.lock?.release();
  }

  private stir(): void {
    delete document.documentElement.dataset.resting;
    clearTimeout(this.resting);
    this.resting = window.setTimeout(() => { document.documentElement.dataset.resting = ""; }, RESTING);
  }
}
