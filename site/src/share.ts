// An exhibit's address, handed on: by the system's own sheet where there is one, else by the clipboard.
import { t } from "./words";

/** Lets `button` share what `what` says at the moment it is pressed; hides it where nothing can be shared. */
export function startShare(button: HTMLButtonElement, what: () => { title: string; url: string }): void {
  button.hidden = !navigator.share && !navigator.clipboard; // at an insecure address neither is there
  const label = button.textContent;
  button.addEventListener("click", async () => {
    try {
      if (navigator.share) {
        await navigator.share(what());
        return;
      }
      await navigator.clipboard.writeText(what().url);
      say(t("address copied"));
    } catch (error) {
      if ((error as DOMException).name !== "AbortError") say(t("could not be shared")); // Abort: the visitor thought better of it
    }
  });
  const say = (text: string): void => {
    button.textContent = text;
    setTimeout(() => { button.textContent = label; }, 2500);
  };
}
