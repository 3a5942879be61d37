"""The machines of a Ray cluster at work on one plan: one worker a GPU, or a core, and one driver that keeps what comes.

Ray starts the workers, carries items out and files back, and says which worker was lost; when it may start machines
(its autoscaler), asking for more workers than there is room for is what makes it do so. Here is only what Ray cannot
know: how many items make a minute, that a lost worker's items are drawn again, and that an item which always takes its
worker with it is set aside. Nothing is drawn twice into the catalogue, because a batch of items is kept when it
came back whole, or not at all.
"""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from render.engine.ledger import Ledger
from render.engine.loop import HOPELESS, TRIES, GivenUp, Made, SetAside, Sink
from render.engine.plan import Item
from render.engine.stop import Brake
from render.engine.versions import versions
from render.engine.worker import Parcel, Result, Worker
from render.errors import NonesuchError
from render.media import Encoded, Store
from render.recipe import Recipe

MINUTE = 60.0
"""Seconds of work that are sent to a worker at once: long beside the sending, short beside what its loss costs."""
LIFE = 3600.0
"""Seconds after which a worker gives way to a fresh one: whatever leaks, in a driver or a library, goes with it."""
FIRST = 8
"""Frames that are sent before a pace is known."""
STILLBORN = 3
"""So many workers in a row that never answered, and the cause is not in the machines."""
LOST = "its worker was lost each time that it drew this alone: out of memory, or a crash"


class Cluster:
    """What the render stage knows of a cluster. workers: how many to ask for; as many as the cluster has room for when
    left out, also as it grows.
    """

    def __init__(self, parcel: Parcel, workers: int | None = None) -> None:
        self.parcel, self.workers = parcel, workers
        self.device, self.precision, self.compiled = parcel.device, parcel.precision, parcel.compiled
        self.batch = parcel.batch or FIRST
        self.lost = 0
        self._shapes: dict[tuple[str, ...], tuple[int, int, int]] = {}
        self._ray = connected()
        self.gpu = parcel.device != "cpu"
        if self.gpu and not self._ray.cluster_resources().get("GPU") and workers is None:
            raise NonesuchError(
                'no machine of this Ray cluster has a GPU: set render.device to "cpu", or say --workers.'
            )

    @property
    def lanes(self) -> int:
        """How many workers there should be now."""
        return self.workers or max(1, int(self._ray.cluster_resources().get("GPU" if self.gpu else "CPU", 1)))

    def noise_shape(self, recipe: Recipe) -> tuple[int, int, int]:
        """As the worker that drew with the recipe's networks says."""
        return self._shapes[recipe.networks]

    def know(self, shapes: Mapping[tuple[str, ...], tuple[int, int, int]]) -> None:
        """Remember what a worker said."""
        self._shapes.update(shapes)


