// Loaded before the first paint, and for that reason alone in a file of its own: the chosen theme without a flash of the other.
import { recall } from "./memory";

const chosen = recall("theme");
if (chosen === "dark" || chosen === "paper") document.documentElement.dataset.theme = chosen;
