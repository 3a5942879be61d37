"""The ddpm family: what a person would lose is that their checkpoint draws what its own program drew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from safetensors.torch import load_file

from render.errors import NonesuchError, UsageError
from render.generators import load_generator
from render.generators.convert import Wish, convert
from render.generators.ddpm import Checkpoint, DdpmGenerator
from render.generators.ddpm_network import NetworkSettings
from render.generators.ddpm_samplers import ancestral, draw, implicit
from render.noise import normals
from render.recipe import Recipe
from render.weights import load_card

VECTORS = Path(__file__).resolve().parents[1].parent / "shared/reference/ddpm-vectors"
TOLERANCE = 1e-4
"""What the issue asks for. Both sides compute in single precision, in another order of sums."""


def cosine(steps: int = 1000, s: float = 0.008) -> torch.Tensor:
    """Nichol & Dhariwal 2021 (arXiv:2102.09672, eq. 17), as the program has it."""
    x = torch.linspace(0, steps, steps + 1, dtype=torch.float64)
    shares = torch.cos((x / steps + s) / (1 + s) * torch.pi / 2) ** 2
    return (1 - shares[1:] / shares[:-1]).clamp(0, 0.999).float()


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of the published form with random weights."""
    path = tmp_path_factory.mktemp("checkpoint") / "model.pt"
    torch.manual_seed(3)
    held = Checkpoint(NetworkSettings(width=8), 1000)
    held.betas.copy_(cosine())
    tensors = {}
    for name, value in held.state_dict().items():
        tensors[f"module.{name.replace('unet.', 'denoise_fn.')}"] = value
    for name in tensors:
        if name.endswith(".g"):
            tensors[name] = torch.full((1,), 0.5)
    ema = {name: value if name == "module.betas" else 0.98 * value for name, value in tensors.items()}
    torch.save({"step": 7, "model": tensors, "ema": ema}, path)
    return path


@pytest.fixture(scope="module")
def folder(checkpoint: Path) -> Path:
    out = checkpoint.with_name("mine")
    convert(checkpoint, out, "ddpm", Wish(size=32))
    return out


def recipes(count: int, sampler: str = "ddim", steps: int = 5, **more: Any) -> list[Recipe]:
    return [Recipe("ddpm", "ab" * 32, seed, sampler, steps, 1.0, 32, **more) for seed in range(count)]


def pictures(generator: DdpmGenerator, some: list[Recipe]) -> torch.Tensor:
    noise = torch.from_numpy(np.stack([normals(one.seed, generator.noise_shape) for one in some]))
    return generator.images(generator.condition(some), noise)


@pytest.mark.skipif(not VECTORS.is_dir(), reason="no reference vectors here")
def test_a_published_checkpoint_agrees_with_its_own_program(tmp_path: Path) -> None:
    theirs = load_file(VECTORS / "vectors.safetensors")
    for pick, entry in (("ema", "ema"), ("raw", "model")):
        out = tmp_path / pick
        convert(VECTORS / "tiny_model.pt", out, "ddpm", Wish(size=32, pick=pick))  # type: ignore[arg-type]  # a literal
        generator = load_generator(out)
        assert isinstance(generator, DdpmGenerator)
        with torch.inference_mode():
            found = generator.held.unet(theirs["x"], theirs["t"])
        assert (found - theirs[f"eps.{entry}"]).abs().max() < TOLERANCE
    betas = generator.held.betas
    assert (betas - theirs["betas"]).abs().max() < 1e-7
    scheduler = implicit(betas)
    scheduler.set_timesteps(1000)
    noise = theirs["tail.noise"]
    ends = []
    for entry in ("ema", "raw"):
        unet = load_generator(tmp_path / entry).held.unet  # type: ignore[attr-defined]  # ddpm has one

        def predicted(x: torch.Tensor, t: int, unet: torch.nn.Module = unet) -> torch.Tensor:
            return unet(x, torch.full((len(x),), t))  # type: ignore[no-any-return]  # torch says Any

        with torch.inference_mode():
            ends.append(ancestral(scheduler, range(19, -1, -1), predicted, theirs["x"], lambda i: noise[i], eta=1.0))
    gaps = [float((end - theirs["tail.x0"]).abs().max()) for end in ends]
    assert min(gaps) < TOLERANCE, gaps


def test_the_checkpoints_two_sets_of_weights_draw_differently(checkpoint: Path, folder: Path, tmp_path: Path) -> None:
    assert load_card(folder).quality == {"checkpoint_step": 7}
    convert(checkpoint, tmp_path / "raw", "ddpm", Wish(size=32, pick="raw"))
    one, other = (pictures(load_generator(place), recipes(1)) for place in (folder, tmp_path / "raw"))  # type: ignore[arg-type]  # ddpm
    assert not torch.allclose(one, other, atol=1e-3)


