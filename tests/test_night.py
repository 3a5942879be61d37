"""The night: a deadline with a whole site, turns, endless seeds, what failed tried again."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic, sleep

import pytest
from commanding import nonesuch
from tiny import tiny_gallery, tiny_weights

from render.catalogue import FILE, Catalogue
from render.config import Gallery, load_gallery
from render.engine import deadline
from render.engine.deadline import Deadline, lasting, until
from render.engine.executor import LocalExecutor
from render.engine.frames import Frame
from render.engine.ledger import Account, Ledger
from render.engine.plan import make_plan
from render.engine.sources import sources
from render.engine.stop import Stop
from render.engine.turns import in_turns
from render.errors import UsageError
from render.noise import Floats
from render.stages import Outcome, Wish, make
from render.stages.forecast import forecast
from render.stages.keeping import check
from render.stages.live import running
from render.stages.report import LineReport, Report
from render.stages.status import status

WALK = '[[walk]]\ncollection = "moons"\nslug = "loop"\nframes = 8\nkeyframes = [{ seed = 1 }, { seed = 2 }]\n'


def settings(count: int, priority: int = 1, own: str = "") -> str:
    """Two collections of as many exhibits; own: more lines of the first."""
    moons = 'slug = "moons"\ntitle = "moon"\nweights = "./tiny"\nseeds = "1000000-"\n'
    return tiny_gallery(count, f"priority = {priority}\n{own}\n[[collection]]\n{moons}count = {count}")


def gallery(folder: Path, count: int = 6, priority: int = 1, more: str = "") -> Gallery:
    if not (folder / "tiny").exists():
        tiny_weights(folder / "tiny")
    (folder / "gallery.toml").write_text(settings(count, priority) + more)
    return load_gallery(folder)


def shown(gallery: Gallery) -> dict[tuple[str, str], int]:
    with Catalogue(gallery.folder / FILE) as catalogue:
        return {(c, k): n for (c, k, state), n in catalogue.counts().items() if state == "shown"}


class Heard(Report):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


class Clock:
    """What `ticks` reads, so that a night takes as long on a busy machine as on a quiet one."""

    now = 1000.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    mine = Clock()
    monkeypatch.setattr(deadline, "ticks", lambda: mine.now)
    return mine


def slowly(gallery: Gallery, wish: Wish, clock: Clock) -> Outcome:
    """On a device that takes a hundred seconds for a batch."""

    class Slow(LocalExecutor):
        def pictures(self, frames: Sequence[Frame]) -> Floats:
            clock.now += 100
            return super().pictures(frames)

    return make(gallery, Report(), make_executor=lambda g, folders: Slow(folders, batch=4, lanes=1), wish=wish)


def test_times_are_read_as_a_person_means_them() -> None:
    evening = datetime(2026, 11, 21, 22, 30)
    assert until("07:00", evening).seconds == timedelta(hours=8.5).total_seconds()
    assert until("22:31", evening).seconds == 60
    assert until("2026-11-21T23:00", evening).seconds == 1800
    assert [lasting(text).seconds for text in ("8h", "90min", "1h30m", "45s", "1.5h")] == [28800, 5400, 5400, 45, 5400]


@pytest.mark.parametrize("text", ["25:00", "7", "soon", "2020-01-01T07:00", "9999-01-01T07:00"])
def test_a_time_that_is_none_is_wrong_use(text: str) -> None:
    with pytest.raises(UsageError, match=re.escape(text)):
        until(text)


@pytest.mark.parametrize("text", ["8", "8 hours", "", "-1h", "0s", "9000d"])
def test_a_duration_that_is_none_is_wrong_use(text: str) -> None:
    with pytest.raises(UsageError):
        lasting(text)


def test_a_clock_that_is_set_moves_no_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """At two in the morning the machine finds out what time it is, and the night would end at once, or never."""
    ends = lasting("1h")
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert 3590 < ends.left <= 3600
    before = deadline.ticks()
    assert deadline.ticks() >= before


def test_every_collection_has_its_share_early(tmp_path: Path) -> None:
    asked = gallery(tmp_path, 300, 3, WALK)
    order = list(in_turns(make_plan(asked, sources(asked), ())))
    assert len({item.recipe.id for item in order}) == len(order) == 601
    early = [(item.collection, item.recipe.kind) for item in order[:200]]
    assert ("moons", "walk") in early
    assert early.count(("galaxies", "image")) > early.count(("moons", "image")) >= 24


def test_an_id_is_found_without_its_recipe(tmp_path: Path) -> None:
    """A wrong one would make the same picture twice, or never."""
    asked = gallery(tmp_path)
    source = sources(asked)["moons"]
    named = source.card.model_copy(update={"classes": ['a "seed":7,', "b", "ü\\"]})
    odd = type(source)(source.settings, named, source.folder, source.sha256, ("ab" * 32, "cd" * 32))
    mixed = source.settings.model_copy(update={"style_from": 3})  # a second seed, which follows from the first
    styled = type(source)(mixed, source.card, source.folder, source.sha256)
    for one in (source, odd, styled):
        assert [one.id_at(n) for n in range(40)] == [recipe.id for n in range(40) if (recipe := one.recipe(n))]


@pytest.mark.slow
def test_at_the_deadline_there_is_a_whole_site(tmp_path: Path, clock: Clock) -> None:
    asked = gallery(tmp_path, count=2000)
    ends = Deadline.after(2000)
    outcome = slowly(asked, Wish(ends), clock)
    assert ends.left > -100, "the batch that was in hand ends it, and no other"
    assert (outcome.exit_code, outcome.reached) == (0, True)
    there = shown(asked)
    assert 40 < sum(there.values()) == outcome.shown <= 80, (
        "four in each of twenty batches, less what is kept in reserve"
    )
    assert there["moons", "image"] > 8
    pages = {int(page.stem) for page in (tmp_path / "public/galaxies").glob("[0-9]*.html")}
    assert pages == set(range(1, there["galaxies", "image"] + 1))
    assert check(asked) == []


@pytest.mark.slow
def test_an_endless_night_goes_on_with_further_seeds(tmp_path: Path, clock: Clock) -> None:
    asked = gallery(tmp_path, count=2)
    outcome = slowly(asked, Wish(Deadline.after(1000), endless=True), clock)
    assert outcome.exit_code == 0
    assert all(count > 2 for count in shown(asked).values())
    made = shown(asked)
    make(asked, Report())  # lays out the sky, for which the night had no time
    assert shown(asked) == made, "what is beyond the count stays, and no more is asked for"
    assert make(asked, Report()).nothing


def test_a_count_is_reached_and_then_there_is_nothing_to_do(tmp_path: Path) -> None:
    asked = gallery(tmp_path, count=50)
    assert make(asked, Report(), wish=Wish(count=3)).exit_code == 0
    assert shown(asked) == {("galaxies", "image"): 3, ("moons", "image"): 3}
    assert make(asked, Report(), wish=Wish(count=3)).nothing


class NoMoons(LocalExecutor):
    """A device that fails for some seeds, in one of two ways."""

    def pictures(self, frames: Sequence[Frame]) -> Floats:
        for frame in frames:
            if frame.a.seed in (1_000_001, 1_000_002):
                raise ValueError("too dark" if frame.a.seed == 1_000_001 else "too bright")
        return super().pictures(frames)


def test_only_what_failed_for_that_cause_is_tried_again(tmp_path: Path) -> None:
    asked = gallery(tmp_path, count=4)
    failing = make(asked, Report(), make_executor=lambda g, folders: NoMoons(folders, batch=4))
    assert len(failing.aside) == 2
    (tmp_path / "gallery.toml").write_text(settings(5))
    more = load_gallery(tmp_path)
    before = shown(more)
    make(more, Report(), wish=Wish(retry="too DARK"))
    assert shown(more) == before | {("moons", "image"): before["moons", "image"] + 1}
    with Catalogue(tmp_path / FILE) as catalogue:
        assert [one.reason for one, _ in catalogue.exhibits(states=["failed"])] == ["ValueError: too bright"]
    heard = Heard()
    make(more, heard, wish=Wish(retry="of memory"))
    assert heard.said[0] == "nothing has failed for a cause that contains 'of memory'."


class Stopping(LocalExecutor):
    """A device that asks for a stop with its first batch."""

    stop: Stop

    def pictures(self, frames: Sequence[Frame]) -> Floats:
        self.stop.requested = True
        return super().pictures(frames)


def stopped(gallery: Gallery) -> list[str]:
    stop, heard = Stop(), Heard()

    def device(gallery: Gallery, folders: Mapping[str, Path]) -> Stopping:
        executor = Stopping(folders, batch=4, lanes=1)
        executor.stop = stop
        return executor

    assert make(gallery, heard, stop, ["render"], device).exit_code == 3
    return heard.said


def test_what_a_run_left_is_compared_with_what_the_file_says_now(tmp_path: Path) -> None:
    asked = gallery(tmp_path, count=20)
    assert stopped(asked) == []
    assert "asks for the same" in stopped(asked)[0]
    assert re.search(r"asks for that and 20 more", stopped(gallery(tmp_path, count=30))[0])
    text = settings(30)
    (tmp_path / "gallery.toml").write_text(text.replace('slug = "moons"', 'slug = "moons"\nsteps = 2', 1))
    heard = Heard()
    make(load_gallery(tmp_path), heard, wish=Wish(count=1))
    assert "contradicts it (steps)" in heard.said[0]
    assert make(load_gallery(tmp_path), Report(), wish=Wish(count=1)).nothing, "and it goes on as the file says"


def test_a_plan_says_what_would_be_made_and_why(tmp_path: Path) -> None:
    """The evening would go by on pictures that nobody meant to make again."""
    asked = gallery(tmp_path, count=4)
    make(asked, Report(), make_executor=lambda g, folders: NoMoons(folders, batch=4))
    text = settings(6, own="steps = 2") + WALK
    (tmp_path / "gallery.toml").write_text(text)
    changed = load_gallery(tmp_path)
    before = (tmp_path / FILE).read_bytes()
    found = forecast(changed)
    assert {(one.collection, one.kind, one.what, one.reason): one.count for one in found.groups} == {
        ("galaxies", "image", "keep", "made with other settings: steps"): 4,
        ("galaxies", "image", "draw", "never made"): 2,
        ("moons", "image", "keep", "made"): 4,
        ("moons", "image", "leave out", "failed: ValueError: too dark"): 1,
        ("moons", "image", "leave out", "failed: ValueError: too bright"): 1,
        ("moons", "image", "draw", "further seeds, for what was left out"): 2,
        ("moons", "walk", "draw", "never made"): 1,
    }
    assert found.frames == 12
    assert found.seconds is not None
    assert found.bytes > 0
    again = forecast(changed, Wish(retry="dark"))
    assert [(one.what, one.count) for one in again.groups if one.what == "retry"] == [("retry", 1)]
    assert (tmp_path / FILE).read_bytes() == before


@pytest.mark.slow
def test_a_night_goes_on_without_its_terminal_and_is_ended_from_another(tmp_path: Path) -> None:
    asked = gallery(tmp_path / "mine", count=4000)
    command = [sys.executable, "-m", "render.cli", "make", str(tmp_path / "mine"), "--for", "1h", "--detach"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "HOME": str(tmp_path)}
    started = subprocess.run(command, capture_output=True, text=True, env=environment, start_new_session=True)
    assert started.returncode == 0, started.stdout + started.stderr
    night = running(asked)
    assert night is not None
    os.kill(night.pid, signal.SIGHUP)  # what a closed terminal sends
    second = nonesuch(*command[3:-1])
    assert second.returncode == 1
    assert "another nonesuch command is working on the gallery" in second.stderr
    until = monotonic() + 120
    while (night := running(asked)) is not None and not night.made and monotonic() < until:
        sleep(0.1)
    assert night is not None
    assert night.left is not None
    assert status(asked).left["show"] > 7000, "read beside the writer"
    assert nonesuch("stop", tmp_path / "mine").returncode == 0
    assert running(asked) is None
    there = shown(asked)
    assert sum(there.values()) > 0
    assert (tmp_path / "mine/public/index.html").is_file()
    told = (tmp_path / "mine/runs/night.log").read_text()
    assert "stopping: the batch in hand is finished" in told
    assert str(tmp_path) not in told, "a log may be passed on"
    assert check(asked) == []


def test_a_file_that_a_killed_run_left_is_no_run(tmp_path: Path) -> None:
    """`stop` would end a stranger's process."""
    asked = gallery(tmp_path)
    asked.state.mkdir()
    (asked.state / "night.json").write_text(json.dumps({"pid": os.getpid(), "began": 1.0, "seconds": 5.0}))
    assert running(asked) is None
    (asked.state / "night.json").write_text('{"pid": 1')
    assert running(asked) is None


def test_a_log_says_where_the_time_went(capsys: pytest.CaptureFixture[str]) -> None:
    """The morning after, a log is all there is to see which stage took the night."""
    ledger = Ledger({"render": Account(90.0, 60), "bake": Account(0.5, 20)}, {"render": {"network": Account(80.0)}})
    LineReport().ledger(ledger)
    assert capsys.readouterr().err.splitlines() == [
        "where the time went",
        "stage            time  items   each",
        "render     1 min 30 s     60  1.5 s",
        "  network  1 min 20 s",
        "bake            0.5 s     20  25 ms",
        "together   1 min 30 s",
    ]