def connected() -> Any:
    """Ray, in touch with the cluster that RAY_ADDRESS names, or with one that it starts on this machine alone."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # otherwise it reports to its makers
    try:
        import ray
    except ImportError:
        raise NonesuchError("--executor ray needs Ray: install it with `pip install 'nonesuch[ray]'`.") from None
    if not ray.is_initialized():
        quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
        address = os.environ.get("RAY_ADDRESS")
        try:
            if address:
                ray.init(address=address, **quiet)
            else:
                ray.init(address="local", include_dashboard=False, **quiet)
        except (ConnectionError, RuntimeError, ValueError) as error:
            where = address or "this machine"
            raise NonesuchError(f"no Ray cluster answers at {where} ({' '.join(str(error).split())[:160]}).") from None
    return ray


@dataclass
class _Hired:
    actor: Any
    since: float = field(default_factory=time.monotonic)


@dataclass
class _Hand:
    worker: _Hired
    items: list[Item]
    since: float = field(default_factory=time.monotonic)

    @property
    def frames(self) -> int:
        return sum(item.frames for item in self.items)


class ClusterLoop:
    """Draws items on a cluster; the sink gets what the loop of one machine would give it, on this thread.

    store: where the files go that workers give back. finish: what is done to an exhibit's files here, such as signing
    them with a key that no other machine has. hold: told of the frames that are on their way.
    """

    def __init__(
        self,
        cluster: Cluster,
        store: Store,
        sink: Sink[Encoded],
        *,
        stop: Brake,
        ledger: Ledger,
        tick: Callable[[int], None],
        hold: Callable[[int], None],
        finish: Callable[[Encoded], Encoded] = lambda encoded: encoded,
    ) -> None:
        self.cluster, self.store, self.sink = cluster, store, sink
        self.stop, self.ledger, self.tick, self.hold = stop, ledger, tick, hold
        self.finish = finish
        self.given_up: dict[str, str] = {}
        self._ray = cluster._ray
        self._todo = Todo(())
        self._starting: dict[Any, _Hired] = {}
        self._idle: list[_Hired] = []
        self._busy: dict[Any, _Hand] = {}
        self._alone: Counter[tuple[str, str, int]] = Counter()
        self._streak: Counter[str] = Counter()
        self._seen: set[str] = set()
        self._made, self._stillborn = 0, 0

    def run(self, items: Iterable[Item]) -> None:
        """Until every item is made or set aside, or a stop was asked for: then what is on its way is waited for.

        Raises NonesuchError when every collection was given up and nothing was made, or no worker can be started.
        """
        self._todo = Todo(items)
        self._parcel = self._ray.put(self.cluster.parcel)
        try:
            while self._busy or not (self._stopping() or self._todo.empty):
                if not self._stopping():
                    self._hire()
                    self._send()
                self._receive()
        finally:
            for one in chain(self._starting.values(), self._idle, (hand.worker for hand in self._busy.values())):
                self._ray.kill(one.actor)
        if self._seen and not self._made and self._seen <= self.given_up.keys():
            raise NonesuchError(f"nothing could be made: {next(iter(self.given_up.values()))}.")

    def _stopping(self) -> bool:
        return self.stop.requested

    def _hire(self) -> None:
        """As many workers as there should be; those for which there is no room yet wait at Ray."""
        there = len(self._starting) + len(self._idle) + len(self._busy)
        for _ in range(self.cluster.lanes - there):
            gpus = int(self.cluster.gpu)
            share = max((int(n["Resources"].get("GPU", 0)) for n in self._ray.nodes()), default=1) if gpus else 0
            hired = self._ray.remote(num_cpus=1, num_gpus=gpus, max_restarts=0)(Worker)
            actor = hired.remote(self._parcel, max(share, gpus))
            self._starting[actor.about.remote()] = _Hired(actor)

    def _send(self) -> None:
        in_hand = sum(hand.frames for hand in self._busy.values())
        while self._idle:
            items = self._todo.take(self.given_up)
            if not items:
                return
            self._seen.update(item.collection for item in items)
            hand = _Hand(self._idle.pop(), items)
            in_hand += hand.frames
            self.hold(in_hand)
            self._busy[hand.worker.actor.draw.remote(items)] = hand

    def _receive(self) -> None:
        waited = [*self._starting, *self._busy]
        ready, _ = self._ray.wait(waited, timeout=1.0) if waited else ([], [])
        for ref in ready:
            if ref in self._starting:
                self._welcome(ref, self._starting.pop(ref))
            else:
                self._take(ref, self._busy.pop(ref))
        self.sink(None)

    def _welcome(self, ref: Any, worker: _Hired) -> None:
        try:
            theirs, mine = self._ray.get(ref), dict(versions())
        except self._ray.exceptions.RayError as error:
            self._stillborn += 1
            if self._stillborn >= STILLBORN:
                told = " ".join(str(error).split())[-200:]
                raise NonesuchError(f"no worker of the Ray cluster can be started: {told}") from None
            return
        self._stillborn = 0
        if theirs != mine:
            other = ", ".join(f"{name} {theirs.get(name)}" for name in mine if theirs.get(name) != mine[name])
            raise NonesuchError(
                f"a machine of the cluster has {other}, this one has others: install the same everywhere, or pictures "
                "would depend on who drew them."
            )
        self._idle.append(worker)

    def _take(self, ref: Any, hand: _Hand) -> None:
        try:
            result: Result = self._ray.get(ref)
        except NonesuchError as error:  # raised over there; Ray gives it two ancestors
            raise NonesuchError(str(getattr(error, "cause", error))) from None
        except self._ray.exceptions.RayTaskError:
            raise
        except self._ray.exceptions.RayError:  # the worker, or its machine, is gone
            self._lost(hand.items)
            return
        seconds = time.monotonic() - hand.since
        self._todo.pace(hand.items, seconds)
        self.cluster.know(result.shapes)
        workers = max(1, len(self._busy) + 1)
        for name, (took, count) in result.parts.items():
            self.ledger.add("render", name, took / workers, count)
        for event in result.events:
            self._event(event, result.files)
        self.tick(hand.frames)
        if time.monotonic() - hand.worker.since < LIFE:
            self._idle.append(hand.worker)
        else:
            self._ray.kill(hand.worker.actor)

    def _event(self, event: Made[Encoded] | SetAside | GivenUp, files: Mapping[str, bytes]) -> None:
        if isinstance(event, GivenUp):
            self._give_up(event.collection, event.cause)
        elif isinstance(event, SetAside):
            self.sink(event)
            self._streak[event.item.collection] += TRIES
            if self._streak[event.item.collection] >= HOPELESS:
                self._give_up(event.item.collection, event.cause)
        else:
            for medium in event.result.media:
                if medium.key in files:
                    self.store.put(files[medium.key], medium.key.rpartition(".")[2])
            self._made += 1
            self._streak[event.item.collection] = 0
            self.sink(replace(event, result=self.finish(event.result)))

    def _lost(self, items: list[Item]) -> None:
        """Draw them again; in two halves, so that one which takes its worker with it is soon alone."""
        self.cluster.lost += 1
        if len(items) > 1:
            half = len(items) // 2
            self._todo.again(items[:half], items[half:])
            return
        (item,) = items
        self._alone[item.key] += 1
        if self._alone[item.key] < TRIES:
            self._todo.again(items)
        else:
            self._event(SetAside(item, LOST, TRIES), {})

    def _give_up(self, slug: str, cause: str) -> None:
        if slug not in self.given_up:
            self.given_up[slug] = cause
            self.sink(GivenUp(slug, cause))


class Todo:
    """What is still to be sent, in portions of about a minute, each of one network's."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._items: Iterator[Item] = iter(items)
        self._again: deque[list[Item]] = deque()
        self._next: Item | None = next(self._items, None)
        self._rates: dict[tuple[str, ...], float] = {}

    @property
    def empty(self) -> bool:
        return self._next is None and not self._again

    def again(self, *portions: list[Item]) -> None:
        """What comes first."""
        self._again.extendleft(reversed(portions))

    def pace(self, items: list[Item], seconds: float) -> None:
        """What a worker took for a portion."""
        self._rates[items[0].recipe.networks] = sum(item.frames for item in items) / max(seconds, 0.001)

    def take(self, without: Iterable[str] = ()) -> list[Item]:
        """The next portion, less collections that were given up; empty when there is nothing left."""
        while self._again:
            portion = [item for item in self._again.popleft() if item.collection not in without]
            if portion:
                return portion
        taken: list[Item] = []
        frames = 0
        while self._next is not None and (not taken or self._fits(taken[0], self._next, frames)):
            if self._next.collection not in without:
                taken.append(self._next)
                frames += self._next.frames
            self._next = next(self._items, None)
        return taken

    def _fits(self, first: Item, item: Item, frames: int) -> bool:
        rate = self._rates.get(first.recipe.networks)
        enough = FIRST if rate is None else MINUTE * rate
        return item.recipe.networks == first.recipe.networks and frames + item.frames <= enough
