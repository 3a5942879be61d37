"""Path and morphology of a galaxy: a number without its uncertainty, or beside the wrong others, would mislead."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import synthetic
import torch

from render.bake import bake
from render.catalogue import FILE, Catalogue
from render.classify.classes import CLASS_OF_STAGE, CLASSES, STAGES
from render.classify.morphology import NOTHING, PERCENT, Morphology, morphology, quantiles
from render.classify.path import NODES, featured, stage_probabilities
from render.config import load_gallery
from render.display import DisplayMapping
from render.galaxy10 import GALAXY10, Cuts, Shown, galaxy10
from render.training.classifier_figures import confusion, precisions, reliability
from render.training.classifier_galaxy10 import cuts_and_figures
from render.training.classifier_path import Answers, fit_path, path_figures
from render.weights import Card, save_card

MAPPING = DisplayMapping()


def answers(count: int, seed: int) -> Answers:
    """An ensemble that is as far from the experts as a normal error of 0.1 is, and whose stages are twice too sure."""
    random = torch.Generator().manual_seed(seed)
    logits = torch.randn(count, len(STAGES), generator=random) * 2
    truth = torch.multinomial(logits.softmax(1), 1, generator=random)[:, 0]
    classes = stage_sums(logits.softmax(1))
    wanted = torch.rand(count, 13, generator=random)
    heads = (wanted + 0.1 * torch.randn(count, 13, generator=random)).expand(3, -1, -1)
    return Answers(classes, 2 * logits, heads, torch.eye(len(STAGES))[truth], wanted)


def stage_sums(stages: torch.Tensor) -> torch.Tensor:
    of = torch.tensor(CLASS_OF_STAGE)
    return torch.stack([stages[:, of == c].sum(1) for c in range(len(CLASSES))], dim=1)


def test_stages_share_the_probability_of_their_class() -> None:
    classes = torch.rand(5, 7)
    classes /= classes.sum(1, keepdim=True)
    over = stage_probabilities(classes, torch.randn(5, 18), 1.3)
    assert torch.allclose(stage_sums(over), classes, atol=1e-6)
    smooth = classes[:, CLASSES.index("elliptical")] + classes[:, CLASSES.index("lenticular")]
    assert torch.allclose(1 - featured(over), smooth + classes[:, CLASSES.index("dwarf_elliptical")], atol=1e-6)


def test_uncertainties_hold_what_they_promise() -> None:
    calibration = fit_path(answers(1500, 0))
    assert calibration.temperature == pytest.approx(2, rel=0.15)
    told = path_figures(answers(1500, 1), calibration)
    for name in NODES:
        assert told["steps"][name]["within_one"] == pytest.approx(0.683, abs=0.04)  # a normal error; 0.012 is chance
        assert told["steps"][name]["within_two"] == pytest.approx(0.954, abs=0.02)
    assert told["stages"]["log_loss"] < told["stages"]["log_loss_of_shares"]
    assert told["stages"]["middle_80_holds"] > 0.78
    assert told["featured"]["brier"] < told["featured"]["brier_of_share"]


def test_precision_and_reliability_are_what_their_names_say() -> None:
    table = confusion(np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]), 2)
    assert precisions(table).tolist() == pytest.approx([1, 0.5])
    sure = np.array([[0.8, 0.2]] * 10 + [[0.0, 1.0]] * 5)
    assert reliability(sure, np.array([0] * 6 + [1] * 4 + [1] * 5)) == [
        {"said": 0.8, "right": 0.6, "n": 10},
        {"said": 1.0, "right": 1.0, "n": 5},
    ]


CUTS = Cuts(edge_on=0.5, bulge=0.2, arms=0.2, bar=0.4, stage=3.0, round=0.8, cigar=0.4)
FLAT = Shown(featured=True, edge_on=0.1, bulge=0.3, arms=0.6, bar=0.1, stage=5.0, axis_ratio=0.7)


def test_what_our_answers_cannot_tell_gets_no_word_of_galaxy10() -> None:
    words = {
        "unbarred_loose_spiral": FLAT,
        "unbarred_tight_spiral": replace(FLAT, stage=2.0),
        "barred_spiral": replace(FLAT, bar=0.5),
        "edge_on_with_bulge": replace(FLAT, edge_on=0.6),
        "edge_on_without_bulge": replace(FLAT, edge_on=0.6, bulge=0.1),
        "round_smooth": replace(FLAT, featured=False, axis_ratio=0.9),
        "in_between_round_smooth": replace(FLAT, featured=False),
        "cigar_shaped_smooth": replace(FLAT, featured=False, axis_ratio=0.3),
    }
    assert {name: galaxy10(shown, CUTS) for name, shown in words.items()} == {name: name for name in words}
    assert set(GALAXY10) - set(words) == {"disturbed", "merging"}
    assert galaxy10(replace(FLAT, arms=0.1), CUTS) is None, "a disc without arms is none of its spirals"
    assert galaxy10(replace(FLAT, featured=False, axis_ratio=None), CUTS) is None, "nothing was measured"


def test_cuts_lie_between_what_the_experts_part() -> None:
    told = []
    for seed in range(2):
        random = answers(1500, seed)
        wanted = (4 * random.wanted).round() / 4  # the experts' steps
        wanted[:, 5] = torch.where(wanted[:, 1] >= 0.5, torch.tensor(-1.0), wanted[:, 5])  # no arms are seen edge-on
        heads = (wanted + 0.05 * torch.randn(wanted.shape, generator=torch.Generator().manual_seed(seed))).expand(
            3, -1, -1
        )
        ratios: list[float | None] = (1.02 - 0.9 * wanted[:, 10]).tolist()
        ratios[0] = None
        told.append((replace(random, wanted=wanted, heads=heads), ratios))
    cuts, figures = cuts_and_figures(told[0], told[1], fit_path(told[0][0]))
    assert 0.25 < cuts.edge_on < 0.5
    assert 0 < cuts.bulge < 0.25
    assert 0.25 < cuts.bar < 0.5
    assert 0.345 < cuts.cigar < 0.57
    assert 0.795 < cuts.round < 1.02
    assert figures["named"] < 1
    assert figures["recall"]["edge_on_with_bulge"]["recall"] > 0.8  # a random tenth or so is no disc to the stages
    assert "merging" not in figures["recall"]


def disc(tilt: float, scale: float = 0.12, size: int = 96) -> np.ndarray:
    """An exponential disc of axis ratio 0.5 in data space, its long axis `tilt` degrees counter-clockwise."""
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    a = np.radians(tilt)
    along, across = x * np.cos(a) - y * np.sin(a), x * np.sin(a) + y * np.cos(a)
    light = np.exp(-np.hypot(along, across / 0.5) / scale) + np.random.default_rng(0).normal(0, 0.003, (3, size, size))
    return MAPPING.from_linear(light.astype(np.float32))


def test_a_disc_is_measured_as_one() -> None:
    pytest.importorskip("statmorph", reason="statmorph is not installed (extra morphology)")
    found = morphology(disc(30.0), MAPPING)
    assert found.flag == 0
    assert found.sersic_index == pytest.approx(1, abs=0.1)
    assert found.half_light_px == pytest.approx(1.678 * 0.12 * 48, rel=0.1)  # 1.678 scale lengths; 48 px are 1
    assert found.orientation_deg == pytest.approx(30, abs=3)
    assert abs(found.asymmetry or 0) < 0.05
    sky = MAPPING.from_linear(np.random.default_rng(1).normal(0, 0.003, (3, 96, 96)).astype(np.float32))
    assert morphology(sky, MAPPING) == NOTHING


def test_bad_flags_enter_no_distribution() -> None:
    good = [Morphology(0, 2, gini=0.4 + 0.001 * i) for i in range(40)]
    told = quantiles([*good, Morphology(2, 0, gini=9.0)])
    assert (told["pictures"], told["n"]) == (41, 40)
    assert told["gini"]["95"] < 0.45
    assert "sersic_index" not in told


BAND = {str(p): 0.2 + p / 500 for p in PERCENT}
TEST = {
    "seven": {
        "pictures": 40,
        "accuracy": 0.8,
        "recall": {"elliptical": {"recall": 0.9, "n": 12}},
        "precision": {"elliptical": {"precision": 0.75, "n": 16}, "irregular": {"precision": 1.0, "n": 3}},
        "reliability": [{"said": 0.55, "right": 0.5, "n": 10}, {"said": 0.95, "right": 0.97, "n": 30}],
    },
    "path": {
        "stages": {"n": 40, "accepted": 0.61},
        "steps": {"bar": {"rank_correlation": 0.7}, "dust": {"rank_correlation": 0.2}},
    },
    "galaxy10": {"n": 40, "accuracy": 0.7},
}


def test_pages_show_what_a_class_and_a_number_are_worth(tmp_path: Path) -> None:
    made = synthetic.gallery(tmp_path / "gallery", 3)
    (made.folder / "c").mkdir()
    quality = {"test": TEST, "morphology": {"size": 96, "pictures": 60, "n": 50, "gini": BAND, "m20": BAND}}
    card = Card(name="c", family="classifier", size=64, classes=list(CLASSES), quality=quality)
    save_card(made.folder / "c", card.model_copy(update={"network": {"galaxy10": CUTS.as_card()}}))
    settings = made.folder / "gallery.toml"
    settings.write_text(settings.read_text() + '[classify]\nweights = "./c"\n')
    picture = synthetic.pictures(made.folder / "store", [synthetic.spiral(1)], widths=(48, 96))[0]
    classes = {"probabilities": {"elliptical": 0.7, "irregular": 0.3}, "featured": 0.3}
    classes |= {"stages": {str(t): float(t == -5) for t in STAGES}, "path": {"bar": [0.25, 0.1], "dust": [0.5, 0.2]}}
    whole = {name: [0.5, 0.1] for name in NODES}
    flags = ({"flag": 0, "gini": 0.3, "sersic_index": 2.0}, {"flag": 2}, {"flag": 1, "m20": -1.5, "size": 96})
    flags += ({"flag": 0, "gini": 0.3, "size": 256},)
    with Catalogue(made.folder / FILE, write=True) as catalogue:
        for number, measured in enumerate(flags, 1):
            seen = classes | ({"featured": 0.9, "path": whole} if number == 2 else {})
            exhibit = synthetic.exhibit(number, picture, classes=seen | {"morphology": measured})
            catalogue.rendered(exhibit, picture.media)
    bake(load_gallery(made.folder), site=synthetic.built_site(tmp_path / "site"))
    about = (made.public / "about/index.html").read_text(encoding="utf-8")
    row = about[about.index('<th scope="row">elliptical</th>') :].split("</tr>")[0]
    assert [part.split("<")[0] for part in row.split('number">')[1:]] == ["75\u202f%", "16", "90\u202f%", "12"]
    assert 'aria-label="said 55\u202f%, right 50\u202f% of 10; said 95\u202f%, right 97\u202f% of 30"' in about
    pages = [(made.public / f"galaxies/{number}.html").read_text(encoding="utf-8") for number in (1, 2, 3, 4)]
    assert "nine in ten of 50" not in pages[3], "measured at another size than the real ones"
    assert "Probabilities, calibrated on real galaxies" in pages[0]
    assert 'Bar</dt><dd><span class="number">0.25 ± 0.10' in pages[0]
    assert "Dust</dt>" not in pages[0], "what was not learned well enough is not shown"
    assert "Hubble stage: E &gt; 99\u202f%" in pages[0] or "Hubble stage: E > 99\u202f%" in pages[0]
    assert "nine in ten of 50 real galaxies" in pages[0]
    assert "Gini</dt>" in pages[0]
    assert "Sérsic" not in pages[0], "a value without real ones beside it says nothing"
    assert "marks its own measurement of this picture as bad (flag 2)" in pages[1]
    assert "marks this measurement as suspect" in pages[2]
    assert "\u22121.50" in pages[2]
    assert "In the words of Galaxy10 DECaLS: Edge-on with Bulge." in pages[1]
    assert "never compared with that set" in pages[1]
    assert "Galaxy10" not in pages[0], "without all the answers there is no word"
    records = [json.loads((made.public / f"api/v1/galaxies/{number}.json").read_text()) for number in (1, 2)]
    assert "galaxy10" not in records[0]
    assert records[1]["galaxy10"] == {"name": "edge_on_with_bulge", "derived": True}
