"""Colour noise finer than a camera's is what tells a drawn galaxy from a real one at a glance."""

from __future__ import annotations

import pytest
import torch

from render.generators.colour import blurred_colour
from render.training.colour import colour_grain


def test_colour_is_blurred_and_light_is_not() -> None:
    noise = torch.randn(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    soft = blurred_colour(noise, 0.7)
    assert torch.allclose(soft.mean(1), noise.mean(1), atol=1e-5)
    assert colour_grain(soft) < 0.3 * colour_grain(noise)
    assert blurred_colour(noise, 0.0) is noise


def test_an_even_colour_stays_as_it_is_up_to_the_border() -> None:
    even = torch.tensor([0.4, 0.1, -0.6]).view(1, 3, 1, 1).expand(1, 3, 16, 16)
    assert torch.allclose(blurred_colour(even, 1.2), even, atol=1e-6)


def test_a_picture_does_not_depend_on_its_neighbours_in_the_batch() -> None:
    pictures = torch.randn(3, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    assert blurred_colour(pictures, 0.7)[1].equal(blurred_colour(pictures.flip(0), 0.7)[1])
    assert colour_grain(pictures) == pytest.approx(colour_grain(pictures.flip(0)))
