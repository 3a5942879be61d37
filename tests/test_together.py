"""A collection as a whole: a generator that draws the same galaxy again must not pass for one that invents."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from render.errors import NonesuchError
from render.evidence import Evidence, plant_copies
from render.evidence.copies import Alteration
from render.evidence.neighbours import nearest_others
from render.evidence.thumbnails import decoded
from render.evidence.together import bootstrap, twins
from render.resources import resource

pytestmark = pytest.mark.filterwarnings("ignore")


def test_a_turned_twin_is_found_and_different_galaxies_are_not() -> None:
    torch.set_num_threads(1)
    evidence = Evidence.load(resource("weights") / "galaxy-copydetector")
    assert evidence.reference is not None
    picked = np.random.default_rng(2).choice(len(evidence.reference), 12, replace=False)
    shown = [decoded(evidence.thumbnail(int(i))) for i in picked]
    alike = plant_copies(shown[:2], Alteration(angle=40, brightness=0.1), seed=1)
    pictures = torch.cat([torch.from_numpy(np.stack(shown)).permute(0, 3, 1, 2) / 127.5 - 1, torch.from_numpy(alike)])
    found = twins(evidence, len(pictures), lambda place: pictures[place])
    assert {(pair.one, pair.other) for pair in found} == {(0, 12), (1, 13)}


def test_a_share_has_a_bootstrap_interval() -> None:
    told = bootstrap([True] * 80 + [False] * 20)
    assert told["authentic"] == 0.8
    low, high = told["interval"]
    assert 0.70 < low < 0.74  # two standard errors of 100 at 0.8 are 0.08
    assert 0.86 < high < 0.90
    assert bootstrap([]) == {"pictures": 0}


def test_a_large_set_finds_the_same_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    found = normalize(torch.randn(2000, 64, generator=torch.Generator().manual_seed(0)), dim=1)
    distance, which = nearest_others(found)
    fast, nearly = nearest_others(found, large=1000)
    assert (which == nearly).float().mean() > 0.95  # a graph misses a few; in random directions all are far
    assert torch.allclose(distance[which == nearly], fast[which == nearly], atol=1e-5)
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(NonesuchError, match=r"pip install 'nonesuch\[many\]'"):
        nearest_others(found, large=1000)
