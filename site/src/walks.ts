// Walks: loops that play by themselves where motion is welcome, while they are in sight, and that a button stops for good.
import { stillness } from "./motion";

/** Gives every loop of the page its pause button. Without this script the browser's own controls stay. */
export function startWalks(): void {
  for (const figure of document.querySelectorAll<HTMLElement>("[data-walk]")) {
    const video = figure.querySelector<HTMLVideoElement>("video[data-loop]");
    const button = figure.querySelector<HTMLButtonElement>("[data-pause]");
    if (video && button) startWalk(video, button);
  }
}

function startWalk(video: HTMLVideoElement, button: HTMLButtonElement): void {
  let wanted = !stillness();
  const label = (): void => {
    button.textContent = video.paused ? "Play" : "Pause";
  };
  const play = (): void => {
    // A browser that saves power may refuse; then the poster and the button stay.
    video.play().catch(label);
  };

  video.controls = false;
  button.hidden = false;
  video.addEventListener("play", label);
  video.addEventListener("pause", label);
  const toggle = (): void => {
    wanted = video.paused;
    if (wanted) play();
    else video.pause();
  };
  button.addEventListener("click", toggle);
  video.addEventListener("click", toggle);

  new IntersectionObserver(([entry]) => {
    if (entry?.isIntersecting && wanted) play();
    else video.pause();
  }, { threshold: 0.25 }).observe(video);
  matchMedia("(prefers-reduced-motion: reduce)").addEventListener("change", (event) => {
    if (event.matches) {
      wanted = false;
      video.pause();
    }
  });
  label();
}
