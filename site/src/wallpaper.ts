// An exhibit for the visitor's own screen: the largest picture there is, in the middle of black, as large as the screen is.
import { largest, readable } from "./largest";
import { download, markedPng } from "./mark";
import { t } from "./words";

const MOST = 4096; // pixels across
const SHARE = 0.92; // of the screen's shorter side

/** Makes the wallpaper and hands it over. */
export async function wallpaper(image: HTMLImageElement, name: string): Promise<void> {
  const picture = await readable(largest(image));
  const scale = Math.min(devicePixelRatio || 1, MOST / Math.max(screen.width, screen.height));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.round(screen.width * scale), Math.round(screen.height * scale)];
  const ink = canvas.getContext("2d");
  if (!ink) throw new Error(t("this browser has no canvas"));
  ink.fillStyle = "#000";
  ink.fillRect(0, 0, canvas.width, canvas.height);
  ink.imageSmoothingQuality = "high";
  const fit = (SHARE * Math.min(canvas.width, canvas.height)) / Math.max(picture.naturalWidth, picture.naturalHeight);
  const [width, height] = [picture.naturalWidth * fit, picture.naturalHeight * fit];
  ink.drawImage(picture, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
  const file = await markedPng(canvas);
  if (!file) throw new Error(t("this browser writes no pictures"));
  download(file, `${name}-${canvas.width}x${canvas.height}.png`);
}
