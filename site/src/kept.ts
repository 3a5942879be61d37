// What a visitor keeps: numbers of exhibits, by collection, in this browser and nowhere else.
import { recall, remember } from "./memory";
import { t } from "./words";

/** The numbers that are kept, in the order in which they were. */
export function kept(collection: string): number[] {
  try {
    const saved: unknown = JSON.parse(recall(`kept.${collection}`) ?? "[]");
    return Array.isArray(saved) ? saved.filter((one): one is number => Number.isSafeInteger(one)) : [];
  } catch {
    return []; // someone else's value under our name
  }
}

/** Keeps an exhibit, or lets go of it; false when the browser stores nothing. */
export function toggle(collection: string, number: number): boolean {
  const now = kept(collection);
  const next = now.includes(number) ? now.filter((one) => one !== number) : [...now, number];
  return remember(`kept.${collection}`, JSON.stringify(next));
}

/** Makes `button` keep the exhibit that `number` names. Returns what to call when that is another one. */
export function startKeepButton(button: HTMLButtonElement, collection: string, number: () => number): () => void {
  const label = (): void => {
    const on = kept(collection).includes(number());
    button.textContent = on ? t("kept") : t("keep");
    button.setAttribute("aria-pressed", String(on));
  };
  button.addEventListener("click", () => {
    const stored = toggle(collection, number());
    label();
    if (!stored) button.textContent = t("this browser stores nothing");
  });
  addEventListener("storage", label); // another tab
  label();
  return label;
}
