// A keyed permutation of 0 … count-1: a visitor sees every exhibit once before any comes again, with nothing to store but a
// key and a counter. Format-preserving encryption in small: a Feistel network over the next even power of two, walking the
// cycle until the value is in range (Black and Rogaway, "Ciphers with arbitrary finite domains", 2002).

const ROUNDS = 6;

/** 32 bits out of a text (FNV-1a). */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** One round's mixing (the finaliser of MurmurHash3). */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Where `position` goes among `count` under `key`: a bijection for every key. */
export function permute(position: number, count: number, key: number): number {
  if (count < 2) return 0;
  let half = 1;
  while (2 ** (2 * half) < count) half += 1;
  const mask = 2 ** half - 1;
  let value = position;
  do {
    let left = value >>> half;
    let right = value & mask;
    for (let round = 0; round < ROUNDS; round++) {
      [left, right] = [right, (left ^ mix(right + Math.imul(round + 1, 0x9e3779b9) + key)) & mask];
    }
    value = left * (mask + 1) + right;
  } while (value >= count);
  return value;
}
