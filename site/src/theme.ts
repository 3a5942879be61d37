// Loaded before the first paint, and for that reason alone in a file of its own: the chosen theme without a flash of the other,
// and a page that does not jump when the other script comes.
import { recall } from "./memory";

document.documentElement.classList.remove("no-js"); // so that what comes with the script has its place from the first paint
const chosen = recall("theme");
if (chosen === "dark" || chosen === "paper") document.documentElement.dataset.theme = chosen;
