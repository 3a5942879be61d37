const PAGE = 96;
const byId = (name) => document.getElementById(name);
let pictures = [];
let page = 0;

async function send(path, value) {
  const answer = await fetch(path, { method: "POST", body: JSON.stringify(value) });
  if (!answer.ok) throw new Error(await answer.text());
}

async function toggle(button, picture) {
  const kept = !picture.kept;
  try {
    await send("decide", { index: picture.index, kept });
  } catch {
    byId("count").textContent = "That was not kept: is the command still running?";
    return;
  }
  picture.kept = kept;
  button.setAttribute("aria-pressed", String(!kept));
  tell();
}

function tell() {
  const pages = Math.ceil(pictures.length / PAGE);
  byId("where").textContent = `Page ${page + 1} of ${pages}`;
  byId("count").textContent = `${pictures.filter((one) => !one.kept).length} of ${pictures.length} rejected`;
}

function show(number) {
  page = Math.max(0, Math.min(number, Math.ceil(pictures.length / PAGE) - 1));
  const buttons = pictures.slice(page * PAGE, (page + 1) * PAGE).map((picture) => {
    const button = document.createElement("button");
    const image = document.createElement("img");
    image.src = `picture/${picture.index}.png`;
    image.alt = button.title = picture.name;
    button.setAttribute("aria-pressed", String(!picture.kept));
    button.addEventListener("click", () => toggle(button, picture));
    button.append(image);
    return button;
  });
  byId("sheet").replaceChildren(...buttons);
  scrollTo(0, 0);
  buttons[0]?.focus();
  tell();
}

function move(by) {
  const buttons = [...byId("sheet").children];
  const here = buttons.indexOf(document.activeElement);
  buttons[Math.max(0, Math.min(here + by, buttons.length - 1))]?.focus();
}

const columns = () => getComputedStyle(byId("sheet")).gridTemplateColumns.split(" ").length;
const KEYS = {
  ArrowLeft: () => move(-1),
  ArrowRight: () => move(1),
  ArrowUp: () => move(-columns()),
  ArrowDown: () => move(columns()),
  n: () => show(page + 1),
  p: () => show(page - 1),
  x: () => byId("sheet").contains(document.activeElement) && document.activeElement.click(),
};

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
});
byId("before").addEventListener("click", () => show(page - 1));
byId("after").addEventListener("click", () => show(page + 1));
byId("done").addEventListener("click", async () => {
  await send("done", {});
  document.body.textContent = "Done. The set is being finished; this page can be closed.";
});
pictures = await (await fetch("pictures.json")).json();
show(0);
