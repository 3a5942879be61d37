// The one script of every page: each part looks for the markup that it enlivens and does nothing without it.
// Every page works without this script; it only makes it quicker and quieter.
import { startHome } from "./home";
import { startKeys } from "./keys";
import { startReloadOnReturn } from "./history";
import { startThemeSwitch } from "./switch";
import { startWalks } from "./walks";

document.documentElement.classList.remove("no-js");
startThemeSwitch();
startKeys();
startWalks();

const home = document.querySelector<HTMLElement>("[data-home]");
if (home) startHome(home);
else startReloadOnReturn();
