// The permalink of an exhibit that shares its page with others: hosts answer it with the 404 page, which leads on to its place.

/** Leads from `<collection>/4127.html` to `<collection>/4101-4200.html#n4127`, where there is such a page. */
export function startSheet(page: HTMLElement): void {
  const size = Number(page.dataset.shared);
  const [, folder = "", number = ""] = /^(.*\/)(\d{1,9})\.html$/.exec(location.pathname) ?? [];
  if (!number || !(size > 0)) return;
  const first = Math.floor((Number(number) - 1) / size) * size + 1;
  const there = `${folder}${first}-${first + size - 1}.html`;
  fetch(there, { method: "HEAD" })
    .then((answer) => { if (answer.ok) location.replace(`${there}#n${number}`); })
    .catch(() => undefined);
}