@pytest.mark.parametrize("sampler", ["ddpm", "ddim", "dpm++"])
def test_a_picture_depends_on_its_recipe_and_not_on_its_batch(folder: Path, sampler: str) -> None:
    generator = load_generator(folder)
    assert isinstance(generator, DdpmGenerator)
    three = pictures(generator, recipes(3, sampler))
    assert three.shape == (3, 3, 32, 32)
    assert three.abs().max() <= 1 + 1e-5
    alone = pictures(generator, recipes(3, sampler)[2:])
    # Sums in another order. Random weights at the noisiest step multiply a last bit by 20,000, so single pixels differ.
    assert (three[2:] - alone).abs().mean() < 0.005


@pytest.mark.parametrize("sampler", ["ddpm", "ddim", "dpm++"])
def test_every_sampler_finds_the_one_picture_that_a_perfect_network_knows(sampler: str) -> None:
    """A network that knows all its pictures are one: every sampler ends there, from the noisiest start in 20 steps."""
    betas = cosine()
    shares = torch.cumprod(1 - betas, 0)
    truth = torch.linspace(-0.9, 0.9, 3 * 8 * 8).view(1, 3, 8, 8)
    start = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))

    def noise(x: torch.Tensor, t: int) -> torch.Tensor:
        return (x - shares[t].sqrt() * truth) / (1 - shares[t]).sqrt()

    found = draw(sampler, 20, betas, noise, start, lambda i: torch.from_numpy(normals(i, (1, 3, 8, 8))))
    assert (found - truth).abs().max() < 0.02


@pytest.mark.parametrize("steps", [1, 5, 20, 50, 250])
def test_no_number_of_steps_ends_in_nothing(steps: int) -> None:
    """At the noisiest step ddpm keeps so little of the old noise that floats on some processors made a NaN of it."""
    start = torch.randn(1, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    found = draw("ddpm", steps, cosine(), lambda x, t: x, start, lambda i: torch.from_numpy(normals(i, (1, 1, 2, 2))))
    assert found.isfinite().all()


def test_a_drawing_is_followed_at_low_strength_and_ignored_at_full(folder: Path) -> None:
    sheet = Image.new("L", (64, 64))
    ImageDraw.Draw(sheet).line((10, 10, 54, 54), fill=255, width=3)
    drawing = torch.from_numpy(np.asarray(sheet, dtype=np.float32) / 255)[None]
    generator = load_generator(folder, drawings=lambda name: drawing)
    assert isinstance(generator, DdpmGenerator)
    drawn = {s: pictures(generator, recipes(1, steps=10, sketch="a", strength=s)) for s in (0.0, 0.1, 1.0)}
    free = pictures(generator, recipes(1, steps=10))
    exact = drawn[0.0][0].mean(0).flatten()
    assert exact.view(32, 32).diagonal().mean() > 0.2 + exact.view(32, 32).flip(1).diagonal().mean()
    assert (drawn[0.1] - drawn[0.0]).abs().mean() < 0.5 * (free - drawn[0.0]).abs().mean()
    assert (drawn[1.0] - free).abs().max() < 0.05  # of the drawing, a twenty-thousandth is left under the noise


def test_a_walks_noise_between_the_steps_moves_from_one_seed_to_the_other(folder: Path) -> None:
    generator = load_generator(folder)
    one, other = recipes(2, "ddpm")
    start = torch.from_numpy(normals(9, generator.noise_shape))[None]
    ends = [generator.images(generator.condition([recipe]), start) for recipe in (one, other)]
    for t, end in ((0.0, ends[0]), (1.0, ends[1])):
        mixed = generator.mix(generator.condition([one]), generator.condition([other]), [t])
        assert torch.allclose(generator.images(mixed, start), end, atol=1e-4)


def test_what_is_no_such_checkpoint_is_refused_in_one_sentence(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--size"):
        convert(checkpoint, tmp_path / "a", "ddpm")
    with pytest.raises(NonesuchError, match="multiple of 8"):
        convert(checkpoint, tmp_path / "b", "ddpm", Wish(size=36))
    torch.save({"ema": {"conv.weight": torch.zeros(3)}}, tmp_path / "other.pt")
    with pytest.raises(NonesuchError, match="no checkpoint of denoising-diffusion-pytorch"):
        convert(tmp_path / "other.pt", tmp_path / "c", "ddpm", Wish(size=32))
    assert not any((tmp_path / name).exists() for name in "abc")
