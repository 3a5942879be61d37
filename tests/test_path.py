"""Path and morphology of a galaxy: a number without its uncertainty, or beside the wrong others, would mislead."""

from __future__ import annotations

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
from render.training.classifier_figures import confusion, precisions, reliability
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
}


def test_pages_show_what_a_class_and_a_number_are_worth(tmp_path: Path) -> None:
    made = synthetic.gallery(tmp_path / "gallery", 3)
    (made.folder / "c").mkdir()
    quality = {"test": TEST, "morphology": {"size": 96, "pictures": 60, "n": 50, "gini": BAND, "m20": BAND}}
    save_card(made.folder / "c", Card(name="c", family="classifier", size=64, classes=list(CLASSES), quality=quality))
    settings = made.folder / "gallery.toml"
    settings.write_text(settings.read_text() + '[classify]\nweights = "./c"\n')
    picture = synthetic.pictures(made.folder / "store", [synthetic.spiral(1)], widths=(48, 96))[0]
    classes = {"probabilities": {"elliptical": 0.7, "irregular": 0.3}, "featured": 0.3}
    classes |= {"stages": {str(t): float(t == -5) for t in STAGES}, "path": {"bar": [0.25, 0.1], "dust": [0.5, 0.2]}}
    flags = ({"flag": 0, "gini": 0.3, "sersic_index": 2.0}, {"flag": 2}, {"flag": 1, "m20": -1.5})
    with Catalogue(made.folder / FILE, write=True) as catalogue:
        for number, measured in enumerate(flags, 1):
            exhibit = synthetic.exhibit(number, picture, classes=classes | {"morphology": measured})
            catalogue.rendered(exhibit, picture.media)
    bake(load_gallery(made.folder), site=synthetic.built_site(tmp_path / "site"))
    about = (made.public / "about/index.html").read_text(encoding="utf-8")
    row = about[about.index('<th scope="row">elliptical</th>') :].split("</tr>")[0]
    assert [part.split("<")[0] for part in row.split('number">')[1:]] == ["75\u202f%", "16", "90\u202f%", "12"]
    assert 'aria-label="said 55\u202f%, right 50\u202f% of 10; said 95\u202f%, right 97\u202f% of 30"' in about
    pages = [(made.public / f"galaxies/{number}.html").read_text(encoding="utf-8") for number in (1, 2, 3)]
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
