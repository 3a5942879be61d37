"""Files are made on every core: what a file is made of travels, and any process can make it.

A page takes about a thousandth of a second, nearly all of it Python's, so threads do not help and processes do. They
are started only when there is enough to be worth their start. Each reads from a pipe of its own; when this process is
killed the pipe ends and so do they.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from render.bake.files import stage
from render.bake.outputs import digest
from render.bake.pages import Pages
from render.cores import cores
from render.errors import NonesuchError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

CHUNK = 256  # files sent at a time: those of about a hundred exhibits, of which each row then travels once
INLINE = 192  # this process makes so many files, and the first chunk, if it does not fill: others take 0.3 s to start
AHEAD = 2  # chunks that a process has before its first answer is waited for

Work = Callable[[Pages], bytes]
"""Makes a file. It travels, so it is a `Page`, or a partial of a function or of a method of what holds data only."""


class Job(NamedTuple):
    """One file to make, and what it holds now."""

    work: Work
    file: str  # where to stage it
    standing: bytes | None  # digest of the file that stands; one that comes out the same is not staged


class Pressed(NamedTuple):
    """What became of a job."""

    digest: bytes
    staged: bool


class Press:
    """Takes jobs and gives what became of them, in the order in which they came; use as a context manager."""

    def __init__(self, pages: Pages, processes: int | None = None) -> None:
        self._pages = pages
        wanted = cores() if processes is None else processes
        self._wanted = wanted if wanted > 1 else 0
        self._inline = 0
        self._chunk: list[Job] = []
        self._helpers: list[Helper] = []
        self._out: deque[tuple[Helper, list[Job]]] = deque()

    def __enter__(self) -> Press:
        return self

    def __exit__(self, *_: object) -> None:
        for helper in self._helpers:
            helper.close()

    def put(self, job: Job) -> Iterator[Pressed]:
        """Take one more; yields what is ready by now, of this job or of earlier ones."""
        if self._inline < INLINE or not self._wanted:
            self._inline += 1
            yield pressed(self._pages, job)
            return
        self._chunk.append(job)
        if len(self._chunk) == CHUNK:
            yield from self._send()

    def rest(self) -> Iterator[Pressed]:
        """What is not ready yet. Where no process was started, less than a chunk is left, which is not worth one."""
        if self._helpers:
            yield from self._send()
        else:
            yield from (pressed(self._pages, job) for job in self._chunk)
            self._chunk = []
        while self._out:
            yield from self._receive()

    def _send(self) -> Iterator[Pressed]:
        if not self._chunk:
            return
        if not self._helpers:
            self._helpers = [Helper(self._pages) for _ in range(self._wanted)]
        if len(self._out) >= AHEAD * len(self._helpers):
            yield from self._receive()
        helper = min(self._helpers, key=lambda one: one.waiting)
        helper.send(self._chunk)
        self._out.append((helper, self._chunk))
        self._chunk = []

    def _receive(self) -> Iterator[Pressed]:
        helper, jobs = self._out.popleft()
        done = helper.receive()
        # A helper that died (the system needed its memory, say) costs time and nothing else.
        yield from done if done is not None else (pressed(self._pages, job) for job in jobs)


class Helper:
    """A process that renders."""

    def __init__(self, pages: Pages) -> None:
        self.waiting = 0  # chunks that it has and did not answer yet
        from multiprocessing import get_context  # most bakes need no helper

        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        given = (pages.folder, pages.own, pages.from_disk)
        self._process = context.Process(target=render_chunks, args=(theirs, *given), daemon=True)
        self._process.start()
        theirs.close()

    def send(self, jobs: list[Job]) -> None:
        self.waiting += 1
        with suppress(OSError):  # a dead process says so when it is asked for its answer
            self._pipe.send(jobs)

    def receive(self) -> list[Pressed] | None:
        """The answer to its first chunk, None when it died. Raises NonesuchError for a template's mistake."""
        self.waiting -= 1
        try:
            answer: list[Pressed] | str = self._pipe.recv()
        except (EOFError, OSError):
            return None
        if isinstance(answer, str):
            raise NonesuchError(answer)
        return answer

    def close(self) -> None:
        self._pipe.close()
        self._process.join()


def render_chunks(pipe: Connection, templates: Path, own: Path | None, from_disk: bool) -> None:
    """A helper's life: answer every chunk until the pipe ends."""
    pages = Pages(templates, own, from_disk)
    with suppress(EOFError, OSError, KeyboardInterrupt):
        while True:
            jobs = pipe.recv()
            try:
                pipe.send([pressed(pages, job) for job in jobs])
            except NonesuchError as error:
                pipe.send(str(error))


def pressed(pages: Pages, job: Job) -> Pressed:
    """Make one file and stage it unless it holds the same already."""
    body = job.work(pages)
    sum_ = digest(body)
    if sum_ == job.standing:
        return Pressed(sum_, staged=False)
    stage(job.file, body)
    return Pressed(sum_, staged=True)
