// Recipes as they stand on an exhibit's page and in a link that crosses two of them.
import { siteRoot } from "../history";
import { SAMPLERS } from "./flow";
import type { Latent, Made } from "./worker";

const MOST_STEPS = 64;
const MOST_GUIDANCE = 10;
const AWAY = ["", "attention"];

/** What the page says of its exhibit's recipe, or null. */
export function recipeOn(page: Document): Made | null {
  const told = page.querySelector<HTMLElement>("[data-again]")?.dataset.recipe;
  return told ? (JSON.parse(told) as Made) : null;
}

/** The recipe of an exhibit of the collection, or null where there is none that a browser can repeat. */
export async function recipeOf(collection: string, number: number): Promise<Made | null> {
  const answer = await fetch(new URL(`${collection}/${number}.html`, siteRoot()));
  return answer.ok ? recipeOn(new DOMParser().parseFromString(await answer.text(), "text/html")) : null;
}

/** A cross as the query of a link: everything that it is made from. */
export function toQuery(made: Made): string {
  const latent = ({ seed, class: name, source }: Latent): string => [seed, name, source].join(":");
  const query = new URLSearchParams({ a: latent(made.from), b: latent(made.to ?? made.from), t: made.between.toFixed(2) });
  query.set("by", [made.sampler, made.steps, made.guidance, made.symmetry, made.away].join(":"));
  return `?${query}`;
}

/** The cross that a link asks for, or null where it asks for none, or for what cannot be. */
export function fromQuery(query: URLSearchParams): Made | null {
  const [from, to] = [latentIn(query.get("a")), latentIn(query.get("b"))];
  const [sampler = "", steps, guidance, symmetry = "0", away = ""] = (query.get("by") ?? "").split(":");
  const between = Number(query.get("t"));
  const made = { sampler, steps: Number(steps), guidance: Number(guidance), symmetry: Number(symmetry), away, between };
  const sound =
    SAMPLERS.includes(sampler) && made.steps >= 1 && made.steps <= MOST_STEPS && Number.isInteger(made.steps) &&
    made.guidance >= 0 && made.guidance <= MOST_GUIDANCE && made.symmetry >= 0 && made.symmetry <= 1 && AWAY.includes(away) && between >= 0 && between <= 1;
  return from && to && sound ? { ...made, from, to } : null;
}

function latentIn(text: string | null): Latent | null {
  const [seed = "", name = "", source = ""] = (text ?? "").split(":");
  const number = Number(seed);
  return seed && Number.isSafeInteger(number) && number >= 0 ? { seed: number, class: name, source } : null;
}
