"""StyleGAN2: what a person would lose is the model that they trained for a week, or the machine to what lies in a .pkl.

The numbers of the original program lie outside of the repository; `test_the_original_programs_numbers` reads them where
they are. Everything else makes its own: a .pkl of the published form, by stand-ins for the modules that wrote them.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
import types
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from render.config import load_gallery
from render.errors import NonesuchError
from render.generators import Generator, load_generator
from render.generators.convert import Wish, convert
from render.generators.stylegan2 import StyleGan2Generator
from render.generators.stylegan2_network import NetworkSettings, StyleGan2Network, plan
from render.noise import normals
from render.recipe import Recipe
from render.weights import load_card

ROOT = Path(__file__).resolve().parent.parent
SMALL = NetworkSettings(latent=16, styles=24, depth=2, channels=(16, 16, 8), classes=3)


def network(settings: NetworkSettings = SMALL) -> StyleGan2Network:
    """Random weights with nothing left at zero."""
    torch.manual_seed(3)
    made = StyleGan2Network(settings)
    with torch.no_grad():
        for name, value in (*made.named_parameters(), *made.named_buffers()):
            if name.endswith((".bias", "noise_strength", "w_avg")):
                value.add_(torch.randn_like(value) * 0.2)
    return made.eval().requires_grad_(False)


class Persistent:
    """Pickled as the published networks are: a call with the source of the class beside its state."""

    def __init__(self, state: dict[str, Any], source: str) -> None:
        self.meta = {"type": "class", "version": 6, "module_src": source, "class_name": "Generator", "state": state}

    def __reduce__(self) -> tuple[Any, ...]:
        return sys.modules["torch_utils.persistence"]._reconstruct_persistent_obj, (self.meta,)  # type: ignore[attr-defined]  # made here


def persistent(module: nn.Module, source: str) -> Persistent:
    state: dict[str, Any] = {"training": False, "_non_persistent_buffers_set": set(), "conv_clamp": None}
    state["_parameters"] = OrderedDict((k, v) for k, v in module._parameters.items())
    state["_buffers"] = OrderedDict(module._buffers)
    state["_modules"] = OrderedDict((k, persistent(v, source)) for k, v in module._modules.items() if v is not None)
    return Persistent(state, source)


@pytest.fixture
def written_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The modules that such files name, for as long as one is being written."""
    for name in ("torch_utils", "torch_utils.persistence", "dnnlib", "dnnlib.util"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))

    def _reconstruct_persistent_obj(meta: Any) -> Any:
        exec(meta["module_src"])  # what the original program does

    class EasyDict(dict[str, Any]):
        pass

    for function, module in ((_reconstruct_persistent_obj, "torch_utils.persistence"), (EasyDict, "dnnlib.util")):
        function.__module__, function.__qualname__ = module, function.__name__
        setattr(sys.modules[module], function.__name__, function)


def published(path: Path, ema: nn.Module, raw: nn.Module | None = None, **more: Any) -> Path:
    """A file of the published form, with source that would leave a trace if it were run."""
    source = f"open({str(path.with_name('trace'))!r}, 'w').close()"
    easy = sys.modules["dnnlib.util"].EasyDict  # type: ignore[attr-defined]  # made here
    numbers = easy(resolution=np.int64(16), gain=np.float32(0.5), max_size=None)
    held = {"G": persistent(raw or ema, source), "D": None, "G_ema": persistent(ema, source)}
    path.write_bytes(pickle.dumps({**held, "training_set_kwargs": numbers, "augment_pipe": None, **more}, protocol=4))
    return path


def recipe(seed: int, **more: Any) -> Recipe:
    return Recipe("stylegan2", "ab" * 32, seed, "none", 1, 1.0, 16, **{"class_name": "class_1", **more})


def drawn(generator: Generator, recipes: list[Recipe]) -> Tensor:
    noise = torch.from_numpy(np.stack([normals(one.seed, generator.noise_shape) for one in recipes]))
    return generator.images(generator.condition(recipes), noise)


