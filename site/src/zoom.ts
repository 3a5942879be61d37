// Zoom and pan, and from picture to picture: PhotoSwipe, with its style sheet, loaded when it is first used.
import PhotoSwipe from "photoswipe";
import style from "asset:photoswipe/dist/photoswipe.css";
import { largest } from "./largest";
import { loadStyle } from "./style";

/** Opens the pictures of a page, beginning with the one at `index`; the largest size that each of them has. */
export async function zoom(images: HTMLImageElement[], index: number): Promise<void> {
  await loadStyle(new URL(style, import.meta.url).href);
  const dataSource = images.map((image) => ({
    src: largest(image),
    msrc: image.currentSrc || image.src,
    // The file holds one size; a galaxy is looked at larger than that, and the browser interpolates.
    width: 2 * image.width || 2 * Number(image.getAttribute("width")),
    height: 2 * image.height || 2 * Number(image.getAttribute("height")),
    alt: image.alt,
  }));
  const box = new PhotoSwipe({ dataSource, index, bgOpacity: 1, wheelToZoom: true, showHideAnimationType: "fade" });
  box.on("uiRegister", () => {
    box.ui?.registerElement({
      name: "designation",
      order: 9,
      isButton: false,
      appendTo: "bar",
      onInit: (element) => {
        element.className = "pswp__designation designation";
        const label = (): void => { element.textContent = designation(images[box.currIndex]); };
        box.on("change", label);
        label();
      },
    });
  });
  box.init();
}

function designation(image: HTMLImageElement | undefined): string {
  const near = image?.closest(".tile, .exhibit")?.querySelector(".designation");
  return near?.textContent ?? "";
}
