"""The desk: answers the maker's page (`render.loopback`), and writes every decision into ``curation.toml`` at once."""

from __future__ import annotations

import json
import threading
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from render.bake.words import class_name
from render.config import Curation, Decision, Exhibition, Gallery, read_curation, write_curation
from render.config.problems import sentences
from render.config.values import slug_of
from render.curating.night import Shown, shown
from render.errors import NonesuchError, UsageError
from render.loopback import Loopback, OwnPage
from render.media import Store, open_store
from render.serve import MIME

Model = TypeVar("Model", Decision, Exhibition)
STATIC = Path(__file__).with_name("page")
PAGE = {"": "index.html", "curate.js": "curate.js", "hang.js": "hang.js", "curate.css": "curate.css"}
LARGEST = 2_000_000  # bytes of a decision: an exhibition of many thousand exhibits
SMALL = 300  # pixels that a tile has at least, where there are as many


class Desk(Loopback):
    """One gallery, looked through by its maker."""

    def __init__(self, gallery: Gallery, port: int = 0) -> None:
        self.gallery = gallery
        read_curation(gallery.folder)  # a file that cannot be understood is refused before anything is decided
        self.exhibits: dict[str, Shown] = shown(gallery)
        self._lock = threading.Lock()
        super().__init__(_Handler, port)

    def told(self) -> dict[str, Any]:
        """Everything that the page shows, read anew: a run beside this one may have made more."""
        self.exhibits = shown(self.gallery)
        curation = read_curation(self.gallery.folder)
        exhibits = [
            one.told
            | {"decision": curation.of(identity).model_dump()}
            | {name: class_name(one.told[name]) for name in ("asked", "found")}
            for identity, one in self.exhibits.items()
        ]
        return {
            "title": self.gallery.title,
            "collections": [{"slug": one.slug, "many": one.many} for one in self.gallery.sections],
            "exhibits": exhibits,
            "exhibitions": [one.model_dump() for one in curation.exhibitions],
        }

    def decide(self, identity: str, changes: dict[str, Any]) -> dict[str, Any]:
        """Change what was decided of an exhibit; returns the decisions that are other than before, by id.

        One exhibit of a collection is pinned at most. Raises UsageError for what cannot be decided.
        """
        if identity not in self.exhibits:
            raise UsageError("there is no such exhibit.")
        with self._lock:
            curation = read_curation(self.gallery.folder)
            changed = {identity: _made(Decision, curation.of(identity).model_dump() | changes)}
            if changed[identity].pin:
                for other in self._beside(identity):
                    if curation.of(other).pin:
                        changed[other] = curation.of(other).model_copy(update={"pin": False})
            for one, decision in changed.items():
                curation = curation.with_decision(one, decision)
            self._write(curation)
        return {one: decision.model_dump() for one, decision in changed.items()}

    def hang(self, said: dict[str, Any]) -> list[dict[str, Any]]:
        """Write an exhibition, or take one down (``gone``); returns all of them."""
        with self._lock:
            curation = read_curation(self.gallery.folder)
            slug = said.get("slug") or _free(str(said.get("title", "")), curation)
            if said.get("gone"):
                curation = curation.with_exhibition(slug, None)
            else:
                curation = curation.with_exhibition(slug, _made(Exhibition, said | {"slug": slug}))
            self._write(curation)
        return [one.model_dump() for one in curation.exhibitions]

    def picture(self, identity: str, large: bool) -> tuple[bytes, str] | None:
        """A picture's bytes and media type; None where there is none."""
        one = self.exhibits.get(identity)
        if one is None or not one.keys:
            return None
        enough = [width for width in sorted(one.keys) if width >= SMALL]
        key = one.keys[max(one.keys) if large or not enough else enough[0]]
        try:
            return self._store.read(key), MIME[Path(key).suffix]
        except NonesuchError:
            return None

    @cached_property
    def _store(self) -> Store:
        return open_store(self.gallery.store.location, self.gallery.folder)

    def _beside(self, identity: str) -> list[str]:
        collection = self.exhibits[identity].told["collection"]
        return [
            other for other, one in self.exhibits.items() if one.told["collection"] == collection and other != identity
        ]

    def _write(self, curation: Curation) -> None:
        names = {id_: f"{one.told['collection']} {one.told['number']}" for id_, one in self.exhibits.items()}
        write_curation(self.gallery.folder, curation, names)


def _made(model: type[Model], values: dict[str, Any]) -> Model:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise UsageError(f"{sentences(error, model)[0]}.") from None


def _free(title: str, curation: Curation) -> str:
    """A slug for a new exhibition."""
    taken = {one.slug for one in curation.exhibitions}
    slug = slug_of(title, "exhibition")
    return next(
        name for name in (slug, *(f"{slug}-{number}" for number in range(2, len(taken) + 3))) if name not in taken
    )


class _Handler(OwnPage):
    server: Desk

    def do_GET(self) -> None:
        path = self.asked_for()
        if path is None:
            return
        kind, _, identity = path.partition("/")
        if path in PAGE:
            name = PAGE[path]
            self.answer((STATIC / name).read_bytes(), MIME[Path(name).suffix])
        elif path == "exhibits.json":
            self._try(self.server.told)
        elif kind in ("small", "large") and (found := self.server.picture(identity, kind == "large")):
            self.answer(*found)
        else:
            self.refuse(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        path = self.asked_for()
        if path is None:
            return
        said = self.said(LARGEST)
        if not isinstance(said, dict):
            self.refuse(HTTPStatus.BAD_REQUEST)
        elif path == "decide":
            self._try(lambda: self.server.decide(str(said.pop("id", "")), said))
        elif path == "hang":
            self._try(lambda: self.server.hang(said))
        elif path == "done":
            self.answer(b"{}", MIME[".json"])
            self.server.done.set()
        else:
            self.refuse(HTTPStatus.NOT_FOUND)

    def _try(self, make: Any) -> None:
        try:
            body = json.dumps(make(), ensure_ascii=False).encode()
        except NonesuchError as error:
            self.refuse(HTTPStatus.BAD_REQUEST, str(error))
        else:
            self.answer(body, MIME[".json"])
