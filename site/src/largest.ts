/** The widest file of a picture that the browser can show: it has shown one of that kind already. */
export function largest(image: HTMLImageElement): string {
  const source = image.closest("picture")?.querySelector("source");
  const shows = image.currentSrc.endsWith(".avif") || !image.currentSrc;
  const widest = source?.srcset.split(/,\s+/).map((one) => one.trim().split(/\s+/)).at(-1)?.[0];
  return shows && widest ? new URL(widest, location.href).href : image.src;
}

/** A picture whose pixels this page may read: one from another address is asked for again, as its host must allow. */
export async function readable(address: string): Promise<HTMLImageElement> {
  const picture = new Image();
  picture.crossOrigin = "anonymous";
  picture.src = address;
  await picture.decode();
  return picture;
}
