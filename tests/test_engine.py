"""The engine: the same picture in any company, failures set aside, memory that runs out, a stop in the middle."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny import CLASSES, recipe, tiny_weights

from render.engine.ahead import ahead
from render.engine.batches import Batches, best_batch
from render.engine.cause import cause
from render.engine.executor import LocalExecutor, compile_network
from render.engine.frames import Frame, frames_of
from render.engine.ledger import Ledger, seconds_for, spoken
from render.engine.loop import GivenUp, Loop, Made, SetAside
from render.engine.plan import Item
from render.engine.split import Split, Splits, choices
from render.engine.stop import Stop
from render.errors import NonesuchError
from render.noise import Floats
from render.recipe import Keyframe, Recipe, Walk
from render.weights import load_card, weights_hash


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_weights(tmp_path_factory.mktemp("weights") / "tiny")


def executor(weights: Path, batch: int = 4) -> LocalExecutor:
    return LocalExecutor({weights_hash(weights): weights}, batch=batch)


def walk(weights: Path, frames: int = 10) -> Recipe:
    stations = tuple(Keyframe(seed, CLASSES[seed], "efigi") for seed in (1, 2, 3))
    loop = Walk("spline", frames, stations)
    start = stations[0]
    settings = ("flow", weights_hash(weights), start.seed, "ab2", 3, 1.5, 24)
    return Recipe(*settings, kind="walk", class_name=start.class_name, source="efigi", walk=loop)


def items(weights: Path, count: int, *walks: Recipe) -> list[Item]:
    made = [Item("galaxies", n, recipe(weights, n)) for n in range(count)]
    return made + [Item("galaxies", n, one) for n, one in enumerate(walks)]


class Collected:
    """A sink that keeps what it gets."""

    def __init__(self) -> None:
        self.made: dict[str, Made[Floats]] = {}
        self.aside: list[SetAside] = []
        self.given_up: list[GivenUp] = []

    def __call__(self, event: Made[Floats] | SetAside | GivenUp | None) -> None:
        if isinstance(event, Made):
            assert event.item.recipe.id not in self.made, "made twice"
            self.made[event.item.recipe.id] = event
        elif isinstance(event, GivenUp):
            self.given_up.append(event)
        elif event is not None:
            self.aside.append(event)


def stack(item: Item, pictures: Iterator[Floats]) -> Floats:
    return np.stack(list(pictures))


def run(loop_executor: LocalExecutor, plan: Sequence[Item], encode=stack, stop: Stop | None = None) -> Collected:
    sink = Collected()
    Loop(loop_executor, encode, sink, stop=stop or Stop(), ledger=Ledger(), threads=2).run(plan)
    return sink


def test_a_picture_is_the_same_alone_with_three_and_with_eight(weights: Path) -> None:
    one = executor(weights, batch=8)
    shape, mapping = one.noise_shape(recipe(weights, 0)), load_card(weights).mapping
    frames = [next(frames_of(recipe(weights, n), shape)) for n in range(8)]

    def pixels(some: list[Frame]) -> list[bytes]:
        return [mapping.to_display(data).tobytes() for data in one.pictures(some)]

    eight = pixels(frames)
    assert len(set(eight)) == 8, "different recipes must give different pictures"
    assert pixels(frames[2:5]) == eight[2:5]
    assert pixels([frames[7]]) == [eight[7]]
    assert pixels(frames[::-1]) == eight[::-1]


def test_the_number_of_cores_does_not_change_a_picture(weights: Path) -> None:
    folders = {weights_hash(weights): weights}
    plan = items(weights, 7)
    one, many = (run(LocalExecutor(folders, batch=2, lanes=lanes), plan) for lanes in (1, 3))
    assert len(one.made) == 7
    for identity, made in one.made.items():
        assert np.array_equal(made.result, many.made[identity].result)


def test_another_batch_shape_is_near(weights: Path) -> None:
    shape = executor(weights).noise_shape(recipe(weights, 3))
    frame = next(frames_of(recipe(weights, 3), shape))
    mapping = load_card(weights).mapping
    a, b = (mapping.to_display(executor(weights, n).pictures([frame])[0]).astype(float) for n in (1, 8))
    error = np.mean((a - b) ** 2)
    assert error == 0 or 10 * np.log10(255**2 / error) >= 45, "what the design promises for other shapes, in dB"


def test_a_walk_is_a_closed_loop_whose_frames_stream_through_the_same_batches(weights: Path) -> None:
    plan = items(weights, 3, walk(weights))
    sink = run(executor(weights), plan)
    frames = sink.made[plan[-1].recipe.id].result
    assert frames.shape == (10, 3, 24, 24)
    steps = [float(np.abs(frames[i] - frames[i - 1]).mean()) for i in range(10)]  # i = 0 is the seam
    assert steps[0] < 2 * max(steps[1:]), "the step over the seam is a step like the others"
    alone = run(executor(weights), plan[-1:]).made[plan[-1].recipe.id].result
    assert np.array_equal(frames, alone), "a walk's frames do not depend on what was in the batch with them"


def test_a_bad_exhibit_is_tried_three_times_and_the_others_are_made(weights: Path) -> None:
    plan = items(weights, 6)
    tries = []

    def encode(item: Item, pictures: Iterator[Floats]) -> Floats:
        if item.ordinal == 2:
            tries.append(item)
            raise OSError("cannot write /home/someone/gallery/store/ab/cd.png")
        return stack(item, pictures)

    sink = run(executor(weights), plan, encode)
    assert len(tries) == 3
    assert [(one.item.ordinal, one.attempts) for one in sink.aside] == [(2, 3)]
    assert "cd.png" in sink.aside[0].cause
    assert "someone" not in sink.aside[0].cause
    assert len(sink.made) == 5


def test_neighbours_of_a_frame_that_breaks_its_batch_are_not_blamed(weights: Path) -> None:
    class Breaking(LocalExecutor):
        def pictures(self, frames: Sequence[Frame]) -> Floats:
            if any(frame.a.seed == 1 for frame in frames):
                raise ValueError("a bad one")
            return super().pictures(frames)

    breaking = Breaking({weights_hash(weights): weights}, batch=4)
    plan = items(weights, 5)
    sink = run(breaking, plan)
    assert [one.item.ordinal for one in sink.aside] == [1]
    whole = run(executor(weights), plan)
    for identity, made in sink.made.items():
        assert np.array_equal(made.result, whole.made[identity].result), "made alone, the pixels are the same"


def test_memory_that_runs_out_halves_the_batch(weights: Path) -> None:
    tried: list[int] = []

    class Small(LocalExecutor):
        def _padded(self, frames: Sequence[Frame]) -> Floats:
            tried.append(self.batch)
            if self.batch > 2:
                raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
            return super()._padded(frames)

    small = Small({weights_hash(weights): weights}, batch=8)
    sink = run(small, items(weights, 8))
    assert small.batch == 2
    assert list(dict.fromkeys(tried)) == [8, 4, 2], "halved once each, and for the whole run"
    assert len(sink.made) == 8
    assert {made.batch for made in sink.made.values()} == {2}


def test_a_size_that_fitted_is_remembered_for_that_model(weights: Path, tmp_path: Path) -> None:
    """Every night would begin with the same accident."""

    class Small(LocalExecutor):
        def _padded(self, frames: Sequence[Frame]) -> Floats:
            assert self.batch <= 2 or not remembered, "this size did not fit yesterday"
            if self.batch > 2:
                raise MemoryError
            return super()._padded(frames)

    folders, file = {weights_hash(weights): weights}, tmp_path / "state" / "batches.json"
    remembered = False
    run(Small(folders, batch=8, batches=Batches(file)), items(weights, 4))
    remembered = True
    again = Small(folders, batch=8, batches=Batches(file))
    assert len(run(again, items(weights, 4)).made) == 4
    assert again.batch == 2
    file.write_text("[]")
    assert Batches(file).get("x", "fits") is None, "a damaged cache is no reason to stop"


def test_a_long_run_finds_how_cores_are_best_shared_and_the_next_one_knows(weights: Path, tmp_path: Path) -> None:
    """With what was guessed, every night on that machine would be as much longer."""
    one, usual = LocalExecutor({weights_hash(weights): weights}, batch=1, lanes=2), Split(2, 2)
    plan, file = items(weights, 60), tmp_path / "batches.json"
    seen: list[tuple[str, Split]] = []

    class Told(Splits):
        """Tells how fast each was, so that a busy machine makes no other test of it."""

        def tried(self, key: str, frames: int, seconds: float) -> None:
            split = Split(one.lanes, loop.threads)
            seen.append((key, split))
            super().tried(key, frames, frames / {Split(1, 2): 3.0, Split(2, 1): 2.9}.get(split, 2.8))

    sink = Collected()
    splits = Told(Batches(file), usual, trying=True)
    loop = Loop(one, stack, sink, stop=Stop(), ledger=Ledger(), threads=2, splits=splits)
    loop.run(plan)
    assert len(sink.made) == 60, "a trial's pictures are made once, and kept"
    assert [split for _, split in seen] == choices(usual) * 2
    assert (one.lanes, loop.threads) == (1, 2)
    key = seen[0][0]
    assert Splits(Batches(file), usual, trying=True).next(key) is None
    assert Splits(Batches(file), usual, trying=False).best(key) == Split(1, 2)
    assert Splits(Batches(file), usual, trying=True).best("another machine") == usual
    alike = Splits(Batches(), usual, trying=True)
    while (split := alike.next(key)) is not None:
        alike.tried(key, 100, 100 / (1.04 if split == Split(2, 1) else 1.0))
    assert alike.best(key) == usual, "a difference that small is chance"


def test_the_batch_is_as_large_as_it_is_worth(weights: Path) -> None:
    assert best_batch(lambda n: 1.0 + n / 100) == 512, "a launch costs far more than a picture"
    assert best_batch(lambda n: n / 10) == 4, "twice as many take twice as long"
    assert best_batch(lambda n: 1.0 + n / 100 if n <= 64 else None) == 64, "no more fit"
    one = executor(weights)
    assert (one._timed(recipe(weights, 1), 2) or 0) > 0
    assert one.batch == 4


def test_a_collection_that_only_fails_is_given_up_and_the_others_go_on(weights: Path) -> None:
    """A broken collection of ten thousand would take the whole night, three times over."""

    class Selective(LocalExecutor):
        tried = 0

        def pictures(self, frames: Sequence[Frame]) -> Floats:
            if any(frame.a.class_name == CLASSES[1] for frame in frames):
                Selective.tried += len(frames)
                raise ValueError("no such class")
            return super().pictures(frames)

    bad = [Item("bad", n, replace(recipe(weights, n), class_name=CLASSES[1])) for n in range(400)]
    good = [Item("good", n, replace(recipe(weights, 1000 + n), class_name=CLASSES[0])) for n in range(40)]
    plan = [item for pair in zip(bad[:40], good, strict=True) for item in pair] + bad[40:]
    sink = run(Selective({weights_hash(weights): weights}, batch=4), plan)
    assert {made.item.collection for made in sink.made.values()} == {"good"}
    assert len(sink.made) == 40
    assert [(one.collection, one.cause) for one in sink.given_up] == [("bad", "ValueError: no such class")]
    assert Selective.tried < 300, "and not 400 three times"


def test_weights_that_vanish_end_their_collection_only(weights: Path, tmp_path: Path) -> None:
    other = tiny_weights(tmp_path / "other", seed=1)
    folders = {weights_hash(weights): weights, weights_hash(other): other}
    plan = items(weights, 5) + [Item("others", n, recipe(other, n)) for n in range(5)]
    (other / "model.safetensors").unlink()
    sink = run(LocalExecutor(folders, batch=4), plan)
    assert {made.item.collection for made in sink.made.values()} == {"galaxies"}
    assert len(sink.made) == 5
    assert "model.safetensors is missing" in sink.given_up[0].cause
    assert str(tmp_path) not in sink.given_up[0].cause
    with pytest.raises(NonesuchError, match="is missing though the card lists it"):
        run(LocalExecutor(folders, batch=4), plan[5:])


def test_a_walk_of_a_collection_that_is_given_up_does_not_hang_the_run(weights: Path) -> None:
    class Vanishing(LocalExecutor):
        calls = 0

        def pictures(self, frames: Sequence[Frame]) -> Floats:
            Vanishing.calls += 1
            if Vanishing.calls > 2:
                raise NonesuchError("the weights are gone.")
            return super().pictures(frames)

    films = [Item("galaxies", 0, walk(weights, frames=40))]
    with pytest.raises(NonesuchError, match="the weights are gone"):
        run(Vanishing({weights_hash(weights): weights}, batch=4, lanes=1), films)


def test_memory_does_not_grow_with_the_night(weights: Path) -> None:
    """A hundred thousand exhibits would not fit; benchmarks/bookkeeping.py really makes them."""

    class Black(LocalExecutor):
        def pictures(self, frames: Sequence[Frame]) -> Floats:
            return np.zeros((len(frames), 3, 24, 24), np.float32)

    held: list[int] = []

    def sink(event: Made[None] | SetAside | GivenUp | None) -> None:
        if isinstance(event, Made) and event.item.ordinal in (500, 2000):
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])

    def kept(item: Item, pictures: Iterator[Floats]) -> str:
        next(pictures)
        return "kept"

    first = recipe(weights, 1)
    recipes = (Item("galaxies", n, replace(first, seed=n)) for n in range(2050))
    tracemalloc.start()
    try:
        black = Black({weights_hash(weights): weights}, batch=8)
        Loop(black, kept, sink, stop=Stop(), ledger=Ledger(), threads=2).run(recipes)
    finally:
        tracemalloc.stop()
    before, after = held
    assert after - before < 150_000, "a hundred bytes an exhibit would be more"


def test_a_family_that_cannot_be_compiled_says_so(weights: Path) -> None:
    class Plain:
        card = load_card(weights)

    with pytest.raises(NonesuchError, match=r"the family 'flow' cannot be compiled: leave out render\.compile"):
        compile_network(Plain())


def test_too_little_memory_for_one_picture_is_a_sentence(weights: Path) -> None:
    class Tiny(LocalExecutor):
        def _padded(self, frames: Sequence[Frame]) -> Floats:
            raise MemoryError

    with pytest.raises(NonesuchError, match="not enough memory on 'cpu' for one picture of 24 px"):
        run(Tiny({weights_hash(weights): weights}, batch=2), items(weights, 2))


def test_a_stop_finishes_the_batch_in_hand_and_gives_up_the_walk(weights: Path) -> None:
    stop = Stop()
    plan = items(weights, 6, walk(weights))

    def encode(item: Item, pictures: Iterator[Floats]) -> Floats:
        stop.requested = True
        return stack(item, pictures)

    sink = run(executor(weights), plan, encode, stop)
    assert 4 <= len(sink.made) < 7
    assert not sink.aside
    assert plan[-1].recipe.id not in sink.made


def test_when_nothing_can_be_made_the_run_says_why(weights: Path) -> None:
    def encode(item: Item, pictures: Iterator[Floats]) -> Floats:
        raise ValueError("no encoder for AVIF")

    with pytest.raises(NonesuchError, match="no encoder for AVIF"):
        run(executor(weights), items(weights, 16), encode)


def test_an_encoder_that_dies_in_a_long_walk_does_not_hang_the_run(weights: Path) -> None:
    def encode(item: Item, pictures: Iterator[Floats]) -> Floats:
        next(pictures)
        raise ValueError("the encoder went away")

    sink = run(executor(weights, batch=8), [Item("galaxies", 0, walk(weights, frames=40))], encode)
    assert [one.item.ordinal for one in sink.aside] == [0]


def test_work_ahead_raises_where_it_would_have_been_needed() -> None:
    def work() -> Iterator[int]:
        yield 1
        raise KeyError("gone")

    got = ahead(work())
    assert next(got) == 1
    with pytest.raises(KeyError, match="gone"):
        next(got)


def test_the_ledger_estimates_from_earlier_runs() -> None:
    old = {"render": {"seconds": 100.0, "items": 50}, "bake": {"seconds": 1.0, "items": 50}}
    new = {"render": {"seconds": 60.0, "items": 20}, "bake": {"seconds": 0.1, "items": 0}}
    assert seconds_for({"render": 10, "bake": 50}, [new, old]) == pytest.approx(31.0)
    assert seconds_for({"classify": 1}, [new, old]) is None
    assert [spoken(3.21), spoken(59.7), spoken(200), spoken(7500)] == ["3.2 s", "1 min 0 s", "3 min 20 s", "2 h 5 min"]


def test_a_cause_is_one_line_without_the_makers_paths() -> None:
    assert cause(OSError("bad:\n/home/ada/night/store/ab/x.png is short")) == "OSError: bad: x.png is short"
    assert cause(ValueError()) == "ValueError"
