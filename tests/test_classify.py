"""Classes, attributes and measurements: what the site says of an exhibit must be true of its pixels."""

from __future__ import annotations

import csv
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from render.classify import CLASSES, Classifier, measure
from render.classify.classes import CLASS_OF_STAGE, FOUR_OF_CLASS, STAGES
from render.classify.classifier import packed
from render.classify.loading import load_classifier
from render.classify.network import ClassifierNetwork, ClassifierSettings
from render.cli import cli
from render.display import DisplayMapping
from render.errors import NonesuchError
from render.resources import resource
from render.training.classifier import cross_validate, fold_groups, train_classifier
from render.training.classifier_figures import (
    accuracy,
    balanced_accuracy,
    calibration_error,
    confusion,
    range_figures,
    recalls,
)
from render.training.classifier_member import ClassifierTraining, LabelledPictures, soft_stage, train_member
from render.training.dataset import TrainingSet
from render.training.plain_classifier import train_plain
from render.weights import Card, save_card

MAPPING = DisplayMapping()
SHIPPED = "galaxy-classifier"


# --- measurements


def galaxy(
    axis_ratio: float = 0.6,
    angle: float = 30.0,
    scale: float = 7.0,
    size: int = 96,
    colour: tuple[float, float, float] = (1.0, 0.8, 0.6),
    noise: float = 0.004,
    star: tuple[float, float] | None = None,
) -> npt.NDArray[np.float32]:
    """An exponential disc on a noisy sky in data space, (3, size, size); angle counter-clockwise, in degrees."""
    y, x = np.indices((size, size), dtype=float)
    x, y = x - size / 2, size / 2 - y
    turn = np.radians(angle)
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    light = 0.7 * np.exp(-np.hypot(along, across / axis_ratio) / scale)
    linear = np.stack([light * c for c in colour])
    if star is not None:
        linear += 0.8 * np.exp(-((x - star[0]) ** 2 + (y - star[1]) ** 2) / (2 * 1.5**2))
    linear += np.random.default_rng(0).normal(0, noise, linear.shape)
    return MAPPING.from_linear(linear.astype(np.float32))


@pytest.mark.parametrize("axis_ratio", [0.25, 0.5, 0.75, 1.0])
@pytest.mark.parametrize("angle", [0.0, 35.0, 90.0, 160.0])
def test_the_tilt_that_a_caption_tells_is_the_tilt_of_the_pixels(axis_ratio: float, angle: float) -> None:
    found = measure(galaxy(axis_ratio, angle), MAPPING)
    assert found.axis_ratio == pytest.approx(axis_ratio, abs=0.06)  # outlines are cut at whole pixels
    if axis_ratio < 0.9:
        assert abs((found.position_angle_deg - angle + 90) % 180 - 90) < 3


def test_size_and_concentration_are_those_of_an_exponential_disc() -> None:
    """r50 = 1.678 scale lengths and C = 2.8 for a whole disc; the outline cuts the faint edge off, so a little less."""
    small, large = measure(galaxy(scale=5), MAPPING), measure(galaxy(scale=9), MAPPING)
    assert small.half_light_radius == pytest.approx(1.678 * 5 / 96, rel=0.12)
    assert large.half_light_radius / small.half_light_radius == pytest.approx(9 / 5, rel=0.12)
    assert 2.2 < small.concentration < 2.9


def test_colour_has_the_right_sign_and_size() -> None:
    red = measure(galaxy(colour=(1.0, 0.8, 0.5)), MAPPING)
    blue = measure(galaxy(colour=(0.5, 0.8, 1.0)), MAPPING)
    assert red.colour == pytest.approx(2.5 * np.log10(2), abs=0.05)
    assert blue.core_colour == pytest.approx(-2.5 * np.log10(2), abs=0.05)
    assert blue.disc_colour == pytest.approx(-2.5 * np.log10(2), abs=0.1)


def test_a_star_in_front_is_counted_and_leaves_the_galaxy_as_it_was() -> None:
    alone, beside = measure(galaxy(noise=0.002)), measure(galaxy(noise=0.002, star=(30, 24)))
    within = measure(galaxy(noise=0.002, star=(9, 4)))
    assert (alone.neighbours_in_field, beside.neighbours_in_field) == (0, 1)
    for crowded in (beside, within):
        assert crowded.axis_ratio == pytest.approx(alone.axis_ratio, abs=0.05)
        assert crowded.half_light_radius == pytest.approx(alone.half_light_radius, rel=0.08)


