"""Who may judge what: evidence or classes from a network that never knew the pictures would be claims about nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import synthetic

from render.bake import bake
from render.catalogue import FILE, Catalogue
from render.config import load_gallery
from render.resources import resource
from render.training.dataset import TrainingSet
from render.weights import load_card, save_card, shipped_weights, unfit

WEIGHTS = resource("weights")


@pytest.mark.parametrize("judge", ["galaxy-classifier", "galaxy-copydetector"])
def test_what_ships_judges_what_ships(judge: str) -> None:
    assert judge in shipped_weights()
    assert unfit(load_card(WEIGHTS / judge), load_card(WEIGHTS / "galaxy-96")) is None


def test_a_generator_of_other_pictures_is_not_compared_with_ours() -> None:
    galaxies, detector = load_card(WEIGHTS / "galaxy-96"), load_card(WEIGHTS / "galaxy-copydetector")
    for theirs in ("", "0" * 64):
        training = galaxies.training.model_copy(update={"pictures_sha256": theirs})
        mine = galaxies.model_copy(update={"name": "mine", "training": training})
        assert "nonesuch train copydetector" in str(unfit(detector, mine))


def test_a_classifier_that_does_not_know_the_classes_says_nothing() -> None:
    galaxies, classifier = load_card(WEIGHTS / "galaxy-96"), load_card(WEIGHTS / "galaxy-classifier")
    for classes in (["sauropod"], []):
        assert "other classes" in str(unfit(classifier, galaxies.model_copy(update={"classes": classes})))


def test_a_set_is_known_by_what_may_be_trained_on(tmp_path: Path) -> None:
    rows = [{"file": f"{i}.png", "fold": str(i)} for i in range(6)]
    images = np.arange(6 * 4 * 4 * 3, dtype=np.uint8).reshape(6, 4, 4, 3)
    one = TrainingSet(tmp_path, images, rows).identity()
    assert TrainingSet(tmp_path / "elsewhere", images.copy(), rows).identity() == one
    for index, same in ((1, True), (3, False)):  # fold 1 is never trained on
        other = images.copy()
        other[index, 0, 0, 0] ^= 1
        assert (TrainingSet(tmp_path, other, rows).identity() == one) is same


COLLECTIONS = """
[gallery]
title = "nonesuch"
[[collection]]
slug = "galaxies"
title = "galaxy"
plural = "galaxies"
weights = "galaxy-96"
count = 5
[[collection]]
slug = "more"
title = "galaxy"
plural = "galaxies"
weights = "./clouds"
count = 5
[[collection]]
slug = "clouds"
title = "cloud <one>"
weights = "./clouds"
count = 5
"""


def test_the_about_page_claims_no_judgement_of_what_a_judge_does_not_know(tmp_path: Path) -> None:
    """With several collections, a visitor would read that every picture was compared, and some never were."""
    galaxies = load_card(WEIGHTS / "galaxy-96")
    training = galaxies.training.model_copy(update={"pictures_sha256": ""})
    (tmp_path / "clouds").mkdir()
    for several in (False, True):
        text = COLLECTIONS if several else COLLECTIONS.replace("./clouds", "galaxy-96")
        (tmp_path / "gallery.toml").write_text(text)
        save_card(tmp_path / "clouds", galaxies.model_copy(update={"classes": [], "training": training}))
        Catalogue(tmp_path / FILE, write=True).close()
        bake(load_gallery(tmp_path), site=synthetic.built_site(tmp_path / "site"))
        about = (tmp_path / "public/about/index.html").read_text()
        assert ("compares every picture" in about) is not several
        for end in ("for it does not know what they were made from", "for it does not know their classes"):
            assert (f"It says nothing about galaxies (more), cloud &lt;one&gt;s, {end}" in about) is several
