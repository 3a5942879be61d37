// The maker's desk: what is shown, in which order, and what a key decides. Nothing is kept here; every decision goes to the
// command, which writes it down before the page shows it.
import { Hanging } from "./hang.js";

const PAGE = 300; // tiles put into the page at a time
const byId = (name) => document.getElementById(name);
const MEANINGS = {
  number: "As they were numbered.",
  plausibility: "The least plausible first: the probability that the classifier gives to the class that was asked for.",
  evidence: "The nearest to a real picture first: the share of real pictures that lie nearer to their own nearest.",
  oddness: "The oddest first: how far its measurements lie from the middle of its collection, in standard deviations.",
};
const FIRST_LOW = { plausibility: true, evidence: true, oddness: false };
const ODD = { axis_ratio: "axis ratio", half_light_radius: "size", concentration: "concentration", colour: "colour" };

let exhibits = new Map();
let listed = []; // ids, as the grid shows them
let chosen = "";
let drawn = 0;
let hanging;

async function send(path, value) {
  let answer;
  try {
    answer = await fetch(path, { method: "POST", body: JSON.stringify(value) });
  } catch {
    throw new Error("That was not kept: is the command still running?");
  }
  if (!answer.ok) throw new Error(`That was not kept: ${await answer.text()}`);
  return answer.json();
}

const complain = (error) => { byId("count").textContent = error.message; };

/** Changes a decision about the chosen exhibit; the page follows when it is written down. */
async function decide(changes, id = chosen) {
  if (!id) return;
  try {
    const changed = await send("decide", { id, ...changes });
    for (const [one, decision] of Object.entries(changed)) {
      exhibits.get(one).decision = decision;
      mark(one);
    }
    if (id === chosen) showPanel();
    tell();
  } catch (error) {
    complain(error);
  }
}

const toggle = (name) => chosen && decide({ [name]: !exhibits.get(chosen).decision[name] });
const nameOf = (one) => `NONESUCH ${one.number}`;

// --- what is shown ---

function options(select, entries) {
  const before = select.value;
  select.replaceChildren(...entries.map(([value, text]) => new Option(text, value)));
  if (entries.some(([value]) => value === before)) select.value = before;
}

function fillSelects() {
  const all = [...exhibits.values()];
  const last = Math.max(0, ...all.map((one) => one.run ?? 0));
  options(byId("only"), [
    ...(last ? [["run", `last night (run ${last})`]] : []),
    ["all", "everything"], ["star", "stars"], ["hidden", "what is hidden"], ["undecided", "what is undecided"],
    ...hanging.all.map((one) => [`in ${one.slug}`, `the exhibition: ${one.title}`]),
  ]);
}

function wanted(one, only, last) {
  if (only === "run") return one.run === last;
  if (only === "undecided") return !Object.values(one.decision).some(Boolean);
  return only === "all" || Boolean(one.decision[only]);
}

/** Which exhibits the grid has, in which order. */
function list() {
  const [only, collection, order] = ["only", "collection", "order"].map((name) => byId(name).value);
  const all = [...exhibits.values()].filter((one) => !collection || one.collection === collection);
  const turned = byId("turn").getAttribute("aria-pressed") === "true";
  const show = hanging.open(only.startsWith("in ") ? only.slice(3) : "");
  byId("order").disabled = byId("turn").disabled = byId("collection").disabled = Boolean(show);
  byId("meaning").textContent = show ? "In the order in which they hang." : MEANINGS[order];
  if (show) return show.exhibits.filter((id) => exhibits.has(id));
  const last = Math.max(0, ...all.map((one) => one.run ?? 0));
  const way = FIRST_LOW[order] === turned ? -1 : 1;
  const found = all.filter((one) => wanted(one, only, last));
  if (order === "number") return (turned ? found.reverse() : found).map((one) => one.id);
  const known = (one) => one[order] !== null;
  return found.sort((a, b) => known(b) - known(a) || (known(a) ? way * (a[order] - b[order]) : 0)).map((one) => one.id);
}

/** Lists anew; the chosen one stays chosen only where `stay` asks for it and it is listed. */
function refresh(stay = true) {
  listed = list();
  drawn = 0;
  byId("grid").replaceChildren();
  more();
  if (!listed.length) byId("grid").append(Object.assign(document.createElement("p"), { textContent: "Nothing here." }));
  choose(stay && listed.includes(chosen) ? chosen : (listed[0] ?? ""), false);
  tell();
}

function more() {
  const next = listed.slice(drawn, drawn + PAGE);
  drawn += next.length;
  byId("grid").append(...next.map(tile));
}

function tile(id) {
  const one = exhibits.get(id);
  const button = document.createElement("button");
  button.className = "tile";
  button.dataset.id = id;
  const image = document.createElement("img");
  image.src = `small/${id}`;
  image.alt = `${nameOf(one)} of ${one.collection}`;
  image.loading = "lazy";
  const label = document.createElement("span");
  label.className = "label";
  label.append(Object.assign(document.createElement("span"), { textContent: one.number }),
    Object.assign(document.createElement("span"), { className: "marks" }));
  button.append(image, label);
  button.addEventListener("click", () => choose(id));
  button.addEventListener("focus", () => choose(id, false));
  fillMarks(button, one);
  return button;
}

const tileOf = (id) => byId("grid").querySelector(`[data-id="${id}"]`);

