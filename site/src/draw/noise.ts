// Noise that is the same everywhere: Philox 4x32-10 and Box-Muller, as in render/noise.py. Key = the seed's two words, counter =
// (position, step, stream, 0); in double precision, rounded to single at the end.

const WORD = 2 ** 32;

/** The high and the low word of the product of two 32-bit words, exactly. */
function wide(a: number, b: number): [number, number] {
  const [ah, al, bh, bl] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const low = al * bl;
  const middle = ah * bl + (low >>> 16); // below 2^53
  const cross = al * bh + (middle % 65536);
  const high = ah * bh + Math.floor(middle / 65536) + Math.floor(cross / 65536);
  return [high >>> 0, Math.imul(a, b) >>> 0];
}

/** Four words of counter and two of key to four words. */
export function philox(counter: [number, number, number, number], key: [number, number]): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    if (round) {
      k0 = (k0 + 0x9e3779b9) >>> 0;
      k1 = (k1 + 0xbb67ae85) >>> 0;
    }
    const [firstHigh, firstLow] = wide(c0, 0xd2511f53);
    const [secondHigh, secondLow] = wide(c2, 0xcd9e8d57);
    [c0, c1, c2, c3] = [(secondHigh ^ c1 ^ k0) >>> 0, secondLow, (firstHigh ^ c3 ^ k1) >>> 0, firstLow];
  }
  return [c0, c1, c2, c3];
}

/** `count` standard normal values of a seed (a whole number below 2^53), of one of its streams. */
export function normals(seed: number, count: number, { stream = 0 }: { stream?: number } = {}): Float32Array {
  const values = new Float32Array(Math.ceil(count / 4) * 4);
  const key: [number, number] = [seed % WORD, Math.floor(seed / WORD)];
  const uniform = (word: number): number => (word + 0.5) / WORD;
  for (let position = 0; position * 4 < count; position++) {
    const words = philox([position, 0, stream, 0], key);
    for (const pair of [0, 2] as const) {
      const radius = Math.sqrt(-2 * Math.log(uniform(words[pair])));
      const angle = 2 * Math.PI * uniform(words[pair === 0 ? 1 : 3]);
      values[position * 4 + pair] = radius * Math.cos(angle);
      values[position * 4 + pair + 1] = radius * Math.sin(angle);
    }
  }
  return values.subarray(0, count);
}
