// A picture of the visitor's as the classifier takes it. It is read here, and goes nowhere.
import { shrunk } from "../near/look";

const SIZE = 96;
const BORDER = 4; // pixels of the frame whose median is the sky
const SOFTENING = 0.35;
const FLOOR = -1.25;
const BLACK = 5 / 255; // a sky as dark as this was taken off before

/** A picture in the network's space, (3, 96, 96), and as it is shown, RGBA. */
export interface Visit {
  data: Float32Array;
  pixels: ImageData;
}

/**
 * The middle square of a picture, its sky taken off and its light stretched as those of the real galaxies were that the classifier
 * learned from (render/display.py). A picture whose sky is black already is taken as it is: so are those of this site.
 */
export async function visit(file: Blob): Promise<Visit> {
  const picture = await createImageBitmap(file);
  const bytes = shrunk(picture, picture.width, picture.height, SIZE);
  picture.close();
  const area = SIZE * SIZE;
  const data = new Float32Array(3 * area);
  const pixels = new ImageData(SIZE, SIZE);
  const skies = [0, 1, 2].map((channel) => median(bytes, channel));
  const plain = skies.every((sky) => sky <= BLACK);
  for (let i = 0; i < area; i++) {
    for (let channel = 0; channel < 3; channel++) {
      const value = (bytes[4 * i + channel] ?? 0) / 255;
      const sky = skies[channel] ?? 0;
      const light = plain ? value : Math.asinh((value - sky) / (1 - sky) / SOFTENING) / Math.asinh(1 / SOFTENING);
      const mapped = Math.min(1, Math.max(FLOOR, 2 * light - 1));
      data[channel * area + i] = mapped;
      pixels.data[4 * i + channel] = Math.round(255 * Math.max(0, (mapped + 1) / 2));
    }
    pixels.data[4 * i + 3] = 255;
  }
  return { data, pixels };
}

function median(bytes: Uint8ClampedArray, channel: number): number {
  const frame: number[] = [];
  for (let row = 0; row < SIZE; row++) {
    for (let column = 0; column < SIZE; column++) {
      const inside = row >= BORDER && row < SIZE - BORDER && column >= BORDER && column < SIZE - BORDER;
      if (!inside) frame.push((bytes[4 * (row * SIZE + column) + channel] ?? 0) / 255);
    }
  }
  frame.sort((a, b) => a - b);
  const middle = frame.length / 2;
  return ((frame[middle - 1] ?? 0) + (frame[middle] ?? 0)) / 2;
}
