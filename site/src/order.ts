// Which exhibit comes next: the visitor's own walk through the permutation, remembered across visits.
import type { Manifest } from "./manifest";
import { recall, remember } from "./memory";
import { hashText, permute } from "./permutation";

interface Saved {
  key: number;
  at: number;
  count: number;
}

/** An endless sequence of numbers, the maker's stars first; none comes twice until all of the collection were seen. */
export class Order {
  private readonly others: number[]; // what is no star, where there are stars
  private saved: Saved;

  constructor(
    private readonly manifest: Manifest,
    private readonly collection: string,
  ) {
    const stars = new Set(manifest.stars);
    const all = stars.size ? Array.from({ length: manifest.count }, (_, place) => manifest.numberAt(place)) : [];
    this.others = all.filter((number) => !stars.has(number));
    this.saved = this.restore();
  }

  /** The number after the present one, and the step taken. `except` is what is on show already. */
  next(except: number): number {
    for (;;) {
      const number = this.at(this.saved.at);
      this.saved.at += 1;
      if (this.saved.at >= this.manifest.count) this.saved = this.fresh();
      this.keep();
      if (number !== except || this.manifest.count < 2) return number;
    }
  }

  /** The numbers that will come next, without taking the step. */
  peek(howMany: number): number[] {
    const last = Math.min(this.saved.at + howMany, this.manifest.count);
    return Array.from({ length: Math.max(0, last - this.saved.at) }, (_, i) => this.at(this.saved.at + i));
  }

  private at(step: number): number {
    const key = (hashText(this.manifest.key) ^ this.saved.key) >>> 0;
    const { stars, count } = this.manifest;
    if (!stars.length) return this.manifest.numberAt(permute(step, count, key));
    if (step < stars.length) return stars[permute(step, stars.length, key)] ?? 1;
    return this.others[permute(step - stars.length, count - stars.length, key)] ?? 1;
  }

  private restore(): Saved {
    try {
      const saved = JSON.parse(recall(`order.${this.collection}`) ?? "null") as Saved | null;
      if (saved && saved.count === this.manifest.count && saved.at >= 0 && saved.at < saved.count) return saved;
    } catch {
      // someone else's value under our name: begin anew
    }
    return this.fresh();
  }

  private fresh(): Saved {
    const [key = 0] = crypto.getRandomValues(new Uint32Array(1));
    return { key, at: 0, count: this.manifest.count };
  }

  private keep(): void {
    remember(`order.${this.collection}`, JSON.stringify(this.saved));
  }
}