def test_an_empty_sky_is_said_to_be_empty() -> None:
    empty = measure(MAPPING.from_linear(np.random.default_rng(1).normal(0, 0.01, (3, 96, 96)).astype(np.float32)))
    assert not empty.detected
    assert measure(np.full((3, 64, 64), -1, dtype=np.float32)).as_dict()["axis_ratio"] == 0


def test_measuring_needs_no_torch() -> None:
    """Baking reads measurements' names and the classes; it must start fast and run where torch is not installed."""
    code = "import sys; import render.classify as c; c.measure, c.CLASSES; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- the classifier


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A weights folder of the real architecture with random weights."""
    from safetensors.torch import save_file

    torch.manual_seed(0)
    save_file(packed([ClassifierNetwork(4) for _ in range(2)]), tmp_path / "model.safetensors")
    network = ClassifierSettings(4, 32, 2).as_dict() | {"temperature": 1.5, "bias": [0.0] * 7}
    save_card(tmp_path, Card(name="t", family="classifier", size=32, classes=list(CLASSES), network=network))
    return tmp_path


def test_an_exhibit_is_classified_the_same_in_whatever_batch(weights: Path) -> None:
    classifier = Classifier.load(weights)
    pictures = torch.rand((11, 3, 48, 48)) * 2 - 1
    together = classifier.classify(pictures)
    assert [classifier.classify(p[None])[0] for p in pictures] == together
    assert sum(together[0].probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert together[0].found == max(CLASSES, key=together[0].probabilities.__getitem__)
    assert set(together[0].attributes) == {"bar", "edge_on", "ring", "dust"}


def test_a_galaxy_has_no_up(weights: Path) -> None:
    classifier = Classifier.load(weights)
    picture = torch.from_numpy(galaxy())[None]
    one, other = classifier.classify(torch.cat([picture, picture.rot90(1, (2, 3)).flip(3)]))
    for name in CLASSES:
        assert one.probabilities[name] == pytest.approx(other.probabilities[name], abs=1e-4)  # sums in another order


def test_weights_that_are_not_what_their_card_says_are_refused(weights: Path) -> None:
    card = (weights / "card.toml").read_text()
    (weights / "card.toml").write_text(card.replace("width = 4", "width = 8"))
    with pytest.raises(NonesuchError, match="do not fit their card"):
        Classifier.load(weights)
    (weights / "card.toml").write_text(card.replace('"classifier"', '"flow"'))
    with pytest.raises(NonesuchError, match="no classifier"):
        Classifier.load(weights)


def test_stages_add_up_to_classes() -> None:
    """The boundaries of EFIGI's own table: S0+ is lenticular, S0/a an early spiral, Sc a middle and Scd a late one."""
    of = dict(zip(STAGES, (CLASSES[c] for c in CLASS_OF_STAGE), strict=True))
    assert [of[t] for t in (-6, -4, -3, -1, 0, 2, 3, 5, 6, 9, 10, 11)] == [
        *("elliptical", "elliptical", "lenticular", "lenticular", "spiral_early", "spiral_early"),
        *("spiral_mid", "spiral_mid", "spiral_late", "spiral_late", "irregular", "dwarf_elliptical"),
    ]
    soft = soft_stage({"hubble_T": "4", "T_inf": "3", "T_sup": "5"})
    assert sum(soft) == pytest.approx(1)
    assert soft[STAGES.index(4)] == max(soft)
    assert soft[STAGES.index(6)] == 0


# --- training


