// Dark or paper: the system decides until the visitor does.
import { recall, remember } from "./memory";
import { t } from "./words";

type Theme = "dark" | "paper";

function current(): Theme {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === "dark" || chosen === "paper") return chosen;
  return matchMedia("(prefers-color-scheme: light)").matches ? "paper" : "dark";
}

/** Shows the button that changes the theme, labelled with what it would change to. */
export function startThemeSwitch(): void {
  const button = document.querySelector<HTMLButtonElement>("[data-theme-switch]");
  if (!button) return;
  const label = (): void => {
    button.textContent = current() === "dark" ? t("paper") : t("dark");
  };
  button.addEventListener("click", () => {
    const next: Theme = current() === "dark" ? "paper" : "dark";
    document.documentElement.dataset.theme = next;
    remember("theme", next);
    label();
  });
  matchMedia("(prefers-color-scheme: light)").addEventListener("change", label);
  addEventListener("storage", () => {
    const chosen = recall("theme");
    if (chosen === "dark" || chosen === "paper") document.documentElement.dataset.theme = chosen;
    label();
  });
  label();
  button.hidden = false;
}
