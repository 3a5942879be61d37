// What the bake says of a collection: one small index, and shards of a hundred exhibits each, fetched when first needed.

/** One exhibit, as a shard has it. Keys of pictures are paths below `media/`. */
export interface Entry {
  n: number;
  u: string;
  t: string;
  c: string;
  p: number | null;
  s: Record<string, string>;
  j: string;
  w: number;
  h: number;
  col: string;
  alt?: string;
  d?: string;
}

/** What the index of a collection says. */
export interface Index {
  count: number;
  numbers: "dense" | number[];
  shard: number;
  key: string;
  shards: string[];
  traits: string[];
  stars?: number[];
}

/** A collection's exhibits by number. Holds what was fetched; the same shard is asked for once. */
export class Manifest {
  private readonly shards = new Map<number, Promise<Entry[]>>();
  private readonly gone: Set<number>;
  private readonly numbers: number[];

  private constructor(
    private readonly folder: URL,
    private readonly index: Index,
  ) {
    this.gone = new Set(index.numbers === "dense" ? [] : index.numbers);
    this.numbers = this.gone.size === 0 ? [] : this.shownNumbers();
  }

  /** Fetches the index at `address`; the shards lie beside it. */
  static async open(address: URL): Promise<Manifest> {
    return new Manifest(new URL("./", address), await fetchJson<Index>(address));
  }

  /** How many exhibits are on show. */
  get count(): number {
    return this.index.count;
  }

  /** The numbers that the maker has starred; none, mostly. */
  get stars(): readonly number[] {
    return this.index.stars ?? [];
  }

  /** What the visitor's order is keyed with, besides his own key: it changes when the collection does. */
  get key(): string {
    return this.index.key;
  }

  /** The number at `position`, counted from 0 over the exhibits that are on show. */
  numberAt(position: number): number {
    return this.gone.size === 0 ? position + 1 : (this.numbers[position] ?? 1);
  }

  /** The exhibit of that number; an error when the shard has none. */
  async entry(number: number): Promise<Entry> {
    const shard = Math.floor((number - 1) / this.index.shard);
    const found = (await this.load(shard)).find((entry) => entry.n === number);
    if (!found) throw new Error(`no exhibit ${number} in shard ${shard}`);
    return found;
  }

  private load(shard: number): Promise<Entry[]> {
    let entries = this.shards.get(shard);
    if (!entries) {
      const name = `shard-${String(shard).padStart(3, "0")}.${this.index.shards[shard]}.json`;
      entries = fetchJson<Entry[]>(new URL(name, this.folder));
      this.shards.set(shard, entries);
      entries.catch(() => this.shards.delete(shard)); // a failed fetch may be tried again
    }
    return entries;
  }

  private shownNumbers(): number[] {
    const numbers: number[] = [];
    for (let number = 1; numbers.length < this.index.count; number++) {
      if (!this.gone.has(number)) numbers.push(number);
    }
    return numbers;
  }
}

/** A medium's address: below the site's root, or where the page says that media are. */
export function mediaAddress(key: string, root: URL): string {
  return new URL(key, new URL(document.documentElement.dataset.media ?? "media/", root)).href;
}

/** Reads a JSON file of the site's own. */
export async function fetchJson<T>(address: URL): Promise<T> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address.pathname}: ${answer.status}`);
  return (await answer.json()) as T;
}
