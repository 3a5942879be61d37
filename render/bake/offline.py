"""Installable, and readable offline for what was seen: the manifest, the service worker, and the page it falls back to.

The worker asks the network first for every page, so that nobody is kept in an old site. Where ``bake.offline`` is off,
a worker is written all the same: one that takes itself and all that it kept away, for those who have an earlier one.
"""

from __future__ import annotations

import json

from render.bake.chrome import PRELOADED, Assets, Chrome
from render.bake.outputs import Outputs, Rank, digest
from render.bake.pages import Pages

MANIFEST, WORKER, FALLBACK = "manifest.webmanifest", "sw.js", "offline.html"
GROUND = "#07080c"
FAREWELL = """self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil((async () => {
  const ours = `nonesuch ${self.registration.scope} `;
  for (const name of await caches.keys()) if (name.startsWith(ours)) await caches.delete(name);
  await self.registration.unregister();
})()));
"""


def offer_offline(on: bool, base: str, assets: Assets, out: Outputs, pages: Pages, chrome: Chrome) -> None:
    """Offer the three files, or the worker that takes leave; of an edition without scripts, none of them.

    base: the path under which the site stands.
    """
    if not assets.scripts:
        return
    script = assets.name(WORKER)
    if not on or not script:
        _offer(out, WORKER, FAREWELL)
        return
    title = chrome.site["title"]
    icon = {"src": f"assets/{chrome.site['icon']}", "sizes": "any", "type": "image/svg+xml"}
    manifest = {
        "name": title,
        "short_name": title if len(title) <= 12 else "nonesuch",
        "description": chrome.site["description"],
        "id": base,
        "start_url": "./",
        "scope": "./",
        "display": "standalone",
        "background_color": GROUND,
        "theme_color": GROUND,
        "icons": [icon],
    }
    _offer(out, MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1) + "\n")
    page = pages.render(FALLBACK, **chrome.context(base))
    out.offer(FALLBACK, Rank.INDEX, digest(page), lambda: page)
    plain = ["style.css", "app.js", "theme.js", "icon.svg", *PRELOADED]
    plain += [name for name in assets.names if name.startswith("chunk.")]  # what the scripts have in common
    files = [FALLBACK, *(f"assets/{name}" for one in plain if (name := assets.name(one)))]
    if own := chrome.site["own_css"]:
        files.append(own)
    body = (assets.folder / script).read_text(encoding="utf-8")
    shell = {"version": digest(body, page, *files).hex()[:12], "files": files}
    _offer(out, WORKER, f"const SHELL={json.dumps(shell)};\n{body}")


def _offer(out: Outputs, path: str, text: str) -> None:
    out.offer(path, Rank.INDEX, digest(text), text.encode)