@pytest.fixture
def generator(tmp_path: Path, written_elsewhere: None) -> Generator:
    convert(published(tmp_path / "moons.pkl", network()), tmp_path / "moons", "stylegan2")
    return load_generator(tmp_path / "moons")


@pytest.mark.parametrize("shape", ["skip", "resnet"])
def test_a_published_file_becomes_weights_that_draw_the_same(
    tmp_path: Path, written_elsewhere: None, shape: str
) -> None:
    made = network(replace(SMALL, shape=shape))
    path = published(tmp_path / "moons.pkl", made, network(SMALL))
    card = convert(path, tmp_path / "moons", "stylegan2", Wish(classes=("rock", "ice", "gas"), title="moon"))
    assert (card.size, card.classes, card.network["shape"]) == (16, ["rock", "ice", "gas"], shape)
    assert not (tmp_path / "trace").exists(), "the source in the file was run"
    loaded = load_generator(tmp_path / "moons")
    mine = drawn(loaded, [recipe(7, class_name="ice")])
    z, ice = torch.from_numpy(normals(7, (16,)))[None], torch.tensor([[0.0, 1, 0]])
    theirs = made.synthesis(made.ws(z, ice), made.constant_noise())
    assert torch.allclose(mine, theirs, atol=1e-6)  # the same numbers went through the same layers


def test_the_weights_as_trained_can_be_picked_too(tmp_path: Path, written_elsewhere: None) -> None:
    ema, raw = network(), network()
    with torch.no_grad():
        raw.synthesis.get_submodule("b4").const.mul_(2)
    path = published(tmp_path / "moons.pkl", ema, raw)
    for pick, wanted in (("ema", ema), ("raw", raw)):
        convert(path, tmp_path / pick, "stylegan2", Wish(pick=pick))  # type: ignore[arg-type]  # a literal
        kept = load_file(tmp_path / pick / "model.safetensors")
        assert torch.equal(kept["synthesis.b4.const"], wanted.state_dict()["synthesis.b4.const"])


class Harmful:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def test_every_other_name_in_a_file_is_refused_and_nothing_is_run(tmp_path: Path, written_elsewhere: None) -> None:
    path = published(tmp_path / "moons.pkl", network(), harm=Harmful(tmp_path / "harm"))
    with pytest.raises(NonesuchError, match=rf"moons\.pkl was not read: it asks for {os.mkdir.__module__}\.mkdir"):
        convert(path, tmp_path / "out", "stylegan2")
    nested = OrderedDict(_modules={"b4": Harmful(tmp_path / "harm")})
    path.write_bytes(pickle.dumps({"G_ema": Persistent(nested, "")}, protocol=4))
    with pytest.raises(NonesuchError, match="mkdir"):
        convert(path, tmp_path / "out", "stylegan2")
    # code hidden in the nested file of a tensor's storage
    storage = b"\x80\x04\x8c\x0dtorch.storage\x8c\x10_load_from_bytes\x93"
    inner = pickle.dumps(Harmful(tmp_path / "harm"), protocol=2)
    path.write_bytes(storage + pickle.BINBYTES + len(inner).to_bytes(4, "little") + inner + b"\x85R.")
    with pytest.raises(NonesuchError):
        convert(path, tmp_path / "out", "stylegan2")
    assert [one.name for one in tmp_path.iterdir()] == ["moons.pkl"]


