"""Films in the making: closed segments on the disk, joined by stream copy, so that a killed film goes on where it was.

Frames go straight into one encoder a format; a segment stands under its final name when it is whole and on the disk. A
new segment begins with a picture of its own (a closed group of pictures), so segments join without encoding again, and
memory is the same for a film of seconds and of hours. imageio writes them, through the ffmpeg that imageio-ffmpeg
brings, on one thread and without time stamps: the same frames give the same bytes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from render.display import Bytes, Floats
from render.recipe import Recipe, canonical_json

SEGMENT = 96
"""Film frames in a segment, rounded down to whole pictures of a swirl: what a kill costs at most."""
GIF_WIDTH = 256
GIF_SECONDS = 10
GIF_RATE = 12
VIDEO = {
    "h264": ("libx264", ["-preset", "slow", "-crf", "20"]),
    "av1": ("libaom-av1", ["-cpu-used", "6", "-crf", "28", "-b:v", "0", "-row-mt", "0"]),
}
REPEATABLE = ["-threads", "1", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact+cgop"]


class FilmError(Exception):
    """A walk that could not be encoded: it is set aside, and the night goes on."""


@dataclass(frozen=True)
class Reel:
    """The folder of one film in the making. between: film frames for each picture that the device draws."""

    folder: Path
    fps: int
    width: int
    between: int = 1

    @classmethod
    def of(cls, home: Path, recipe: Recipe, fps: int, width: int) -> Reel:
        """The reel of a walk: another recipe, speed, size, encoder or setting of one is another reel."""
        between = recipe.walk.swirl.between if recipe.walk and recipe.walk.swirl else 1
        made = canonical_json([recipe.as_json(), fps, width, SEGMENT, VIDEO, REPEATABLE, sorted(encoders()), release()])
        return cls(home / hashlib.sha256(made.encode()).hexdigest()[:20], fps, width, between)

    @property
    def pictures(self) -> int:
        """So many of the walk's pictures are in whole segments."""
        return len(self._whole()) * self.each

    @property
    def gif_width(self) -> int:
        """Pixels; a GIF is never wider than its film."""
        return min(GIF_WIDTH, self.width)

    @property
    def each(self) -> int:
        """Pictures in a segment."""
        return max(1, SEGMENT // self.between)

    def begin(self, first: Floats) -> None:
        """Keep the first picture, which poster and seam need; what was there before is of another night."""
        self.discard()
        self.folder.mkdir(parents=True)
        with (self.folder / "first.part").open("xb") as file:
            np.save(file, first)
            _to_disk(file)
        (self.folder / "first.part").replace(self._first)

    @property
    def first(self) -> Floats:
        """Picture 0, (3, h, w) in data space."""
        return np.asarray(np.load(self._first, allow_pickle=False))

    def write(self, frames: Iterator[Bytes]) -> None:
        """Film frames, (width, width, 3) each, into further segments; returns when all of them are durable."""
        number = len(self._whole())
        for frame in frames:
            self._segment(number, frame, frames)
            number += 1

    def join(self, form: str, out: Path) -> None:
        """All segments of a format as one film, by stream copy. Raises FilmError unless it has every frame."""
        self._listed(form)
        copied = ["-f", "concat", "-i", f"{form}.txt", "-c", "copy", "-movflags", "+faststart", *REPEATABLE]
        _ffmpeg([*copied, str(out.resolve())], self.folder)
        wanted, written = sum(_frames(self._path(n, form)) for n in range(len(self._whole()))), _frames(out)
        if written != wanted:
            raise FilmError(f"a film of {wanted} frames has {written} as {form}: `nonesuch doctor` looks at ffmpeg.")

    def gif(self, count: int, out: Path) -> None:
        """Two passes over the segments with one palette; at most ten seconds and twelve frames a second, and always
        the whole loop.
        """
        self._listed("h264")
        speed = max(1.0, count / self.fps / GIF_SECONDS)
        paced = f"setpts=N/({self.fps * speed:.6f}*TB),fps={min(GIF_RATE, self.fps)}"
        scale = f"{paced},scale={self.gif_width}:-1:flags=lanczos"
        source, palette = ["-f", "concat", "-i", "h264.txt"], str(out.resolve().with_suffix(".png"))
        _ffmpeg([*source, "-vf", f"{scale},palettegen=stats_mode=diff", *REPEATABLE, palette], self.folder)
        paint = f"{scale}[x];[x][1:v]paletteuse=dither=bayer:bayer_scale=4:diff_mode=rectangle"
        made = [*source, "-i", palette, "-lavfi", paint, "-loop", "0", *REPEATABLE, str(out.resolve())]
        _ffmpeg(made, self.folder)

    def discard(self) -> None:
        """Remove the segments: the film is in the store, or nobody wants it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _segment(self, number: int, frame: Bytes, more: Iterator[Bytes]) -> None:
        """One segment in every format, from its first frame and those that follow."""
        count = 0
        parts = {form: self._path(number, form).with_suffix(".part.mp4") for form in sorted(encoders())}
        with ExitStack() as open_ones:
            writers = [open_ones.enter_context(self._writer(part, form)) for form, part in parts.items()]
            while True:
                try:
                    for writer in writers:
                        writer.append_data(frame)
                except (OSError, RuntimeError):
                    break  # what was written is counted below
                count += 1
                following = next(more, None) if count < self.each * self.between else None
                if following is None:
                    break
                frame = following
        for form, part in parts.items():
            self._keep(part, form, number, count)

    def _writer(self, part: Path, form: str) -> Any:
        import imageio.v2

        codec, quality = VIDEO[form]
        film = {"fps": self.fps, "codec": codec, "quality": None, "macro_block_size": 1, "ffmpeg_log_level": "quiet"}
        settings = [*quality, "-g", str(self.fps), *REPEATABLE]
        return imageio.v2.get_writer(part, "FFMPEG", "I", **film, output_params=settings)

    def _keep(self, part: Path, form: str, number: int, count: int) -> None:
        written = _frames(part)  # the writer does not look at ffmpeg's exit code
        if written != count or not count:
            raise FilmError(
                f"ffmpeg wrote {written} of {count} frames of a walk as {form}: is there room on the disk? "
                "`nonesuch doctor` looks at this ffmpeg."
            )
        with part.open("rb+") as file:
            _to_disk(file)
        part.replace(self._path(number, form))

    def _whole(self) -> list[int]:
        """The numbers, from 0, of the segments that are there in every format, as far as none is missing."""
        number = 0
        while self._first.is_file() and all(self._path(number, form).is_file() for form in encoders()):
            number += 1
        return list(range(number))

    def _listed(self, form: str) -> None:
        names = [self._path(number, form).name for number in self._whole()]
        (self.folder / f"{form}.txt").write_text("".join(f"file {name}\n" for name in names))

    def _path(self, number: int, form: str) -> Path:
        return self.folder / f"{number:06d}-{form}.mp4"

    @property
    def _first(self) -> Path:
        return self.folder / "first.npy"


def sweep(home: Path, keep: Iterable[Reel]) -> None:
    """Remove the reels that no wanted film goes on from."""
    wanted = {reel.folder.name for reel in keep}
    for folder in home.iterdir() if home.is_dir() else ():
        if folder.name not in wanted:
            shutil.rmtree(folder, ignore_errors=True)


def _to_disk(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())


def _frames(film: Path) -> int:
    """How many frames a film has; 0 for a file that ffmpeg cannot read."""
    import imageio_ffmpeg

    try:
        return int(imageio_ffmpeg.count_frames_and_secs(str(film))[0])
    except (OSError, RuntimeError):
        return 0


def _ffmpeg(arguments: list[str], folder: Path) -> None:
    """Run in the folder whose files the arguments name."""
    command = [ffmpeg(), "-hide_banner", "-loglevel", "error", "-nostdin", "-y", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, cwd=folder)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise FilmError(f"ffmpeg could not encode a walk: {lines[-1] if lines else f'exit {done.returncode}'}.")


@cache
def ffmpeg() -> str:
    """The program that imageio-ffmpeg brings, or the system's."""
    import imageio_ffmpeg

    return str(imageio_ffmpeg.get_ffmpeg_exe())


@cache
def release() -> str:
    """Its release: segments of two of them are not joined."""
    import imageio_ffmpeg

    return str(imageio_ffmpeg.get_ffmpeg_version())


@cache
def encoders() -> frozenset[str]:
    """Which of our two video formats this ffmpeg can write; H.264 is always asked for."""
    done = subprocess.run([ffmpeg(), "-hide_banner", "-encoders"], capture_output=True, text=True, check=False)
    return frozenset({"h264"} | ({"av1"} if "libaom-av1" in done.stdout else set()))
