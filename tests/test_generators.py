"""Generators from outside: the example in the documentation works exactly as it stands there."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from render.display import DisplayMapping
from render.errors import NonesuchError
from render.generators import Generator, load_generator
from render.weights import Card, Sampling, save_card

PAGE = Path(__file__).parents[1] / "docs/add-a-generator.md"


def weights(folder: Path, family: str) -> Path:
    folder.mkdir()
    save_file({"colour": torch.tensor([1.0, 0.5, 0.0])}, folder / "model.safetensors")
    sampling = Sampling(sampler="none", steps=1, guidance=1.0)
    save_card(folder, Card(name=family, family=family, size=16, display=DisplayMapping().settings(), sampling=sampling))
    return folder


def test_the_documented_generator_loads_through_its_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (tmp_path / "stripes.py").write_text(example)
    installed = tmp_path / "stripes-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: stripes\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("[nonesuch.generators]\nstripes = stripes:Stripes\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "stripes", raising=False)
    generator = load_generator(weights(tmp_path / "weights", "stripes"))
    assert isinstance(generator, Generator)
    noise = torch.randn(2, *generator.noise_shape, generator=torch.Generator().manual_seed(0))
    data = generator.images(generator.condition([None, None]), noise)
    assert data.shape == (2, 3, 16, 16)
    assert data.min() >= -1


def test_an_unknown_family_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(NonesuchError, match=r"'oracle'.*flow"):
        load_generator(weights(tmp_path / "weights", "oracle"))


def test_the_network_is_the_one_that_others_find_in_diffusers() -> None:
    """It is imported without its package; what asks for the package later must find it whole, and no second class."""
    import diffusers
    import diffusers.models.unets as package

    from render.generators.network import FlowNetwork, NetworkSettings

    network = FlowNetwork(NetworkSettings(size=16, channels=(16, 32), groups=8, head=8))
    assert type(network.unet) is diffusers.UNet2DModel is package.UNet2DModel
    assert issubclass(package.UNet2DConditionModel, diffusers.ModelMixin)