def write_training_set(folder: Path, count: int = 120) -> Path:
    """Round red and flat blue discs as two classes, in folds 1 to 5, with EFIGI's columns."""
    folder.mkdir()
    random = np.random.default_rng(0)
    pictures, rows = [], []
    for i in range(count):
        late = i % 2
        data = galaxy(
            0.3 if late else 0.9, random.uniform(0, 180), 4.0, 32, (0.5, 0.7, 1.0) if late else (1.0, 0.7, 0.5), 0.01
        )
        pictures.append(np.rint(np.clip(MAPPING.to_linear(data), 0, 1) * 235 + 20).astype(np.uint8).transpose(1, 2, 0))
        stage = "7" if late else "-5"
        rows.append(
            {"file": f"{i}.jpg", "source": "efigi", "label": "spiral_late" if late else "elliptical"}
            | {"fold": str(i // 2 % 5 + 1), "licence": "CC-BY", "attribution": "SDSS", "hubble_T": stage}
            | {"T_inf": stage, "T_sup": stage, "edge_on": str(late), "visible_dust": "-1", "bar_length": "0.25"}
            | {"contamination": "0"}
        )
    np.save(folder / "images.npy", np.stack(pictures))
    with (folder / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return folder


TINY = ClassifierTraining(epochs=40, batch=8, small=16, network=ClassifierSettings(width=4, size=32, members=2))


@pytest.mark.slow
def test_training_writes_weights_that_classify_and_a_card_that_says_how_well(tmp_path: Path) -> None:
    home = write_training_set(tmp_path / "set")
    card = train_classifier(home, tmp_path / "out", settings=TINY)
    assert card.training.folds == [3, 4, 5]  # never the test's nor the tuning fold
    assert card.quality["test"]["seven"]["accuracy"] > 0.9
    assert card.quality["cross_validation"]["four"]["pictures"] == 72
    data = LabelledPictures.load(TrainingSet.open(home), MAPPING)
    found = Classifier.load(tmp_path / "out").classify(data.pictures[:10].float())
    assert [f.found for f in found] == ["elliptical", "spiral_late"] * 5
    again = cross_validate(
        home, tmp_path / "out-training", settings=TINY
    )  # from the checkpoints, nothing trained again
    assert again["four"]["accuracy"] == card.quality["cross_validation"]["four"]["accuracy"]


def test_anybodys_labels_can_be_learned(tmp_path: Path) -> None:
    """A person with pictures of something else would have no classifier for them."""
    folder = tmp_path / "set"
    folder.mkdir()
    random = np.random.default_rng(0)
    colour = {"ice": (60, 90, 200), "lava": (220, 90, 30)}
    names = [("ice", "lava", "")[i % 3] for i in range(90)]
    tint = np.array([colour.get(name, (128, 128, 128)) for name in names])[:, None, None]
    np.save(folder / "images.npy", np.clip(tint + random.normal(0, 20, (90, 24, 24, 3)), 0, 255).astype(np.uint8))
    rows = [f"{i}.png,made,{name},{i // 3 % 5 + 1},CC0,nobody" for i, name in enumerate(names)]
    (folder / "index.csv").write_text("\n".join(["file,source,label,fold,licence,attribution", *rows]) + "\n")
    command = ["train", "classifier", str(folder), str(tmp_path / "out"), "--epochs", "15", "--display", "plain"]
    done = CliRunner().invoke(cli, [*command, "--turns", "none"])
    assert done.exception is None, done.output
    assert "on fold 1: 100.0% of 12 right" in done.output
    judge = load_classifier(tmp_path / "out")
    assert judge.card.classes == ["ice", "lava"]
    assert judge.card.quality["test"]["classes"]["precision"]["lava"]["n"] == 6
    assert judge.card.training.pictures == 36  # folds 3 to 5, unlabelled ones left out
    data = torch.from_numpy(np.load(folder / "images.npy")[:3]).permute(0, 3, 1, 2) / 127.5 - 1
    assert [one.found for one in judge.classify(data)[:2]] == ["ice", "lava"]
    (folder / "index.csv").write_text((folder / "index.csv").read_text().replace(",lava,", ",ice,"))
    with pytest.raises(NonesuchError, match="has 1 labels: a classifier needs two or more"):
        train_plain(folder, tmp_path / "one", TINY, DisplayMapping.plain())


def test_a_killed_training_goes_on_exactly(tmp_path: Path) -> None:
    data = LabelledPictures.load(TrainingSet.open(write_training_set(tmp_path / "set", 60)), MAPPING)
    train, settings = data.of_folds((3, 4)), ClassifierTraining(epochs=3, batch=8, small=16, network=TINY.network)

    def interrupt(member: int, step: int, steps: int, loss: float) -> None:
        if step == 5:  # in the middle of the second epoch; the first one's checkpoint is what remains
            raise KeyboardInterrupt

    whole = train_member(data, train, tmp_path / "whole", settings, 0)
    with pytest.raises(KeyboardInterrupt):
        train_member(data, train, tmp_path / "killed", settings, 0, interrupt)
    resumed = train_member(data, train, tmp_path / "killed", settings, 0)
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[name]), name


def test_groups_leave_the_test_and_tuning_folds_alone() -> None:
    folds = np.repeat(np.arange(1, 10), 3)
    assert fold_groups(folds, 4) == [(3, 4), (5, 6), (7, 8), (9,)]
    with pytest.raises(NonesuchError, match="cannot be dealt"):
        fold_groups(np.array([1, 2, 3]), 2)


def test_figures_are_what_their_names_say() -> None:
    truth, found = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    table = confusion(truth, found, 3)
    assert table.tolist() == [[2, 1, 0], [0, 1, 0], [0, 0, 0]]
    assert accuracy(table) == 0.75
    assert recalls(table)[:2].tolist() == pytest.approx([2 / 3, 1])
    assert balanced_accuracy(table) == pytest.approx(5 / 6)  # a class that does not occur counts for nothing
    sure = np.array([[0.8, 0.2]] * 10)
    assert calibration_error(sure, np.array([0] * 8 + [1] * 2)) == pytest.approx(0)
    assert calibration_error(sure, np.array([0] * 5 + [1] * 5)) == pytest.approx(0.3)


# --- what ships


def test_the_experts_own_range_is_told_beside_the_accuracy() -> None:
    """Of three clean pictures one lies on the border of two classes for the experts, and the answer is one of these."""
    found = np.eye(7)[[0, 2, 3, 6]]  # elliptical, early spiral, mid spiral, dwarf elliptical
    accepted = np.zeros((4, 18), dtype=bool)
    for row, stages in enumerate(([-5], [-1, 0], [3], [3])):
        accepted[row, [STAGES.index(stage) for stage in stages]] = True
    told = range_figures(found, np.array([0, 1, 3, 0]), accepted, np.array([True, True, True, False]))
    assert told == {"accepted": 1.0, "sure": {"n": 2, "accuracy": 1.0}, "unsure": {"n": 1, "accuracy": 0.0}}


def test_the_shipped_card_tells_its_figures() -> None:
    folder = resource("weights") / SHIPPED
    card = Classifier.load(folder).card
    for judgement in (card.quality["cross_validation"], card.quality["test"]):
        assert {"accuracy", "balanced_accuracy", "confusion", "recall"} <= set(judgement["four"])
        assert 0 <= judgement["seven"]["calibration_error"] < 0.1
    assert sum(one["n"] for one in card.quality["test"]["seven"]["precision"].values()) == 459
    assert sum(one["n"] for one in card.quality["test"]["seven"]["reliability"]) == 459
    assert all(one["rank_correlation"] >= 0.5 for one in card.quality["test"]["path"]["steps"].values())
    assert not {1, 2} & set(card.training.folds)
    assert sum(path.stat().st_size for path in folder.iterdir()) < 6 * 2**20


def test_the_shipped_classifier_reads_a_galaxy_step_by_step() -> None:
    flat, round_ = Classifier.load(resource("weights") / SHIPPED).classify(
        torch.from_numpy(np.stack([galaxy(0.12), galaxy(0.95)]))
    )
    for one in (flat, round_):
        assert sum(one.stages.values()) == pytest.approx(1, abs=1e-5)
        of_class = {name: sum(one.stages[t] for t, c in zip(STAGES, CLASS_OF_STAGE, strict=True) if CLASSES[c] == name)
                    for name in CLASSES}  # fmt: skip
        assert of_class == pytest.approx(one.probabilities, abs=1e-5)
        assert set(one.path) == {"edge_on", "bar", "ring", "arm_strength", "bulge", "dust"}
    assert flat.path["edge_on"].strength > round_.path["edge_on"].strength + 0.3


def test_the_shipped_classifier_knows_real_galaxies_that_it_never_saw(data: Path) -> None:
    """Fold 1, the first 48 labelled: the four coarse classes as well as the card says, less what chance allows."""
    home = data / "galaxies"
    with (home / "labels.csv").open(newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["fold"] == "1" and r["label"] and float(r["contamination"]) < 0.75]
    rows = rows[:48]
    with tarfile.open(home / "galaxies.tar") as tar:
        wanted = {r["file"] for r in rows}
        files = {m.name.removeprefix("./"): m for m in tar.getmembers()}
        pictures = {n: np.asarray(Image.open(BytesIO(tar.extractfile(files[n]).read())).convert("RGB")) for n in wanted}
    inputs = torch.from_numpy(np.stack([MAPPING.to_data(pictures[r["file"]]) for r in rows]))
    classifier = Classifier.load(resource("weights") / SHIPPED)
    found = [FOUR_OF_CLASS[CLASSES.index(c.found)] for c in classifier.classify(inputs)]
    right = np.mean([f == FOUR_OF_CLASS[CLASSES.index(r["label"])] for f, r in zip(found, rows, strict=True)])
    told = classifier.card.quality["test"]["four"]["accuracy"]
    assert right > told - 3 * np.sqrt(told * (1 - told) / len(rows))
    flat = [measure(d.numpy(), MAPPING).axis_ratio for d, r in zip(inputs, rows, strict=True) if r["edge_on"] == "1"]
    face_on = [
        measure(d.numpy(), MAPPING).axis_ratio for d, r in zip(inputs, rows, strict=True) if r["inclination"] == "0"
    ]
    assert np.median(flat) < 0.4 < 0.7 < np.median(face_on)