function fillMarks(button, one) {
  const { star, hidden, pin, title, note } = one.decision;
  const marks = [pin && "pin", star && "star", hidden && "hidden", title && "t", note && "n"].filter(Boolean);
  button.querySelector(".marks").textContent = marks.join(" ");
  button.classList.toggle("hidden", hidden);
}

function mark(id) {
  const button = tileOf(id);
  if (button) fillMarks(button, exhibits.get(id));
}

function tell() {
  const all = [...exhibits.values()];
  const count = (name) => all.filter((one) => one.decision[name]).length;
  const stars = count("star");
  byId("count").textContent = `${listed.length} shown · ${stars} ${stars === 1 ? "star" : "stars"} · ${count("hidden")} hidden`;
}

// --- the chosen one ---

function choose(id, focus = true) {
  tileOf(chosen)?.removeAttribute("aria-current");
  chosen = id;
  byId("panel").hidden = !id;
  if (!id) return;
  while (!tileOf(id) && drawn < listed.length) more();
  const button = tileOf(id);
  button?.setAttribute("aria-current", "true");
  if (focus) button?.focus();
  showPanel();
}

function showPanel() {
  const one = exhibits.get(chosen);
  const source = `large/${chosen}`;
  if (!byId("large").src.endsWith(source)) byId("large").src = source;
  byId("large").alt = one.title;
  byId("name").textContent = `${nameOf(one)} · ${one.collection}`;
  byId("facts").textContent = facts(one);
  byId("own-title").value = one.decision.title;
  byId("own-title").placeholder = one.title;
  byId("note").value = one.decision.note;
  for (const button of document.querySelectorAll("[data-do]")) {
    button.setAttribute("aria-pressed", String(one.decision[button.dataset.do]));
  }
  hanging.showFor(chosen);
}

const percent = (share) => `${Math.round(100 * share)} %`;

function facts(one) {
  const parts = [];
  if (one.found) parts.push(one.asked && one.asked !== one.found ? `asked ${one.asked}, found ${one.found}` : one.found);
  if (one.plausibility !== null) parts.push(`${percent(one.plausibility)} for what was asked`);
  parts.push(one.evidence === null ? "not compared with real ones" : `${percent(one.evidence)} of real ones lie nearer to theirs`);
  if (one.oddness !== null) parts.push(`${one.oddness.toFixed(1)} σ from the middle in ${ODD[one.odd_in] ?? one.odd_in}`);
  return `${parts.join("; ")}.`;
}

// --- keys ---

function move(by) {
  const place = listed.indexOf(chosen);
  const next = listed[Math.max(0, Math.min(place + by, listed.length - 1))];
  if (next) choose(next);
}

const columns = () => getComputedStyle(byId("grid")).gridTemplateColumns.split(" ").length;
const KEYS = {
  ArrowLeft: () => move(-1),
  ArrowRight: () => move(1),
  ArrowUp: () => move(-columns()),
  ArrowDown: () => move(columns()),
  s: () => toggle("star"),
  h: () => toggle("hidden"),
  p: () => toggle("pin"),
  t: () => byId("own-title").focus(),
  n: () => byId("note").focus(),
  e: () => hanging.toggle(chosen),
  "[": () => hanging.move(chosen, -1).then(() => refresh()),
  "]": () => hanging.move(chosen, 1).then(() => refresh()),
};

addEventListener("keydown", (event) => {
  const field = event.target.closest?.("input, textarea, select");
  if (field && event.key === "Escape") tileOf(chosen)?.focus();
  if (field && event.key === "Enter" && field.tagName === "INPUT") tileOf(chosen)?.focus();
  if (field || event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
});
for (const button of document.querySelectorAll("[data-do]")) {
  button.addEventListener("click", () => toggle(button.dataset.do));
}
for (const [field, name] of [["own-title", "title"], ["note", "note"]]) {
  byId(field).addEventListener("focus", (event) => { event.target.dataset.id = chosen; });
  byId(field).addEventListener("change", (event) => decide({ [name]: event.target.value }, event.target.dataset.id));
}
for (const name of ["only", "collection", "order"]) byId(name).addEventListener("change", () => refresh(false));
byId("turn").addEventListener("click", (event) => {
  const turned = event.target.getAttribute("aria-pressed") !== "true";
  event.target.setAttribute("aria-pressed", String(turned));
  refresh(false);
});
byId("done").addEventListener("click", async () => {
  document.activeElement.blur(); // a field that is being written in is kept first
  await new Promise((resolve) => setTimeout(resolve, 100));
  await send("done", {}).then(() => { document.body.textContent = "Done. The site is being baked; this page can be closed."; }, complain);
});
new IntersectionObserver((entries) => { if (entries.some((one) => one.isIntersecting)) more(); }, { rootMargin: "800px" })
  .observe(document.body.appendChild(document.createElement("span")));

const told = await (await fetch("exhibits.json")).json();
exhibits = new Map(told.exhibits.map((one) => [one.id, one]));
document.title = `Curate: ${told.title}`;
byId("title").textContent = told.title;
options(byId("collection"), [["", "all collections"], ...told.collections.map((one) => [one.slug, one.many])]);
hanging = new Hanging(told.exhibitions, send, complain, fillSelects, () => refresh());
fillSelects();
refresh();
