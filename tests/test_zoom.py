"""Networks that draw small pictures first, fold pixels by a cosine transform, and go on at another size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from test_families import prepared

from render.display import DisplayMapping
from render.generators.network import FlowNetwork, Folding, NetworkSettings
from render.noise import normals
from render.recipe import Recipe
from render.training.flow import FlowSettings, FlowTraining
from render.training.grafting import fold_beside, frequencies, refolded
from render.training.run import train
from render.training.shipping import Description, card_of, gather
from render.training.zoomed import Zoomed
from render.weights import find_weights, load_card


def test_the_cosine_fold_keeps_noise_white_and_loses_nothing() -> None:
    folding = Folding(NetworkSettings(fold=4, spreads=(1.0,)))
    noise = torch.from_numpy(normals(3, (4, 3, 32, 32)))
    grid = folding.grid(noise)
    assert torch.allclose(folding.picture(grid), noise, atol=1e-5)
    assert abs(float(grid.std()) - float(noise.std())) < 1e-4  # orthonormal: no power is lost or added
    flat = folding.grid(torch.ones(1, 3, 8, 8))
    assert torch.allclose(flat[:, [0, 16, 32]], torch.tensor(4.0))  # a plain colour is in one channel of 16
    assert float(flat.abs().sum()) < 3 * 4 * 4 + 1e-3


def test_a_zoomed_network_learns_small_wholes_and_parts_and_draws_the_full_size(tmp_path: Path) -> None:
    training_set, pictures = gather(prepared(tmp_path / "set"), tmp_path / "run", DisplayMapping.plain())
    pool = Zoomed(pictures, 2)
    settings = FlowSettings(steps=3, batch=4, precision="fp32", channels=(64, 96), checkpoint_every=100)
    training = FlowTraining(pool, tmp_path / "run", settings)
    train(training)
    assert training.average.settings.size == training_set.size // 2
    card = card_of(training, training_set, DisplayMapping.plain(), Description("zoomed", "nebula", "a set"))
    assert (card.size, card.sources, card.network["zoom"]) == (training_set.size, [], 2)
    generator = training.generator(card)
    kind = card.classes[0]
    for sampler in ("ab2", "ancestral"):
        one, other = (Recipe("flow", "0" * 64, s, sampler, 4, 1.5, card.size, class_name=kind) for s in (1, 2))
        noise = torch.from_numpy(np.stack([normals(r.seed, generator.noise_shape) for r in (one, other)]))
        both = generator.images(generator.condition([one, other]), noise)
        assert both.shape == (2, 3, card.size, card.size)
        again = generator.images(generator.condition([one, replace(other, seed=9)]), noise[[0, 0]])
        assert torch.allclose(again[0], both[0], atol=1e-4)  # its own noise alone decides


@pytest.mark.parametrize("spreads", [(), (1.2, 0.4, 0.4, 0.1)])
def test_a_network_goes_on_at_twice_the_size_with_what_it_knew(spreads: tuple[float, ...]) -> None:
    """What it makes of a picture's coarse structure is the same to the last bits; of the finer it says nothing yet."""
    small = NetworkSettings(size=16, fold=2, channels=(32, 64), spreads=spreads * 3)
    finer = tuple(spreads[2 * min(i, 1) + min(j, 1)] for i in range(4) for j in range(4)) if spreads else ()
    large = replace(small, size=32, fold=4, spreads=finer * 3)
    torch.manual_seed(0)
    before, now = FlowNetwork(small).eval(), FlowNetwork(large).eval()
    now.load_state_dict(now.state_dict() | refolded(before.state_dict(), small, large))
    across = frequencies(2, 4)
    coarse = Folding(replace(small, spreads=(1.0,))).grid(torch.randn(1, 3, 16, 16)).unflatten(1, (3, 4))
    both = (
        Folding(replace(one, spreads=(1.0,))).picture(grid.flatten(1, 2))
        for one, grid in ((small, coarse), (large, torch.einsum("nckyx,kl->nclyx", coarse, across)))
    )
    said = []
    for network, picture in zip((before, now), both, strict=True):
        side = picture.shape[-1]
        steering = (torch.eye(8)[:1], torch.eye(4)[:1], torch.zeros(1, 1, side, side), torch.zeros(1))
        with torch.inference_mode():
            velocity = network(picture, torch.tensor([0.7]), *steering)
        said.append(Folding(replace(network.settings, spreads=(1.0,))).grid(velocity).unflatten(1, (3, -1)))
    assert torch.allclose(torch.einsum("nckyx,kl->nclyx", said[0], across), said[1], atol=1e-4)


def test_as_much_is_folded_as_keeps_the_grid() -> None:
    card = load_card(find_weights("galaxy-96-student"))
    assert [fold_beside(card, side) for side in (96, 128, 192, 240, 144, 48)] == [3, 4, 6, 3, 3, 3]
