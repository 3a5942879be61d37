// Walks: loops that play by themselves where motion is welcome, while they are in sight, and that a button stops for good; at other
// speeds, or frame by frame.
import { stillness } from "./motion";
import { t } from "./words";

/** Gives every loop of the page its player. Without this script the browser's own controls stay. */
export function startWalks(): void {
  for (const figure of document.querySelectorAll<HTMLElement>("[data-walk]")) {
    const video = figure.querySelector<HTMLVideoElement>("video[data-loop]");
    const player = figure.querySelector<HTMLElement>("[data-player]");
    if (video && player) startWalk(video, player);
  }
}

function startWalk(video: HTMLVideoElement, player: HTMLElement): void {
  const button = player.querySelector<HTMLButtonElement>("[data-pause]");
  let wanted = !stillness();
  const label = (): void => {
    if (button) button.textContent = video.paused ? t("Play") : t("Pause");
  };
  const play = (): void => {
    // A browser that saves power may refuse; then the poster and the button stay.
    video.play().catch(label);
  };
  const stop = (): void => {
    wanted = false;
    video.pause();
  };

  video.controls = false;
  player.hidden = false;
  video.addEventListener("play", label);
  video.addEventListener("pause", label);
  const toggle = (): void => {
    if (!video.paused) return stop();
    wanted = true;
    play();
  };
  button?.addEventListener("click", toggle);
  video.addEventListener("click", toggle);
  const speed = player.querySelector<HTMLSelectElement>("[data-speed]");
  speed?.addEventListener("change", () => { video.playbackRate = Number(speed.value); });
  const scrub = player.querySelector<HTMLInputElement>("[data-scrub]");
  if (scrub) startScrub(video, scrub, stop);

  new IntersectionObserver(([entry]) => {
    if (entry?.isIntersecting && wanted) play();
    else video.pause();
  }, { threshold: 0.25 }).observe(video);
  matchMedia("(prefers-reduced-motion: reduce)").addEventListener("change", (event) => {
    if (event.matches) stop();
  });
  label();
}

/** The place in the loop as a slider with a step for each frame; moving it stops the loop there. */
function startScrub(video: HTMLVideoElement, scrub: HTMLInputElement, stop: () => void): void {
  const fps = Number(scrub.dataset.fps) || 16;
  const frames = Number(scrub.max) + 1;
  const show = (frame: number): void => {
    scrub.value = String(frame);
    scrub.setAttribute("aria-valuetext", t("frame {n} of {all}", { n: frame + 1, all: frames }));
  };
  scrub.addEventListener("input", () => {
    stop();
    if (video.preload === "none") video.preload = "auto";
    const frame = Number(scrub.value);
    video.currentTime = (frame + 0.5) / fps; // the middle of the frame: its edge may round to the one before
    show(frame);
  });
  const follow = (): void => {
    if (!video.seeking) show(Math.min(frames - 1, Math.floor(video.currentTime * fps)));
    if (!video.paused) requestAnimationFrame(follow);
  };
  video.addEventListener("play", follow);
  video.addEventListener("pause", follow);
  show(0);
}
