// Where exhibits lie beside one another: an index of 16 signed bytes for each, and the map. The bake writes both in tables of a
// thousand exhibits; nothing is computed on a server, because there is none.
import { fetchJson } from "../manifest";

const AXES = 16;
const UNIT = 16000;

/** What the bake says of a collection's sky. */
export interface SkyData {
  method: "t-sne" | "components";
  dark: boolean;
  look: { mean: string; axes: string; scale: number };
  places: Record<string, string>;
  sheet: number;
  columns: number;
  tile: number;
  sheets: Record<string, string>;
}

interface Table {
  numbers: number[];
  places: string;
  xy: string;
}

/** An exhibit's place: 16 coordinates in the index, and where it lies on the map, about 1 from the middle. */
export interface Place {
  number: number;
  index: Int8Array;
  x: number;
  y: number;
}

/** An exhibit and how far it looks from what was asked about; 0 is the same. */
export interface Near {
  number: number;
  distance: number;
}

/** A collection's places. */
export class Places {
  private constructor(
    readonly about: SkyData,
    readonly all: Place[],
  ) {}

  /** Fetches what lies at `address` and the tables beside it. */
  static async open(address: URL): Promise<Places> {
    const about = await fetchJson<SkyData>(address);
    const tables = await Promise.all(Object.values(about.places).map((name) => fetchJson<Table>(new URL(name, address))));
    return new Places(about, tables.flatMap(rows));
  }

  /** The index's coordinates of a look that is not on show. */
  located(look: Float32Array): Int8Array {
    const { mean, axes, scale } = this.about.look;
    const [middle, directions] = [floats(mean), floats(axes)];
    return Int8Array.from({ length: AXES }, (_, axis) => {
      let sum = 0;
      for (let i = 0; i < middle.length; i++) sum += (look[i]! - middle[i]!) * directions[axis * middle.length + i]!;
      return Math.max(-127, Math.min(127, Math.round(sum * scale)));
    });
  }

  /** The place of an exhibit; undefined when it has none yet. */
  of(number: number): Place | undefined {
    return this.all.find((one) => one.number === number);
  }

  /** The `count` exhibits that look most like what has these coordinates, the nearest first; all but `without`. */
  nearest(index: Int8Array, count: number, without = 0): Near[] {
    const found = this.all.filter((one) => one.number !== without).map((one) => ({ number: one.number, distance: far(one.index, index) }));
    return found.sort((a, b) => a.distance - b.distance || a.number - b.number).slice(0, count);
  }
}

function far(a: Int8Array, b: Int8Array): number {
  let sum = 0;
  for (let i = 0; i < AXES; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum);
}

function rows(table: Table): Place[] {
  const places = new Int8Array(bytes(table.places));
  const xy = new DataView(bytes(table.xy));
  return table.numbers.map((number, i) => ({
    number,
    index: places.subarray(AXES * i, AXES * (i + 1)),
    x: xy.getInt16(4 * i, true) / UNIT,
    y: xy.getInt16(4 * i + 2, true) / UNIT,
  }));
}

function floats(text: string): Float32Array {
  return new Float32Array(bytes(text));
}

function bytes(text: string): ArrayBuffer {
  return Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0)).buffer;
}
