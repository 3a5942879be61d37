// Every file says what it is: a picture that the browser makes leaves this page with the same words in it as one that was baked.

const SAID = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"/></rdf:RDF></x:xmpmeta>`;
const HEADER = 33; // bytes: the signature and the first chunk, after which others may come

/** The canvas as a PNG that says that a trained model made it (IPTC, as XMP in an iTXt chunk); null where the browser cannot. */
export async function markedPng(canvas: HTMLCanvasElement): Promise<Blob | null> {
  const plain = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve));
  if (!plain) return null;
  const bytes = new Uint8Array(await plain.arrayBuffer());
  return new Blob([bytes.slice(0, HEADER), chunk("iTXt", `XML:com.adobe.xmp\0\0\0\0\0${SAID}`), bytes.slice(HEADER)], { type: "image/png" });
}

/** Hands a file to the visitor. */
export function download(file: Blob, name: string): void {
  const link = document.createElement("a");
  link.download = name;
  link.href = URL.createObjectURL(file);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** A chunk of a PNG: length, kind, content, and the checksum of the last two. */
function chunk(kind: string, content: string): Uint8Array<ArrayBuffer> {
  const body = new TextEncoder().encode(kind + content);
  const whole = new Uint8Array(body.length + 8);
  const view = new DataView(whole.buffer);
  view.setUint32(0, body.length - 4);
  whole.set(body, 4);
  let sum = 0xffffffff;
  for (const byte of body) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (0xedb88320 & -(sum & 1));
  }
  view.setUint32(body.length + 4, ~sum >>> 0);
  return whole;
}
