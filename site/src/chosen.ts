// Exhibits that are chosen by arithmetic, not by the visitor's own order: the same for everyone who asks.
import { hashText, permute } from "./permutation";
import type { Manifest } from "./manifest";

const DAY = 86_400_000; // milliseconds

/** Today's exhibit: the date in UTC, through the permutation, so that none comes again before all had their day. */
export function todays(manifest: Manifest, now = Date.now()): number {
  return inStep(manifest, Math.floor(now / DAY));
}

/** The exhibit at `step` of an endless sequence that everyone shares. */
export function inStep(manifest: Manifest, step: number): number {
  const count = manifest.count;
  const place = ((step % count) + count) % count;
  return manifest.numberAt(permute(place, count, hashText(manifest.key)));
}

/**
 * The exhibit of a name, or of any text. Capitals, accents' spelling and surrounding space do not matter.
 *
 * By jump hashing (Lamping and Veach 2014, arXiv:1406.2294): when the collection grows from n to n + 1, one name in n + 1
 * moves, to the new exhibit; all others keep theirs.
 */
export function ofName(manifest: Manifest, text: string): number {
  const name = text.normalize("NFKC").trim().toLowerCase().replace(/\s+/g, " ");
  const high = hashText(name);
  const low = hashText(`${name}\u0000`);
  return manifest.numberAt(jump((BigInt(high) << 32n) | BigInt(low), manifest.count));
}

function jump(seed: bigint, buckets: number): number {
  let key = seed;
  let bucket = 0;
  for (let next = 0; next < buckets; ) {
    bucket = next;
    key = BigInt.asUintN(64, key * 2862933555777941757n + 1n);
    next = Math.floor((bucket + 1) * (2 ** 31 / (Number(key >> 33n) + 1)));
  }
  return bucket;
}
