"""The last touches: colour as coarse as a camera's, noise that is alike from both ends, structure as strong as in real
pictures. Each is the same for all pictures of a network, so each mistake would be in all of them.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file
from tiny import tiny_weights

from render.cli.train import command
from render.generators.colour import blurred_colour
from render.generators.equaliser import MOST, equalised, kernel, own_strength
from render.generators.flow import FlowGenerator
from render.generators.peaks import Peaks, raised
from render.generators.symmetry import BLOCK, symmetric
from render.noise import normals
from render.plausibility.shape import MEASURES, shapes
from render.recipe import Recipe
from render.training.colour import colour_grain
from render.training.dataset import TrainingSet
from render.training.quality import spectra
from render.training.touches import touched
from render.weights import find_weights, load_card, save_card, weights_hash


def noise(n: int, size: int = 32) -> torch.Tensor:
    return torch.randn(n, 3, size, size, generator=torch.Generator().manual_seed(n))


def test_colour_is_blurred_and_light_is_not() -> None:
    rough = noise(4)
    soft = blurred_colour(rough, 0.7)
    assert torch.allclose(soft.mean(1), rough.mean(1), atol=1e-5)
    assert colour_grain(soft) < 0.3 * colour_grain(rough)
    assert blurred_colour(rough, 0.0) is rough


def test_an_even_colour_stays_as_it_is_up_to_the_border() -> None:
    even = torch.tensor([0.4, 0.1, -0.6]).view(1, 3, 1, 1).expand(1, 3, 32, 32)
    assert torch.allclose(blurred_colour(even, 1.2), even, atol=1e-6)
    assert torch.allclose(equalised(even, {"light": [bent()], "colour": [bent()]}, *one(1)), even, atol=1e-5)


@pytest.mark.parametrize("touch", ["colour", "symmetry", "peaks", "equaliser"])
def test_a_picture_does_not_depend_on_its_neighbours_in_the_batch(touch: str) -> None:
    def touched_by(pictures: torch.Tensor) -> torch.Tensor:
        if touch == "colour":
            return blurred_colour(pictures, 0.7)
        if touch == "symmetry":
            return symmetric(pictures, 0.6)
        if touch == "peaks":
            return raised(pictures, Peaks(0.8, 2.0, 0.3))
        classes, _ = one(3)
        return equalised(pictures, {"light": [bent()], "spread": [bent()]}, classes, own_strength(pictures))

    assert touched_by(noise(3))[1].equal(touched_by(noise(3).flip(0))[1])


@pytest.mark.parametrize("amount", [0.3, 0.6, 1.0])
def test_symmetric_noise_is_white_and_as_much_its_own_image_as_was_asked(amount: float) -> None:
    """A network was taught on white noise: any other, and its pictures come out brighter, flatter or coarser."""
    made = symmetric(noise(400), amount)
    assert float(made.var()) == pytest.approx(1, abs=0.02)
    power = torch.fft.fft2(made).abs().square().mean((0, 1)) / 32**2
    assert float(power[:5, :5].mean()) == pytest.approx(1, abs=0.1)
    assert float(power[8:16, 8:16].mean()) == pytest.approx(1, abs=0.1)
    coarse = torch.nn.functional.avg_pool2d(made, BLOCK)
    turned = coarse.flip(2, 3)
    assert float((coarse * turned).mean() / coarse.var()) == pytest.approx(amount, abs=0.03)
    fine = made - coarse.repeat_interleave(BLOCK, 2).repeat_interleave(BLOCK, 3)
    assert abs(float((fine * fine.flip(2, 3)).mean())) < 0.02, "stars are bound by no symmetry"
    assert symmetric(made, 0.0) is made


def test_symmetric_noise_makes_the_shipped_networks_galaxies_more_even() -> None:
    generator = FlowGenerator.load(find_weights("galaxy-96"), "cpu", "fp32")
    start = torch.from_numpy(np.stack([normals(seed, generator.noise_shape) for seed in range(8)]))

    def asymmetry(amount: float | None) -> float:
        recipes = [
            Recipe("flow", "0" * 64, seed, "ab2", 8, 1.0, 96, class_name="spiral_mid", source="efigi", symmetry=amount)
            for seed in range(8)
        ]
        pictures = generator.images(generator.condition(recipes), start).numpy()
        return float(np.nanmedian(shapes(pictures, generator.card.mapping)[:, MEASURES.index("asymmetry")]))

    assert asymmetry(0.9) < asymmetry(None) - 0.03


def test_recipes_without_symmetry_keep_their_ids() -> None:
    plain = Recipe("flow", "ab" * 32, 7, "ancestral", 16, 2.0, 96)
    assert b"symmetry" not in plain.canonical()
    assert Recipe.from_json(plain.canonical()) == plain
    with pytest.raises(Exception, match="from 0 to 1"):
        Recipe("flow", "ab" * 32, 7, "ancestral", 16, 2.0, 96, symmetry=1.5)


def bent() -> list[float]:
    """Gains of a 32 px picture at each cycle: coarse structure stays, the finest is doubled."""
    return [1.0] * 5 + [1 + i / 12 for i in range(12)]


def one(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights of the only class, and pictures that have its gains."""
    return torch.tensor([[1.0, 0.0]]).expand(n, -1), torch.zeros(n)


def test_the_equaliser_changes_each_frequency_by_its_gain() -> None:
    rough = noise(64)
    before, after = (
        spectra(pictures.numpy()).mean(0) for pictures in (rough, equalised(rough, {"light": [bent()]}, *one(64)))
    )
    found = np.sqrt(after / before)
    assert np.abs(found[2:15] / np.array(bent())[3:16] - 1).max() < 0.12
    colour = equalised(rough, {"colour": [bent()]}, *one(64))
    assert torch.allclose(colour.mean(1), rough.mean(1), atol=1e-5)
    assert colour_grain(colour) > 1.3 * colour_grain(rough)


