// The same picture for the same place, for ever, from a gallery that has no server: one request, found by arithmetic.
//
//     node planet.mjs https://example.org/gallery/ planets 1000 12 -7 3
//
// LAST is how many numbers the game uses: `last` in api/v1/<collection>/index.json on the day it is released. Keep it. Numbers are
// never given again, so those pictures stay where they are while the gallery grows; a larger LAST would move every place to another.

/** A whole number below 2^32 from any whole numbers: FNV-1a over their bytes, 32 bits each. */
export function hash(...coordinates) {
  let value = 0x811c9dc5;
  for (const coordinate of coordinates) {
    for (let shift = 0; shift < 32; shift += 8) {
      value = Math.imul(value ^ ((coordinate >> shift) & 0xff), 0x01000193) >>> 0;
    }
  }
  return value;
}

/** The address of the picture that belongs to a place. */
export function picture(gallery, collection, last, ...coordinates) {
  return new URL(`${collection}/${1 + (hash(...coordinates) % last)}.jpg`, gallery);
}

/** What the gallery says of it: its class, its colour, its recipe. */
export async function record(gallery, collection, last, ...coordinates) {
  const number = 1 + (hash(...coordinates) % last);
  const answer = await fetch(new URL(`api/v1/${collection}/${number}.json`, gallery));
  return answer.json();
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const [gallery, collection, last, ...place] = process.argv.slice(2);
  const coordinates = place.map(Number);
  const answer = await fetch(picture(gallery, collection, Number(last), ...coordinates));
  const bytes = (await answer.arrayBuffer()).byteLength;
  const { number, title } = await record(gallery, collection, Number(last), ...coordinates);
  console.log(JSON.stringify({ number, title, url: answer.url, type: answer.headers.get("content-type"), bytes }));
}