def test_other_and_damaged_files_are_one_sentence_and_leave_nothing(tmp_path: Path, written_elsewhere: None) -> None:
    whole = published(tmp_path / "whole.pkl", network()).read_bytes()
    old = network()
    del old.mapping._buffers["w_avg"]
    files = {
        "cut.pkl": (whole[:-2000], "cut short"),
        "text.pkl": (b"not a pickle at all", "another kind of file"),
        "list.pkl": (pickle.dumps([1, 2]), "no dictionary"),
        "none.pkl": (pickle.dumps({"G": None}), "no network 'G_ema'"),
        "other.pkl": (published(tmp_path / "x.pkl", nn.Linear(2, 2)).read_bytes(), "no generator of StyleGAN2"),
        "old.pkl": (published(tmp_path / "x.pkl", old).read_bytes(), "no generator of StyleGAN2"),
    }
    (tmp_path / "x.pkl").unlink()
    for name, (content, sentence) in files.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(NonesuchError, match=sentence) as caught:
            convert(tmp_path / name, tmp_path / "out", "stylegan2")
        assert name in str(caught.value)
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".*"))


def test_a_network_too_narrow_for_its_size_keeps_one_channel() -> None:
    settings = NetworkSettings(latent=8, styles=8, depth=1, channels=plan(64, 16, 8))
    assert settings.channels == (4, 2, 1, 1, 1)  # 16 / 64 would be none, which no convolution draws
    network = StyleGan2Network(settings)
    ws = network.ws(torch.ones(1, 8), torch.zeros(1, 0))
    assert network.synthesis(ws, network.constant_noise()).shape == (1, 3, 64, 64)


def test_truncation_pulls_every_picture_to_the_mean_one(generator: Generator) -> None:
    near = drawn(generator, [recipe(seed, truncation=0.0) for seed in (1, 2)])
    assert torch.allclose(near[0], near[1], atol=1e-5)  # at psi 0 there is one w for all
    half, whole = (drawn(generator, [recipe(1, truncation=psi)]) for psi in (0.5, 1.0))
    assert torch.equal(whole, drawn(generator, [recipe(1)]))
    assert 0 < float((half - near[:1]).square().mean()) < float((whole - near[:1]).square().mean())


def test_styles_are_mixed_from_the_layer_that_the_recipe_names(generator: Generator) -> None:
    plain, other = drawn(generator, [recipe(1), recipe(2)])
    mixed = [drawn(generator, [recipe(1, style_from=layer, style_seed=2)])[0] for layer in (1, 5)]
    itself = drawn(generator, [recipe(1, style_from=1, style_seed=1)])[0]
    assert torch.allclose(itself, plain, atol=1e-5)  # batches of one and of two round differently
    to_other = [float((picture - other).square().mean()) for picture in (plain, *mixed)]
    assert to_other[1] < to_other[2] < to_other[0]  # the more layers are the other's, the nearer it is
    with pytest.raises(NonesuchError, match="layers 0 to 5"):
        generator.condition([recipe(1, style_from=6, style_seed=2)])


def test_noise_is_the_weights_own_or_the_seeds_and_never_the_neighbours(generator: Generator) -> None:
    constant, own = drawn(generator, [recipe(4), recipe(4, layer_noise="seed")])
    assert not torch.allclose(constant, own, atol=1e-3)
    alone = drawn(generator, [recipe(4, layer_noise="seed")])[0]
    assert torch.allclose(alone, own, atol=1e-5)  # batches of one and of two round differently


def test_a_walk_goes_straight_through_w_and_begins_at_its_keyframes(generator: Generator) -> None:
    assert isinstance(generator, StyleGan2Generator)
    for more in ({}, {"layer_noise": "seed"}, {"truncation": 0.7, "style_from": 3, "style_seed": 9}):
        a, b = ([recipe(seed, class_name=name, **more)] * 3 for seed, name in ((1, "class_0"), (2, "class_2")))
        mixed = generator.mix(generator.condition(a), generator.condition(b), [0.0, 0.5, 1.0])
        pictures = generator.images(mixed, torch.zeros(3, *generator.noise_shape))
        ends = drawn(generator, [a[0], b[0]])
        assert torch.allclose(pictures[[0, 2]], ends, atol=1e-4)
        assert mixed.ws is not None
        assert torch.allclose(mixed.ws[1], (mixed.ws[0] + mixed.ws[2]) / 2, atol=1e-5)


