"""A site that keeps to a size."""

from __future__ import annotations

from pathlib import Path

import pytest
import synthetic
from baked import built, contents, make

from render.bake import BakeReport
from render.captions.facts import facts
from render.catalogue import FILE, Catalogue
from render.config import load_gallery
from render.errors import NonesuchError
from render.validate import validate

COUNT = 20  # each budget takes up to six bakes


def test_a_budget_is_kept_by_leaving_out_what_is_missed_least(
    tmp_path: Path, parts: tuple[Path, list[synthetic.Picture]]
) -> None:
    """Hosts refuse what is too large, and nobody should have to find out by hand what to leave out."""
    gallery = make(tmp_path / "g", parts, COUNT)

    def baked_within(budget: str) -> BakeReport:
        text = (gallery.folder / "gallery.toml").read_text(encoding="utf-8").partition("[bake]")[0]
        (gallery.folder / "gallery.toml").write_text(f"{text}[bake]\n{budget}\n", encoding="utf-8")
        return built(load_gallery(gallery.folder))

    def weight() -> tuple[int, int]:
        files = [path for path in gallery.public.rglob("*") if path.is_file()]
        return len(files), sum(path.stat().st_size for path in files)

    with Catalogue(gallery.folder / FILE, write=True) as catalogue:
        known = catalogue.numbered("galaxies", COUNT)
        assert known is not None
        catalogue.captioned(known.id, {"title": "One", "caption": "Two.", "facts": [next(iter(facts()))]})
    assert not baked_within("").chosen
    assert 'class="fine references"' in (gallery.public / "galaxies/20.html").read_text(encoding="utf-8")
    files, size = weight()
    assert not baked_within(f"max_files = {files}\nmax_size = '{-(-size // 1000)} kB'").chosen, "all of it fits"
    assert weight() == (files, size)
    report = baked_within(f"max_files = {files - 1}")
    assert report.chosen == f"to keep to {files - 1} files, the site does without GIFs of walks"
    assert weight()[0] == files - 2
    assert not list(gallery.public.rglob("*.gif"))
    report = baked_within(f"max_files = {files - 4}")
    assert "pictures wider than 48 pixels" in report.chosen
    assert "api" in {path.name for path in gallery.public.iterdir()}
    assert "96w" not in (gallery.public / "galaxies/1.html").read_text(encoding="utf-8")
    report = baked_within(f"max_files = {files - 30}")
    assert report.chosen.endswith("and the API with its numbered pictures")
    assert weight()[0] <= files - 30
    report = baked_within(f"max_files = {weight()[0] - 10}")
    assert report.chosen.endswith("and a page for each exhibit (a hundred share one)")
    least = weight()
    shared = (gallery.public / "galaxies/1-100.html").read_text(encoding="utf-8")
    assert shared.count("<article") == COUNT
    assert 'class="fine references"' in shared.partition('id="n20"')[2]
    assert "../galaxies/1-100.html#n2" in (gallery.public / "galaxies/gallery/index.html").read_text(encoding="utf-8")
    assert 'data-shared="100"' in (gallery.public / "404.html").read_text(encoding="utf-8")
    assert not validate(gallery.public)[1]
    before = contents(gallery.public)
    with pytest.raises(NonesuchError, match=rf"bake.max_files = 50 \({least[0]} is the least\)"):
        baked_within("max_files = 50")
    assert contents(gallery.public) == before, "nothing was changed"
    assert not baked_within(f"max_files = {files}").chosen, "with more room all is there again"
    assert weight() == (files, size)
