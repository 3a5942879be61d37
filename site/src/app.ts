// The one script of every page: each part looks for the markup that it enlivens and does nothing without it.
// Every page works without this script; it only makes it quicker and quieter.
import { startHome } from "./home";
import { startKeys } from "./keys";
import { startReloadOnReturn } from "./history";
import { startMenu } from "./menu";
import { startOffline } from "./offline";
import { startThemeSwitch } from "./switch";
import { startWalks } from "./walks";

startMenu();
startThemeSwitch();
startKeys();
startWalks();
startOffline();

/** A part that few pages need is fetched by those; where it does not load, the page works as it is. */
function later(selector: string, load: (element: HTMLElement) => Promise<void>): void {
  const element = document.querySelector<HTMLElement>(selector);
  if (element) load(element).catch(() => undefined);
}
later("[data-gallery]", async (gallery) => (await import("./gallery")).startGallery(gallery));
later("[data-draw]", async (page) => (await import("./draw/page")).startDraw(page));
later("[data-guess]", async (page) => (await import("./guess/page")).startGuess(page));
later("[data-plane]", async (figure) => (await import("./plane")).startPlane(figure));
later("[data-sky]", async (sky) => (await import("./sky/page")).startSky(sky));
later("[data-lab]", async (page) => (await import("./lab")).startLab(page));
later("[data-search]", async (page) => (await import("./search")).startSearch(page));
later("[data-compare]", async (page) => (await import("./compare")).startCompare(page));
later("[data-cross]", async (page) => (await import("./draw/cross")).startCross(page));
later("[data-shared]", async (page) => (await import("./sheet")).startSheet(page));
later("[data-again]", async (part) => (await import("./draw/again")).startAgain(part));
later("[data-tools]", async (tools) => (await import("./tools")).startTools(tools));

const home = document.querySelector<HTMLElement>("[data-home]");
if (home) startHome(home);
else startReloadOnReturn();