@pytest.mark.parametrize("size", [8, 24, 32, 96])
def test_a_level_equaliser_changes_nothing_at_any_size(size: int) -> None:
    level = [1.0] * (size // 2 + 1)
    assert len(kernel(tuple(level), size)) <= 25
    rough = noise(2, size)
    assert torch.allclose(equalised(rough, {"light": [level], "colour": [level]}, *one(2)), rough, atol=1e-5)


def test_classes_have_gains_of_their_own_and_a_mixture_has_a_mixture_of_them() -> None:
    gains, rough = {"light": [[1.0] * 17, bent()]}, noise(1)

    def by(*shares: float) -> torch.Tensor:
        return equalised(rough, gains, torch.tensor([shares]), torch.zeros(1))

    assert torch.allclose(by(1, 0, 0), rough, atol=1e-5)
    half = (by(1, 0, 0) + by(0, 1, 0)) / 2
    assert torch.allclose(by(0.5, 0.5, 0), half, atol=1e-5)
    assert torch.allclose(by(0, 0, 1), half, atol=1e-5), "none is the mean of all"


def test_pictures_differ_by_as_much_as_was_measured_and_not_in_the_mean() -> None:
    many = noise(2000, 8)
    own = own_strength(many)
    assert abs(float(own.mean())) < 0.1
    assert abs(float(own.std()) - 1) < 0.1
    assert float(own.abs().max()) <= MOST
    assert torch.allclose(own_strength(symmetric(many, 0.7)), own, atol=1e-5), "a touch before this one changes nothing"

    flat = [0.3] * 5
    gains = {"light": [[1.0] * 5], "colour": [[1.0] * 5], "spread": [flat]}
    classes, _ = one(2000)
    ratio = (equalised(many, gains, classes, own) / many).mean((1, 2, 3))
    assert abs(float(ratio.log().std()) - 0.3) < 0.02
    assert abs(float(ratio.mean()) - 1) < 0.02


def test_along_a_walk_a_pictures_own_strength_goes_evenly() -> None:
    a, b = (torch.from_numpy(normals(seed, (3, 32, 32))) for seed in (1, 2))
    along = own_strength(torch.stack([math.cos(t) * a + math.sin(t) * b for t in np.linspace(0, math.pi / 2, 33)]))
    assert torch.allclose(along[[0, -1]], own_strength(torch.stack([a, b])), atol=1e-6)
    assert float(along.diff().abs().max()) < 0.1


@pytest.fixture(scope="module")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared set of 40 soft blobs on a grey sky, folds 0 to 9."""
    folder = tmp_path_factory.mktemp("blobs")
    y, x = np.mgrid[-1:1:24j, -1:1:24j]
    light = np.exp(-(x**2 + y**2) * 6)[..., None] * [220, 200, 160]
    np.save(folder / "images.npy", np.stack([np.clip(20 + light + i, 0, 255).astype(np.uint8) for i in range(40)]))
    with (folder / "index.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "source", "label", "fold", "licence", "attribution"])
        for i in range(40):
            label = ("spiral_early", "irregular")[i % 2]
            writer.writerow([f"{i}.png", "efigi", label, i // 2 % 10, "CC0-1.0", "nobody"])
    return folder


def test_the_last_touches_are_measured_and_renew_a_card(blobs: Path, tmp_path: Path) -> None:
    weights = tiny_weights(tmp_path / "tiny")
    tensors = load_file(weights / "model.safetensors")
    before = weights_hash(weights)
    answer = CliRunner().invoke(command, ["flow", str(blobs), str(weights), "--touches"])
    assert "did not learn from" in str(answer.exception), "gains are of the very pictures that it learned from"

    card = load_card(weights)
    about = card.training.model_copy(update={"pictures_sha256": TrainingSet.open(blobs).identity()})
    save_card(weights, card.model_copy(update={"training": about, "quality": {"grain": {"generated": 1}}}))
    answer = CliRunner().invoke(command, ["flow", str(blobs), str(weights), "--touches"])
    assert answer.exit_code == 0, answer.output
    card = load_card(weights)
    assert set(card.network["gains"]) == {"light", "colour", "spread"}
    (spread,) = card.network["gains"]["spread"]
    assert len(spread) == 17
    assert 0 <= min(spread) <= max(spread) <= 0.5
    for part, most in (("light", 2), ("colour", 1)):
        rows = card.network["gains"][part]
        assert len(rows) == 7
        assert all(len(row) == 17 and 0.5 <= min(row) <= max(row) <= most for row in rows)
    assert card.sampling is not None
    assert card.quality["grain"]["generated"] != 1, "that was a figure of other pictures"
    assert all(value.equal(tensors[name]) for name, value in load_file(weights / "model.safetensors").items())
    assert weights_hash(weights) != before, "recipes must not name what draws other pictures now"
    assert (weights / "sheet.jpg").stat().st_size > 0
    assert FlowGenerator.load(weights, "cpu", "fp32").network.settings.gains == card.network["gains"]


def test_what_has_an_up_is_not_made_alike_from_both_ends(blobs: Path, tmp_path: Path) -> None:
    generator = FlowGenerator.load(tiny_weights(tmp_path / "tiny"), "cpu", "fp32")
    _, sampling = touched(generator, TrainingSet.open(blobs), "mirror")
    assert sampling.symmetry is None
