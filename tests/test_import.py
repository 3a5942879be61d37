"""Other people's weights: what a person would lose is their model, or the machine to a file that runs code."""

from __future__ import annotations

import contextlib
import io
import pickle
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from render.cli import run as command_line
from render.config import load_gallery
from render.errors import NonesuchError
from render.generators import Generator, load_generator
from render.noise import normals
from render.recipe import Recipe
from render.weights import load_card, verify


def tutorial(latent: int = 100, width: int = 64) -> nn.Sequential:
    """The generator as PyTorch's DCGAN tutorial builds it, by hand and not by our code."""
    torch.manual_seed(1)
    w = width
    layers: list[nn.Module] = []
    plan = ((latent, 8 * w, 1, 0), (8 * w, 4 * w, 2, 1), (4 * w, 2 * w, 2, 1), (2 * w, w, 2, 1))
    for before, after, stride, padding in plan:
        layers += [nn.ConvTranspose2d(before, after, 4, stride, padding, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
    return nn.Sequential(*layers, nn.ConvTranspose2d(w, 3, 4, 2, 1, bias=False), nn.Tanh()).eval()


def saved(network: nn.Module, path: Path, prefix: str = "main.") -> Path:
    torch.save(OrderedDict((prefix + name, value) for name, value in network.state_dict().items()), path)
    return path


def run(*words: str | Path) -> tuple[int, str]:
    """The exit code and all that was said."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = command_line([str(word) for word in words])
    return code, said.getvalue()


def recipe(card_family: str, seed: int, size: int) -> Recipe:
    return Recipe(card_family, "ab" * 32, seed, "none", 1, 1.0, size)


@pytest.mark.parametrize("prefix", ["main.", "module.main."])
def test_the_tutorials_generator_draws_as_it_did(tmp_path: Path, prefix: str) -> None:
    network = tutorial()
    out = tmp_path / "mine"
    code, told = run("weights", "import", saved(network, tmp_path / "netG.pth", prefix), out, "--family", "dcgan")
    assert code == 0, told
    verify(out)
    card = load_card(out)
    assert (card.family, card.size, card.network["latent"], card.classes) == ("dcgan", 64, 100, [])
    assert card.parameters == sum(p.numel() for p in network.parameters()) == 3_576_704
    generator = load_generator(out)
    assert isinstance(generator, Generator)
    noise = torch.from_numpy(normals(5, generator.noise_shape))[None]
    mine = generator.images(generator.condition([recipe("dcgan", 5, 64)]), noise)
    with torch.inference_mode():
        theirs: Tensor = network(noise)
    assert torch.allclose(mine, theirs, atol=1e-6)  # the same layers in the same order: only rounding may differ


def test_three_lines_make_a_collection_of_it(tmp_path: Path) -> None:
    run("weights", "import", saved(tutorial(16, 8), tmp_path / "netG.pth"), tmp_path / "mine", "--family", "dcgan")
    table = '[gallery]\ntitle = "Mine"\n[[collection]]\nslug = "mine"\ntitle = "field"\ncount = 2\nweights = "{}"\n'
    (tmp_path / "gallery.toml").write_text(table.format("mine"))
    code, told = run("render", tmp_path)
    assert code == 0, told
    assert len(list((tmp_path / "store").rglob("*.png"))) == 2
    (tmp_path / "gallery.toml").write_text(table.format("mine") + "steps = 9\n")
    with pytest.raises(NonesuchError, match=r"collection 1, steps: .*one pass"):
        load_gallery(tmp_path)
    (tmp_path / "gallery.toml").write_text(table.format("netG.pth"))
    code, told = run("render", tmp_path)
    assert code != 0
    assert "nonesuch weights import netG.pth" in told


class Harmful:
    """A pickle that would write a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def test_a_pickle_with_code_is_refused_by_name_and_not_run(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    torch.save({"main.0.weight": torch.zeros(1), "x": Harmful(trace)}, tmp_path / "netG.pth")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(Harmful(trace), protocol=2))
    for name in ("netG.pth", "plain.pth"):
        code, told = run("weights", "import", tmp_path / name, tmp_path / "out", "--family", "dcgan")
        assert code == 1
        assert f"{name} was not read: it wants to call '" in told
    assert sorted(path.name for path in tmp_path.iterdir()) == ["netG.pth", "plain.pth"], "nothing was written or run"


def test_what_is_no_such_generator_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    good = saved(tutorial(16, 8), tmp_path / "good.pth")
    (tmp_path / "cut.pth").write_bytes(good.read_bytes()[:-900])
    (tmp_path / "empty.pth").touch()
    torch.save({"step": 3}, tmp_path / "none.pth")
    torch.save(nn.Linear(3, 3).state_dict(), tmp_path / "other.pth")
    judge = {"main.0.weight": torch.zeros(8, 3, 4, 4), "main.2.weight": torch.zeros(16, 8, 4, 4)}
    torch.save(judge, tmp_path / "netD.pth")
    lacking = torch.load(good, weights_only=True)
    lacking.pop("main.4.running_var")
    torch.save(lacking, tmp_path / "lacking.pth")
    before = sorted(path.name for path in tmp_path.iterdir())
    sentences = {
        "cut.pth": "cut short", "empty.pth": "cut short", "absent.pth": "not there", "none.pth": "no state dict",
        "other.pth": "main.0.weight", "netD.pth": "not netD", "lacking.pth": "no 'main.4.running_var'",
    }  # fmt: skip
    for name, sentence in sentences.items():
        code, told = run("weights", "import", tmp_path / name, tmp_path / "out", "--family", "dcgan")
        assert code == 1, told
        assert sentence in told
        assert name in told
    code, told = run("weights", "import", good, tmp_path / "out", "--family", "dcgan", "--classes", "a,b")
    assert (code, "0 classes, not 2" in told) == (2, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_damaged_weights_leave_the_other_collections_alone(tmp_path: Path) -> None:
    for latent, name in ((16, "other"), (12, "whole"), (8, "damaged")):
        source = saved(tutorial(latent, 8), tmp_path / f"{name}.pth")
        run("weights", "import", source, tmp_path / name, "--family", "dcgan")
    with (tmp_path / "damaged/model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x7f")
    card = tmp_path / "other/card.toml"
    card.write_text(card.read_text().replace("latent = 16", "latent = 17"))
    tables = [
        f'[[collection]]\nslug = "{name}"\ntitle = "field"\ncount = 2\nweights = "{name}"\n'
        for name in ("damaged", "other", "whole")
    ]
    (tmp_path / "gallery.toml").write_text('[gallery]\ntitle = "Mine"\n' + "".join(tables))
    code, told = run("render", tmp_path)
    assert code == 3, told
    assert "sha256 differs" in told
    assert "'main.0.weight' is 16 x" in told
    assert len(list((tmp_path / "store").rglob("*.png"))) == 2
