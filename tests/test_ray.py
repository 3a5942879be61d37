"""A night on a Ray cluster of two nodes, of which one dies: the same pictures, nothing lost and nothing twice."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from killing import public
from tiny import recipe, tiny_gallery, tiny_weights

from render.catalogue import Catalogue
from render.config import load_gallery
from render.engine import cluster as clusters
from render.engine.cluster import ClusterLoop, Todo
from render.engine.ledger import Ledger
from render.engine.plan import Item
from render.engine.stop import Stop
from render.engine.worker import Result
from render.media import Store
from render.stages import make
from render.stages.report import Report
from render.stages.spreading import ray_executor


@pytest.fixture(scope="module")
def machines() -> Iterator[Any]:
    """Two nodes with a core each."""
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'nonesuch[ray]'")
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_worker_niceness", "0")  # of itself Ray starts workers with 15
        memory = {"object_store_memory": 100 * 2**20}
        found = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False, **memory})
        found.second = found.add_node(num_cpus=1, **memory)
        ray.init(address=found.address, log_to_driver=False, logging_level="ERROR")
        yield found
        ray.shutdown()
        found.shutdown()


class Killer(Report):
    """Takes the second machine away when the third exhibit is there, and counts what comes."""

    def __init__(self, machines: Any) -> None:
        self.machines, self.seen = machines, list[tuple[str, int]]()

    def made(self, item: Item, seconds: float) -> None:
        self.seen.append((item.collection, item.ordinal))
        if len(self.seen) == 3:
            self.machines.remove_node(self.machines.second, allow_graceful=False)


def pictures(folder: Path) -> dict[str, str | None]:
    with Catalogue(folder / "catalogue.sqlite") as catalogue:
        return {one.id: one.pixel_hash for one, _ in catalogue.exhibits()}


@pytest.mark.slow
def test_a_machine_that_dies_in_the_night_loses_nothing_and_nothing_comes_twice(
    machines: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters, "MINUTE", 0.0)  # one exhibit at a time, so that there is much to lose
    monkeypatch.setattr(clusters, "FIRST", 2)
    spread, alone = tmp_path / "spread", tmp_path / "alone"
    tiny_weights(spread / "tiny")
    (spread / "gallery.toml").write_text(tiny_gallery(count=10))
    shutil.copytree(spread, alone)
    killer, made = Killer(machines), []

    def executor(*given: Any) -> Any:
        made.append(ray_executor()(*given))
        return made[0]

    outcome = make(load_gallery(spread), killer, make_executor=executor)
    assert (outcome.exit_code, outcome.shown) == (0, 10)
    assert sorted(killer.seen) == [("galaxies", ordinal) for ordinal in range(10)]
    assert made[0].lost >= 1
    make(load_gallery(alone), Report())
    assert pictures(spread) == pictures(alone)
    assert {name for name in public(spread) if name.startswith("media/")} == {
        name for name in public(alone) if name.startswith("media/")
    }


def test_portions_are_about_a_minute_of_one_network_and_what_was_lost_comes_first(tmp_path: Path) -> None:
    one, other = tiny_weights(tmp_path / "one"), tiny_weights(tmp_path / "other", seed=1)
    items = [Item("a", n, recipe(one, n)) for n in range(100)] + [Item("b", n, recipe(other, n)) for n in range(5)]
    todo = Todo(items)
    first = todo.take()
    assert len(first) == clusters.FIRST
    todo.pace(first, seconds=8.0)  # one a second
    assert len(todo.take()) == 60
    todo.again(first[:4], first[4:])
    assert [todo.take(), todo.take()] == [first[:4], first[4:]]
    assert len(todo.take()) == 32, "a portion ends where other weights begin"
    assert [len(todo.take(without=["b"])), todo.empty] == [0, True]


def test_an_exhibit_that_takes_its_worker_with_it_is_soon_alone_and_then_set_aside(tmp_path: Path) -> None:
    weights = tiny_weights(tmp_path / "one")
    items = [Item("a", n, recipe(weights, n)) for n in range(4)]
    told: list[Any] = []
    nobody = SimpleNamespace(lost=0, _ray=None)
    quiet = {"stop": Stop(), "ledger": Ledger(), "tick": lambda frames: None, "hold": lambda frames: None}
    loop = ClusterLoop(nobody, Store(tmp_path), told.append, **quiet)  # type: ignore[arg-type]  # nobody is no cluster
    portion = items
    while len(portion) > 1:
        loop._lost(portion)
        portion, other = loop._todo.take(), loop._todo.take()
        assert portion + other == items[: 2 * len(portion)], "both halves are drawn again"
    for _ in range(2):
        loop._lost(portion)
        assert loop._todo.take() == portion
        assert told == []
    loop._lost(portion)
    assert loop._todo.empty
    assert [(event.item.ordinal, event.attempts) for event in told] == [(0, 3)]
    assert "its worker was lost" in told[0].cause


@pytest.mark.parametrize("age", [10.0, clusters.LIFE + 10])
def test_a_worker_that_is_old_gives_way_after_the_portion_in_hand(tmp_path: Path, age: float) -> None:
    """What leaks in a driver or a library would fill a machine in the small hours."""
    weights = tiny_weights(tmp_path / "one")
    items = [Item("a", n, recipe(weights, n)) for n in range(2)]
    ended: list[Any] = []
    ray = SimpleNamespace(get=lambda portion: portion, kill=ended.append)
    quiet = {"stop": Stop(), "ledger": Ledger(), "tick": lambda frames: None, "hold": lambda frames: None}
    crew = SimpleNamespace(_ray=ray, know=lambda shapes: None)
    loop = ClusterLoop(crew, Store(tmp_path), lambda event: None, **quiet)  # type: ignore[arg-type]  # no cluster
    worker = clusters._Hired("actor", since=time.monotonic() - age)
    loop._take(Result([], {}, {}, 1.0), clusters._Hand(worker, items))
    assert (ended, loop._idle) == ((["actor"], []) if age > clusters.LIFE else ([], [worker]))