TABLE = """[gallery]
title = "Moons"
[[collection]]
slug = "moons"
title = "moon"
count = 2
weights = "moons"
{}
[[walk]]
collection = "moons"
slug = "loop"
frames = 8
keyframes = [{{seed = 1}}, {{seed = 2, class = "class_2"}}]
"""


def test_three_lines_make_a_collection_with_a_walk(tmp_path: Path, generator: Generator) -> None:
    from render.cli import run
    from render.engine.plan import make_plan
    from render.engine.sources import sources

    (tmp_path / "gallery.toml").write_text(TABLE.format("truncation = 0.7\nlayer_noise = 'seed'\nstyle_from = 3"))
    assert run(["render", str(tmp_path)]) == 0
    assert list((tmp_path / "store").rglob("*.mp4"))
    gallery = load_gallery(tmp_path)
    first = next(iter(make_plan(gallery, sources(gallery), [])[0])).recipe
    told = first.as_json()
    assert (told["truncation"], told["layer_noise"], told["style_from"]) == (0.7, "seed", 3)
    assert Recipe.from_json(first.canonical()) == first
    refused = {"style_seed = 3": "says nothing", "style_from = 6": "layers 0 to 5", "steps = 4": "one pass"}
    for wrong, sentence in refused.items():
        (tmp_path / "gallery.toml").write_text(TABLE.format(wrong))
        with pytest.raises(NonesuchError, match=sentence):
            load_gallery(tmp_path)


def vectors() -> list[Path]:
    folder = Path(os.environ.get("NONESUCH_REFERENCE", ROOT.parent / "shared" / "reference")) / "stylegan2-vectors"
    return sorted(folder.glob("*.safetensors"))


@pytest.mark.skipif(not vectors(), reason="the original program's numbers are not here (set NONESUCH_REFERENCE)")
def test_the_original_programs_numbers(tmp_path: Path, written_elsewhere: None) -> None:
    """Through the whole way: a .pkl of its tensors, converted, loaded, drawn; every image within 1e-3."""
    for path in vectors():
        with safe_open(path, framework="pt") as file:
            config = json.loads(file.metadata()["config"])
        tensors = load_file(path)
        model = {name.removeprefix("model."): t for name, t in tensors.items() if name.startswith("model.")}
        out = tmp_path / path.stem
        convert(published(tmp_path / "g.pkl", nested(model)), out, "stylegan2")
        assert load_card(out).network["shape"] == config["architecture"]
        loaded = load_generator(out)
        assert isinstance(loaded, StyleGan2Generator)
        net, z, c = loaded.network, tensors["in.z"], tensors["in.c"]
        for name in (name for name in tensors if name.endswith(".ws")):
            psi, cutoff = name.removeprefix("out.psi").removesuffix(".ws").split(".cutoff")
            ws = net.ws(z, c, float(psi), None if cutoff == "None" else int(cutoff))
            assert torch.allclose(ws, tensors[name], atol=1e-4)
            silent: list[Tensor | None] = [None] * len(net.constant_noise())
            for kind, noise in (("const", net.constant_noise()), ("none", silent)):
                wanted = tensors[name.replace(".ws", f".image.{kind}")]
                assert float((net.synthesis(ws, noise) - wanted).abs().max()) < 1e-3
        # and as exhibits are drawn
        named = [f"class_{int(row.argmax())}" if len(row) else None for row in c]
        recipes = [recipe(i, class_name=one, truncation=0.7) for i, one in enumerate(named)]
        images = loaded.images(loaded.condition(recipes), z[:, :, None, None])
        assert float((images - tensors["out.psi0.7.cutoffNone.image.const"]).abs().max()) < 1e-3


def nested(tensors: dict[str, Tensor]) -> nn.Module:
    """A module tree that holds a state dict."""
    root = nn.Module()
    for name, value in tensors.items():
        *path, last = name.split(".")
        module = root
        for part in path:
            if part not in module._modules:
                module.add_module(part, nn.Module())
            module = module.get_submodule(part)
        module.register_buffer(last, value)
    return root
