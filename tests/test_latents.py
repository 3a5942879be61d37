"""The latent variant of the flow family: an autoencoder of our own, and a flow in what it makes of pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny import drawn_roughly, tiny_gallery

from render.catalogue import FILE, Catalogue
from render.cli import run
from render.config import load_gallery
from render.display import DisplayMapping
from render.errors import NonesuchError, UsageError
from render.generators import load_generator
from render.generators.flow import FlowGenerator
from render.stages import make
from render.stages.report import Report
from render.training.browser import export
from render.training.dataset import TrainingSet
from render.training.flow import FlowSettings, FlowTraining
from render.training.latents import Latents, load_autoencoder
from render.training.run import train
from render.training.shipping import gather
from render.weights import load_card, load_tensors, weights_hash

PLAIN = DisplayMapping.plain()
SIZE = 32


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared set, an autoencoder that was trained on it, and a flow in its latents."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("latents")
    (folder / "set").mkdir()
    random = np.random.default_rng(0)
    coarse = random.integers(0, 255, (20, 4, 4, 3), dtype=np.uint8)
    np.save(folder / "set/images.npy", coarse.repeat(SIZE // 4, 1).repeat(SIZE // 4, 2))
    rows = [f"{n}.png,,{('warm', 'cold')[n % 2]},{1 + n % 8},CC0-1.0,A" for n in range(20)]
    (folder / "set/index.csv").write_text("\n".join(["file,source,label,fold,licence,attribution", *rows]) + "\n")
    asked = ["train", "autoencoder", str(folder / "set"), str(folder / "ae"), "--width", "16", "--batch", "4"]
    for steps in ("40", "90"):  # in two sittings
        assert run([*asked, "--steps", steps, "--checkpoint-every", "90", "--rate", "0.001"]) == 0
    flow = ["train", "flow", str(folder / "set"), str(folder / "flow"), "--autoencoder", str(folder / "ae")]
    flow += ["--display", "plain", "--channels", "32,32,32", "--steps", "2", "--batch", "2", "--precision", "fp32"]
    with drawn_roughly():
        assert run(flow) == 0
    return folder


@pytest.mark.slow
def test_what_goes_through_the_autoencoder_comes_back_better_than_grey(home: Path) -> None:
    card = load_card(home / "ae")
    assert (card.family, card.sampling, card.classes, card.training.steps) == ("autoencoder", None, [], 90)
    autoencoder = load_autoencoder(home / "ae", SIZE, PLAIN.settings())
    pictures = TrainingSet.open(home / "set")
    data = torch.from_numpy(pictures.data(pictures.training(), PLAIN)).float()
    latents = autoencoder.encode(data)
    assert latents.shape == (len(data), 4, SIZE // 4, SIZE // 4)
    assert float(latents.mean().abs()) < 0.3
    assert 0.7 < float(latents.std()) < 1.3  # measured on other draws of the same pictures
    assert (autoencoder.decode(latents) - data).abs().mean() < 0.9 * (data - data.mean()).abs().mean()


def test_the_flow_holds_both_parts_in_the_file_that_recipes_name(home: Path) -> None:
    card, tensors = load_card(home / "flow"), load_tensors(home / "flow")
    assert card.size == SIZE
    assert (card.network["size"], card.network["colours"]) == (SIZE // 4, 4)
    theirs = load_tensors(home / "ae")
    for name, value in theirs.items():
        assert torch.equal(tensors[f"autoencoder.{name}"], value), name
    assert weights_hash(home / "flow") == card.sha256["model.safetensors"]
    generator = load_generator(home / "flow")
    assert generator.noise_shape == (4, SIZE // 4, SIZE // 4)


def test_a_killed_training_goes_on_exactly(home: Path, tmp_path: Path) -> None:
    _, pictures = gather(home / "set", tmp_path, PLAIN, None, "mirror")
    autoencoder = load_autoencoder(home / "ae", SIZE, PLAIN.settings())
    settings = FlowSettings(steps=3, batch=2, precision="fp32", channels=(32, 32, 32), fold=2, checkpoint_every=100)

    def trained(name: str, stop_after: int = 3) -> FlowTraining:
        pool = Latents(pictures, autoencoder)
        training = FlowTraining(pool, tmp_path / name, settings, autoencoder=autoencoder)
        train(training, stop=lambda: training.step >= stop_after)
        return training

    whole, _, resumed = trained("whole"), trained("killed", 1), trained("killed")
    for name, value in whole.average.state_dict().items():
        assert torch.equal(value, resumed.average.state_dict()[name]), name
    before = autoencoder.state_dict()
    assert all(torch.equal(before[k], v) for k, v in whole.average.autoencoder.state_dict().items())  # never trained on


WALK = """
[[walk]]
collection = "galaxies"
slug = "loop"
frames = 8
keyframes = [{ seed = 1, class = "warm" }, { seed = 2, class = "cold" }]
"""


def test_pictures_sketches_and_walks_are_as_for_any_flow(home: Path, tmp_path: Path) -> None:
    (tmp_path / "gallery.toml").write_text(tiny_gallery(2, weights=str(home / "flow")) + WALK)
    assert make(load_gallery(tmp_path), Report()).shown == 3
    with Catalogue(tmp_path / FILE) as catalogue:
        exhibit, media = next((e, m) for e, m in catalogue.exhibits("galaxies") if e.recipe.kind == "image")
    assert exhibit.recipe.size == SIZE
    assert {medium.width for medium in media if medium.role == "master"} == {SIZE}
    sheet = torch.zeros(1, 64, 64)
    sheet[:, 20:40, 20:40] = 1
    generator = load_generator(home / "flow", drawings=lambda sha256, colours=1: sheet)
    assert isinstance(generator, FlowGenerator)
    sketched = replace(exhibit.recipe, sketch="a" * 64, strength=0.5)
    noise = torch.randn(1, *generator.noise_shape, generator=torch.Generator().manual_seed(0))
    plain, drawn = (generator.images(generator.condition([one]), noise) for one in (exhibit.recipe, sketched))
    assert plain.shape == drawn.shape == (1, 3, SIZE, SIZE)
    assert not torch.equal(plain, drawn)


def test_what_does_not_go_together_is_refused_in_a_sentence(home: Path, tmp_path: Path) -> None:
    with pytest.raises(NonesuchError, match="holds a flow: `nonesuch train autoencoder`"):
        load_autoencoder(home / "flow", SIZE, PLAIN.settings())
    with pytest.raises(UsageError, match="'sky-asinh' is asked for"):
        load_autoencoder(home / "ae", SIZE, DisplayMapping().settings())
    with pytest.raises(UsageError, match="36 px cannot be"):
        load_autoencoder(home / "ae", 36, PLAIN.settings())
    with pytest.raises(NonesuchError, match="a browser draws with pixels only"):
        export(home / "flow")
    asked = ["train", "flow", str(home / "set"), str(tmp_path / "out"), "--autoencoder", str(home / "ae")]
    assert run([*asked, "--display", "plain", "--zoom", "2"]) == 2
    assert not (tmp_path / "out").exists()
