"""Which one is real? A visitor would lose the game if the page gave the answer away, or told a wrong one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from browsing import MARKS, playwright, served, sound

from render.config import load_gallery
from render.provenance import CAPTURE, read_mark
from render.resources import resource
from render.training.real import ship_real
from render.weights import load_card, verify

pytestmark = MARKS


def test_the_real_pictures_are_credited_captures_of_the_test_fold() -> None:
    folder = resource("weights") / "galaxy-real"
    verify(folder)
    assert load_card(folder).training.folds == [1]
    for picture in folder.glob("*.png"):
        mark = read_mark(picture.read_bytes())
        assert mark is not None
        assert mark.source_type == CAPTURE
        assert "SDSS" in mark.credit


def test_the_answer_is_told_after_the_guess_and_counted_here(browser: Any, public: Path) -> None:
    listed = json.loads((public / "data/galaxies/guess.json").read_text(encoding="utf-8"))
    real = {one["jpg"] for one in listed} | {one["avif"] for one in listed}
    for path in real:
        mark = read_mark((public / path).read_bytes())
        assert mark is not None
        assert mark.source_type == CAPTURE
    with served(public) as address, sound(browser) as page:
        page.goto(f"{address}galaxies/guess/")
        ones = page.locator("[data-one]")
        playwright.expect(ones.first).to_be_visible(timeout=30_000)
        playwright.expect(page.locator("[data-one] img").nth(1)).to_have_js_property(
            "naturalWidth", 384, timeout=30_000
        )
        assert "PGC" not in page.locator("main").inner_text()
        assert "NONESUCH" not in page.locator("main").inner_text()
        shown = [one.evaluate("(image) => image.currentSrc") for one in page.locator("[data-one] img").all()]
        sides = [src.removeprefix(address) in real for src in shown]
        assert sorted(sides) == [False, True]
        assert len({src.rpartition(".")[2] for src in shown}) == 1  # the codec does not tell
        ones.nth(sides.index(True)).click()
        playwright.expect(page.locator("[data-answer]")).to_contain_text("Right")
        playwright.expect(page.locator("[data-score]")).to_contain_text("right 1 of 1 times")
        playwright.expect(page.locator("[data-credit]")).to_contain_text("SDSS")
        assert "#evidence" in str(page.locator("[data-evidence]").get_attribute("href"))
        page.locator("[data-next]").click()
        playwright.expect(page.locator("[data-told]")).to_be_hidden()
        page.reload()  # the score stays in this browser
        playwright.expect(page.locator("[data-score]")).to_contain_text("right 1 of 1 times", timeout=30_000)


def test_no_other_pictures_take_part(tmp_path: Path) -> None:
    """A gallery that asks for none has no such page; nor has one whose network draws at another size."""
    from render.bake.guess import Guess
    from render.bake.source import Tally

    lines = ["[gallery]", 'title = "g"', "[[collection]]", 'slug = "galaxies"', 'title = "galaxy"', "count = 9"]
    text = "\n".join([*lines, 'weights = "galaxy-96"', ""])
    (tmp_path / "gallery.toml").write_text(text, encoding="utf-8")
    gallery = load_gallery(tmp_path)
    [collection] = gallery.collections
    card, tally = load_card(resource("weights") / "galaxy-96"), Tally(9, 9, [], {})
    assert Guess(gallery, collection, card, tally).open
    assert not Guess(gallery, collection, card.model_copy(update={"size": 64}), tally).open
    none = gallery.model_copy(update={"bake": gallery.bake.model_copy(update={"real": ""})})
    assert not Guess(none, collection, card, tally).open


def test_new_ones_are_chosen_from_the_test_fold_by_name_alone(tmp_path: Path) -> None:
    import numpy as np

    from render.display import DisplayMapping
    from render.errors import NonesuchError

    prepared = tmp_path / "set"
    prepared.mkdir()
    np.save(prepared / "images.npy", np.random.default_rng(0).integers(0, 255, (8, 16, 16, 3), dtype=np.uint8))
    rows = [f"a/{i}.png,{'spiral_mid' if i % 2 else 'irregular'},{1 if i < 5 else 3},SDSS,CC-BY" for i in range(8)]
    (prepared / "index.csv").write_text(
        "\n".join(["file,label,fold,attribution,licence", *rows]) + "\n", encoding="utf-8"
    )
    card = ship_real(prepared, tmp_path / "real", 4, DisplayMapping())
    assert card.training.folds == [1]
    assert card.training.pictures == len(list((tmp_path / "real").glob("*.png"))) == 4
    listed = (tmp_path / "real/pictures.toml").read_text(encoding="utf-8")
    assert not any(f"a/{i}.png" in listed for i in range(5, 8))
    with pytest.raises(NonesuchError, match="has 5 labelled pictures in its test fold, not 6"):
        ship_real(prepared, tmp_path / "more", 6, DisplayMapping())
