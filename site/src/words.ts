// The words that scripts write. English stands in the code; a page in another language carries them with it (`data-words`), and its
// plural forms by the names that Intl.PluralRules gives them.

type Told = Record<string, string | Partial<Record<Intl.LDMLPluralRule, string>>>;
type Values = Record<string, string | number>;

let told: Told | null = null;

function words(): Told {
  if (told) return told;
  const text = document.querySelector("script[data-words]")?.textContent;
  told = text ? (JSON.parse(text) as Told) : {};
  return told;
}

function set(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}

/** A message in the page's language, with `values` in its braces. */
export function t(message: string, values: Values = {}): string {
  const found = words()[message];
  return set(typeof found === "string" ? found : message, values);
}

/** A message in the form that `n` takes; `{n}` is the number as the language writes it. */
export function tn(one: string, many: string, n: number, values: Values = {}): string {
  const language = document.documentElement.lang;
  const forms = words()[one];
  const form = typeof forms === "object" ? forms[new Intl.PluralRules(language).select(n)] : n === 1 ? one : many;
  return set(form ?? many, { n: n.toLocaleString(language), ...values });
}

/** Marks a message that is said later, elsewhere. */
export function N(message: string): string {
  return message;
}

/** A number with that many digits after the sign that the page's language has for it. */
export function decimal(value: number, digits: number): string {
  return value.toLocaleString(document.documentElement.lang, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false });
}

/** A share as whole per cent. */
export function perCent(share: number): string {
  const language = document.documentElement.lang;
  return language === "en" ? `${Math.round(100 * share)}\u202f%` : share.toLocaleString(language, { style: "percent" });
}
