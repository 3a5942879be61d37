"""Which one is real? A real picture beside a generated one, of the same class, size, display mapping and codec.

The real ones come from a folder of credited pictures (`render.training.real`) and are enlarged and encoded here exactly
as exhibits are. Where an upscaler made exhibits larger than any real one, the page's script reduces both to the size of
the real ones before it shows them.
"""

from __future__ import annotations

import hashlib
import io
import json
import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path

from render.bake.chrome import Chrome, base_of, code_key
from render.bake.evidence import object_of
from render.bake.outputs import Outputs, Rank, digest
from render.bake.pages import Pages
from render.bake.source import Tally
from render.bake.tongue import _
from render.bake.words import class_name, percent
from render.config import Collection, Folder, Gallery
from render.errors import NonesuchError
from render.weights import PICTURES, REFERENCE, Card, find_weights, load_card, verify

LEAST = 4  # exhibits that are shown, before there is anything to guess
CODECS = ("avif", "jpg")


class Guess:
    """The page of a collection, where there are real pictures that its own can be mistaken for."""

    def __init__(self, gallery: Gallery, collection: Collection | Folder, generator: Card | None, tally: Tally) -> None:
        self._slug = collection.slug
        self._generator = generator
        self._enlarged = isinstance(collection, Collection) and collection.upscaler is not None
        self._folder = _found(gallery.bake.real, gallery) if gallery.bake.real and generator else None
        self._card = load_card(self._folder) if self._folder else None
        self.open = tally.shown >= LEAST and self._card is not None and _fits(self._card, generator)

    def offer(self, out: Outputs, pages: Pages, chrome: Chrome) -> None:
        """Offer the page, the list of real pictures and their files."""
        if not self.open or self._folder is None:
            return
        told = [self._picture(one, out) for one in _listed(self._folder)]
        body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
        data, path = f"{chrome.data}/guess.json", f"{chrome.place}/guess/index.html"
        out.offer(data, Rank.INDEX, digest(body), lambda: body)
        others = judges(self._generator)
        side = self._card.size if self._enlarged and self._card else 0
        key = digest(pages.key("guess.html"), chrome.key, repr(others), str(len(told)), str(side))

        def page() -> bytes:
            index = f"{chrome.data}/index.json"
            more = {"data": data, "index": index, "others": others, "pictures": len(told), "side": side}
            return pages.render("guess.html", **chrome.context(base_of(path), f"{chrome.place}/guess/", path, **more))

        out.offer(path, Rank.INDEX, key, page)

    def _picture(self, one: dict[str, str], out: Outputs) -> dict[str, str]:
        assert self._folder is not None
        assert self._card is not None
        source = self._folder / one["file"]
        sha256 = self._card.sha256.get(one["file"], "")
        told = {
            "class": one["class"],
            "called": class_name(one["class"]),
            "name": object_of(one["of"]),
            "credit": one["credit"],
            "licence": one["licence"],
        }
        for codec in CODECS:
            # by a hash that does not say what it is: whoever looks at addresses while guessing learns little
            name = hashlib.sha256(f"{sha256} {codec}".encode()).hexdigest()[:20]
            path = f"{self._slug}/guess/{name}.{codec}"
            key = digest(code_key(), sha256, codec, one["credit"], one["licence"])
            out.offer(path, Rank.NEW, key, partial(_encoded, source, codec, one["credit"], one["licence"]))
            told[codec] = path
        return told


def real_key(gallery: Gallery) -> bytes:
    """Changes when the real pictures do."""
    folder = _found(gallery.bake.real, gallery) if gallery.bake.real and gallery.collections else None
    return digest(load_card(folder).model_dump_json() if folder else "")


def judges(generator: Card | None) -> list[str]:
    """How well others tell this network's pictures from real ones, in sentences, as far as its card says."""
    quality = generator.quality if generator else {}
    blind, trees = quality.get("blind_sheet", {}), quality.get("plausibility", {}).get("trees", {})
    said = []
    if "right" in blind:
        line = _("Someone who saw a mixed sheet was right %(share)s of %(n)s times.")
        said.append(line % {"share": percent(blind["right"]), "n": blind["answers"]})
    if "right" in trees:
        low, high = (percent(value) for value in trees["right_interval_95"])
        line = _(
            "Decision trees that were taught on many of both, by measurements, are right %(share)s of the time "
            "(%(low)s to %(high)s)."
        )
        said.append(line % {"share": percent(trees["right"]), "low": low, "high": high})
    return said


def _found(name: str, gallery: Gallery) -> Path | None:
    try:
        folder = find_weights(name, gallery.folder)
    except NonesuchError:
        return None  # the bake needs no weights
    return folder if (folder / PICTURES).is_file() else None


def _fits(real: Card, generator: Card | None) -> bool:
    """Whether the two differ in nothing but in being real."""
    if generator is None or real.family != REFERENCE:
        return False
    same = real.size == generator.size and real.mapping == generator.mapping
    return same and bool(generator.classes) and set(generator.classes) <= set(real.classes)


def _listed(folder: Path) -> list[dict[str, str]]:
    verify(folder)
    listed: list[dict[str, str]] = tomllib.loads((folder / PICTURES).read_text(encoding="utf-8"))["picture"]
    return listed


def _encoded(source: Path, codec: str, credit: str, licence: str) -> bytes:
    """As `render.media` makes exhibits: enlarged from the pixels by Lanczos, at the fallback's width, same quality."""
    import numpy as np
    from PIL import Image

    from render.media.images import FALLBACK_WIDTH, avif, enlarged, jpeg
    from render.provenance import captured

    with Image.open(io.BytesIO(source.read_bytes())) as opened:
        picture = np.asarray(opened.convert("RGB"), dtype=np.float32)
    data = np.ascontiguousarray(picture.transpose(2, 0, 1) / 127.5 - 1, dtype=np.float32)
    encode: Callable[..., bytes] = avif if codec == "avif" else jpeg
    return encode(enlarged(data, FALLBACK_WIDTH), captured(credit, licence))
