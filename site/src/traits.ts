// The measured traits of a collection's exhibits, for the filters: small tables of a thousand exhibits each.
import { fetchJson, type Index } from "./manifest";

/** One exhibit's traits. What was not measured is null. */
export interface Traits {
  number: number;
  class: string; // the class's key
  called: string; // and its name
  sure: number | null; // per cent
  colour: number | null;
  size: number | null;
  concentration: number | null;
  ratio: number | null; // of the axes, 100 is round
  bar: number | null; // strength of a bar, 0 to 100
  model: string;
  day: string;
}

interface Table {
  classes: [string, string][];
  models: string[];
  days: string[];
  rows: (number | null)[][];
}

/** All exhibits on show, by number. */
export async function readTraits(address: URL): Promise<Traits[]> {
  const index = await fetchJson<Index>(address);
  const names = index.traits.flatMap((hash, i) => (hash ? [`traits-${String(i).padStart(3, "0")}.${hash}.json`] : []));
  const tables = await Promise.all(names.map((name) => fetchJson<Table>(new URL(name, address))));
  return tables.flatMap((table) => table.rows.map((row) => one(row, table)));
}

function one(row: (number | null)[], table: Table): Traits {
  const [number, found, sure, colour, size, concentration, ratio, model, day, bar] = row;
  return {
    number: number ?? 0,
    class: table.classes[found ?? -1]?.[0] ?? "",
    called: table.classes[found ?? -1]?.[1] ?? "",
    sure: sure ?? null,
    colour: colour ?? null,
    size: size ?? null,
    concentration: concentration ?? null,
    ratio: ratio ?? null,
    bar: bar ?? null,
    model: table.models[model ?? -1] ?? "",
    day: table.days[day ?? -1] ?? "",
  };
}
