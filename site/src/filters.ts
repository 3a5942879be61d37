// What exhibits can be chosen by: filters over their traits, each with how many it leaves. The gallery and the sky share them.
import { kept } from "./kept";
import type { Traits } from "./traits";
import { t } from "./words";

type Test = (one: Traits) => boolean;

/** A filter: its name in the address, what it is called, and what it can be set to. */
export interface Filter {
  name: string;
  title: string;
  options: { value: string; label: string; test: Test }[];
}

/** A filter as a form's control; `chosen` is set if it is one of its values. */
export function selectOf(filter: Filter, all: Traits[], chosen: string): HTMLElement {
  const label = document.createElement("label");
  const select = document.createElement("select");
  select.name = filter.name;
  select.append(new Option(filter.name === "kept" ? filter.title : t("any {filter}", { filter: filter.title }), ""));
  for (const { value, label: text, test } of filter.options) {
    select.append(new Option(`${text} (${all.filter(test).length})`, value));
  }
  select.value = filter.options.some((one) => one.value === chosen) ? chosen : "";
  const name = document.createElement("span");
  name.className = "visually-hidden";
  name.textContent = filter.title;
  label.append(name, select);
  return label;
}

/** What is set in a form: name and value of each. */
export function chosenIn(form: HTMLFormElement): [string, string][] {
  const values = [...new FormData(form)].map(([name, value]): [string, string] => [name, String(value)]);
  return values.filter(([, value]) => value !== "");
}

/** The tests that an exhibit must pass. */
export function testsOf(filters: Filter[], chosen: [string, string][]): Test[] {
  return chosen.flatMap(([name, value]) => {
    const option = filters.find((one) => one.name === name)?.options.find((one) => one.value === value);
    return option ? [option.test] : [];
  });
}

/** The filters that this collection's traits allow. */
export function filtersOf(all: Traits[], collection: string): Filter[] {
  const mine = new Set(kept(collection));
  const filters: Filter[] = [
    thirds(all, "colour", t("colour"), [t("bluest third"), t("middle third"), t("reddest third")], (one) => one.colour),
    thirds(all, "size", t("size"), [t("smallest third"), t("middle third"), t("largest third")], (one) => one.size),
    {
      name: "sure",
      title: t("confidence"),
      options: [
        { value: "high", label: t("over 80 % sure"), test: (one: Traits) => (one.sure ?? -1) > 80 },
        { value: "middle", label: t("50 to 80 % sure"), test: (one: Traits) => (one.sure ?? -1) >= 50 && (one.sure ?? 101) <= 80 },
        { value: "low", label: t("under 50 % sure"), test: (one: Traits) => (one.sure ?? 101) < 50 },
      ].filter(({ test }) => all.some(test)),
    },
    named(all, "model", t("model"), (one) => one.model),
    named(all, "night", t("night"), (one) => one.day),
    { name: "kept", title: t("kept or not"), options: [{ value: "yes", label: t("kept by you"), test: (one) => mine.has(one.number) }] },
  ];
  return filters.filter((one) => one.options.length > 1 || one.name === "kept"); // with one setting there is no choice
}

/** Three parts of equal size, by what is here: no outside scale is meant. */
function thirds(all: Traits[], name: string, title: string, labels: string[], of: (one: Traits) => number | null): Filter {
  const values = all.flatMap((one) => of(one) ?? []).sort((a, b) => a - b);
  const at = (share: number): number => values[Math.floor(share * values.length)] ?? 0;
  const edges = [-Infinity, at(1 / 3), at(2 / 3), Infinity];
  const options = labels.map((label, i) => ({
    value: String(i + 1),
    label,
    test: (one: Traits) => {
      const value = of(one);
      return value !== null && value >= (edges[i] ?? 0) && value < (edges[i + 1] ?? 0);
    },
  }));
  return { name, title, options: values.length < 3 ? [] : options };
}

function named(all: Traits[], name: string, title: string, of: (one: Traits) => string): Filter {
  const values = [...new Set(all.map(of).filter(Boolean))].sort();
  return { name, title, options: values.map((value) => ({ value, label: value, test: (one: Traits) => of(one) === value })) };
}
