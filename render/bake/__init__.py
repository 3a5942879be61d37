"""Catalogue and templates become ``public/``, a folder that any web server can show.

Deterministic: the same catalogue gives the same bytes. Nothing here opens the network or imports torch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from render.bake.about import Cards
from render.bake.api import offer_site_record
from render.bake.budget import Budget, Choice, Over, Weight
from render.bake.chrome import Assets, Chrome, code_key, home_of
from render.bake.draw import MODELS, RUNTIME, Studio
from render.bake.exhibitions import Exhibitions, exhibitions_of
from render.bake.guess import real_key
from render.bake.lab import FOLDER as LAB
from render.bake.lab import Laboratory
from render.bake.looked import look
from render.bake.media import Media
from render.bake.offline import WORKER, offer_offline
from render.bake.outputs import MEDIA, Outputs, digest
from render.bake.pages import Pages
from render.bake.parts import Bench, Part, listed, parts_of
from render.bake.places import EXHIBITIONS, SEARCH
from render.bake.press import Press
from render.bake.prose import FOLDER as OWN
from render.bake.prose import Prose
from render.bake.redirects import offer_redirects
from render.bake.root import offer_about, offer_assets, offer_missing, offer_plain
from render.bake.search import offer_search, offer_search_page
from render.bake.source import Source
from render.bake.stored import linked, reading
from render.bake.theme import FOLDER, Theme
from render.bake.tongue import speaking, spoken, words_key
from render.bake.walks import offer_walks
from render.catalogue import FILE, Catalogue
from render.config import Gallery, read_curation, read_lock
from render.resources import resource
from render.still import state_of

__all__ = ["BakeReport", "bake"]

Advance = Callable[[int], None]
"""Called with how many more exhibits have their pages."""


@contextmanager
def unseen(total: int) -> Iterator[Advance]:
    """Where nobody looks on."""
    yield lambda exhibits: None


@dataclass(frozen=True)
class BakeReport:
    """What a bake did. Paths are relative to ``public/``; of very many, only the first are named (`files.NAMED`).

    files: how many were written; gone: how many were removed.
    """

    written: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    files: int = 0
    gone: int = 0
    kept: int = 0
    media: int = 0  # media files that were added
    seconds: float = 0.0
    chosen: str = ""  # what was left out to keep to a budget

    @property
    def changed(self) -> bool:
        """Whether anything in ``public/`` is other than before."""
        return bool(self.files or self.gone or self.media)


def bake(
    gallery: Gallery,
    folder: Path | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
    templates: Path | None = None,
    site: Path | None = None,
    bar: Callable[[int], AbstractContextManager[Advance]] = unseen,
    edition: Path | None = None,
) -> BakeReport:
    """Bring ``public/`` up to the catalogue's state and say what changed.

    `folder` is the gallery's folder where it is not the one that ``gallery.toml`` lies in; `templates` and `site` stand
    in for the shipped ones. `bar` is given the number of exhibits, once there is something to do for them. `edition` is
    a folder for a site that is read from a disk, without a server: no script, every link names a file. Only one bake of
    a gallery may run at a time: the caller holds the gallery's lock.
    """
    started = clock()
    state = (folder or gallery.folder) / ".nonesuch"
    budget = Budget(gallery, state)
    if edition is not None or budget.unlimited:
        return _bake(gallery, folder, Choice(), None, clock, templates, site, bar, edition)
    with Catalogue((folder or gallery.folder) / FILE) as catalogue:
        place = budget.look(Source(catalogue.db))
    for at, choice in enumerate(budget.choices[place:], place):
        try:
            report = _bake(gallery, folder, choice, budget, clock, templates, site, bar, None)
        except Over as over:
            least = over.weight
            continue
        budget.remember(at)
        return replace(report, chosen=budget.told(choice), seconds=clock() - started)
    raise budget.refusal(least)


def _bake(
    asked: Gallery,
    folder: Path | None,
    choice: Choice,
    budget: Budget | None,
    clock: Callable[[], float],
    templates: Path | None,
    site: Path | None,
    bar: Callable[[int], AbstractContextManager[Advance]],
    edition: Path | None,
) -> BakeReport:
    """`bake`, in one way. Raises Over, with nothing changed, where the site is heavier than the budget."""
    started = clock()
    gallery = choice.of(asked)
    home = folder or asked.folder
    looked = look(asked, home) if (folder, templates, site, edition) == (None, None, None, None) else {}
    theme = Theme(home / FOLDER)
    own = theme.folder if theme.templates else None
    pages = Pages(templates or resource("templates"), own, from_disk=edition is not None)
    assets = Assets(site or resource("site"), theme.style, scripts=edition is None)
    public, state = edition or home / "public", home / ".nonesuch" / ("edition" if edition else "")
    cards = Cards(gallery)
    prose, curation = Prose(home / OWN), read_curation(home)
    upgraded = sorted(read_lock(home).first)
    laboratory = Laboratory(gallery, home)
    with (
        Catalogue(home / FILE) as catalogue,
        ExitStack() as stack,
        Press(pages) as press,
        Outputs(public, state, press) as out,
    ):
        looks = (pages.everything(), assets.key, theme.key, *(words_key(one) for one in gallery.about.languages))
        studios = (Studio(gallery, one, assets).key for one in gallery.sections)
        decided = (repr(choice), prose.key, repr(curation), repr(upgraded), real_key(gallery), laboratory.key)
        inputs = digest(_data(home / FILE), code_key(), *looks, cards.key, repr(gallery), *decided, *studios)
        media = Media(public / MEDIA, linked(gallery, home), on_trial=budget is not None)
        if out.untouched(inputs):
            out.look_again(looked)
            return BakeReport(kept=out.kept, seconds=clock() - started)
        first, *others = gallery.about.languages
        here = gallery.store.media_url is None
        source = Source(catalogue.db, curation, upgraded, choice.cut)
        exhibitions = Exhibitions(exhibitions_of(gallery, source))
        stack.enter_context(speaking(first, sheets=choice.sheets))
        bench = Bench(gallery, source, out, pages, assets, cards, prose, laboratory)
        parts = parts_of(bench, exhibitions)
        with bar(sum(part.exhibits for part in parts)) as advance:
            media.publish(source.media_keys() if here else ())
            offer_assets(assets, out, (WORKER, *(() if any(part.rooms.studio.open for part in parts) else RUNTIME)))
            theme.offer(out)
            for part in parts:
                part.pages.offer(advance, part.followers)
                offer_walks(part.walks, gallery, out, pages, part.chrome)
                part.rooms.offer(out, pages, part.chrome, reading(gallery, home))
                _redirect(part, out, pages)
                advance(len(part.walks))
            exhibitions.offer(out, pages, parts[0].chrome, prose)
            prose.offer(out, pages, parts[0].chrome)
            laboratory.offer(out, pages, parts[0].chrome)
            offer_offline(gallery.bake.offline, gallery.about.base, assets, out, pages, parts[0].chrome)
            offer_search(gallery, source, home / ".nonesuch", out, pages, parts[0].chrome)
            pages_there = [*listed(parts, exhibitions), *(page.href for page in prose.pages)]
            for language in others:
                with speaking(language, retold=True, sheets=choice.sheets):
                    pages_there += _translate(bench)
            _offer_rest(bench, parts, pages_there)
            owned = ["about", "api", "assets", "data", EXHIBITIONS.rstrip("/"), FOLDER, LAB, MODELS, OWN]
            owned += [SEARCH.rstrip("/"), *others]
            owned += [slug for part in parts for slug in (part.pages.slug, *part.formerly)]
            if budget is not None:
                whole = Weight(*out.weigh()) + (Weight(*source.media_weight()) if here else Weight())
                if not budget.fits(whole):
                    media.retract()
                    raise Over(whole)
            out.finish(owned=owned)
            swept = media.sweep()
            out.note(inputs, str(gallery.file) if looked else "", looked)
    return BakeReport(
        written=out.written.names,
        removed=[*out.removed.names, *(f"{MEDIA}/{name}" for name in swept)],
        files=out.written.count,
        gone=out.removed.count + len(swept),
        kept=out.kept,
        media=media.added,
        seconds=clock() - started,
    )


def _redirect(part: Part, out: Outputs, pages: Pages) -> None:
    for former in part.formerly:
        offer_redirects(former, part.chrome, out, pages)


def _translate(bench: Bench) -> list[str]:
    """The same pages in the language that is spoken; the maker's own, the lab and what programs read are shared.

    Returns their addresses, for the sitemap.
    """
    gallery, out, pages = bench.gallery, bench.out, bench.pages
    exhibitions = Exhibitions(exhibitions_of(gallery, bench.source), home_of(spoken(), gallery))
    parts = parts_of(bench, exhibitions)
    for part in parts:
        part.pages.offer(lambda exhibits: None, part.followers)
        offer_walks(part.walks, gallery, out, pages, part.chrome)
        part.rooms.offer(out, pages, part.chrome, reading(gallery, out.public.parent))
        _redirect(part, out, pages)
    chrome = parts[0].chrome
    exhibitions.offer(out, pages, chrome, bench.prose)
    _offer_about(bench, chrome)
    if gallery.bake.search:
        offer_search_page(gallery, out, pages, chrome)
    return listed(parts, exhibitions)


def _data(catalogue: Path) -> str:
    """Which state of the catalogue this is, without reading it: every commit changes the file or its log. An empty log
    is that of a writer who has written nothing yet.
    """
    log = state_of(f"{catalogue}-wal")
    return repr((state_of(str(catalogue)), log if log.size > 0 else None))


def _offer_about(bench: Bench, chrome: Chrome) -> None:
    gallery, source = bench.gallery, bench.source
    whole = {one.slug: source.figures(one.slug) for one in gallery.collections}
    offer_about(gallery, bench.cards, source.authentic(), whole, bench.out, bench.pages, chrome)


def _offer_rest(bench: Bench, parts: list[Part], there: list[str]) -> None:
    """The files that belong to no collection."""
    gallery, out, chrome = bench.gallery, bench.out, parts[0].chrome
    _offer_about(bench, chrome)
    offer_missing(gallery, parts[0].pages.first, out, bench.pages, chrome)
    languages = gallery.about.languages
    tallies = {part.pages.slug: part.pages.tally for part in parts}
    drawn = [
        f"{home_of(one, gallery)}{part.pages.slug}" for part in parts if part.rooms.studio.open for one in languages
    ]
    offer_plain(gallery, chrome, tallies, out, drawn, there)
    if gallery.bake.api:
        offer_site_record(chrome.site, tallies, out)
