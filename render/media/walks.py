"""Walks to files: a loop as MP4 (AV1 and H.264) for the page, GIF for download, posters for before.

Frames go to a scratch file once, in display bytes; each encoder reads them from there, so memory stays flat however
long the walk. imageio writes the films, through the ffmpeg that imageio-ffmpeg brings, on one thread and without time
stamps: the same frames give the same bytes. The GIF's two passes need ffmpeg's filters, so ffmpeg is called for them.
The frame after the last would be the first, so a loop has no frame twice.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from render.display import Floats
from render.media.images import (
    LICENCE,
    Encoded,
    avif,
    display_of,
    enlarged,
    jpeg,
    perceptual_hash,
    pixel_hash,
    png,
    put,
)
from render.media.store import Store
from render.provenance import generated, xmp_packet
from render.recipe import Recipe
from render.weights import Card

WIDTH = 384
GIF_WIDTH = 256
GIF_SECONDS = 10
GIF_RATE = 12
XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
"""The uuid under which an MP4 file holds an XMP packet (XMP specification, part 3)."""
VIDEO = {
    "h264": ("libx264", ["-preset", "slow", "-crf", "20"]),
    "av1": ("libaom-av1", ["-cpu-used", "6", "-crf", "28", "-b:v", "0", "-row-mt", "0"]),
}
REPEATABLE = ["-threads", "1", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact"]


class FilmError(Exception):
    """A walk that could not be encoded: it is set aside, and the night goes on."""


def encode_walk(
    store: Store, frames: Iterator[Floats], recipe: Recipe, card: Card, fps: int, licence: str = LICENCE
) -> Encoded:
    """Frames in data space, (3, h, w) each, as a loop; returns when every file is durable."""
    mark = generated(recipe, card, licence)
    packet = xmp_packet(mark)
    with tempfile.TemporaryDirectory(prefix="nonesuch-walk-") as scratch:
        raw = Path(scratch, "frames.rgb")
        first, count = _write_frames(raw, frames)
        media = []
        for form in sorted(encoders()):
            video = _video(raw, fps, form) + xmp_box(packet)
            media.append(put(store, video, "video", form, WIDTH))
        media.append(put(store, gif_with_xmp(_gif(raw, fps, count), packet), "gif", "gif", GIF_WIDTH))
    master, poster = card.mapping.to_display(first), enlarged(first, WIDTH)
    media.append(put(store, png(master, mark), "master", "png", master.shape[1]))
    media.append(put(store, avif(poster, mark), "poster", "avif", WIDTH))
    media.append(put(store, jpeg(poster, mark), "poster", "jpeg", WIDTH))
    display = display_of(master, WIDTH) | {"frames": count, "fps": fps}
    return Encoded(media, pixel_hash(master), perceptual_hash(master), display)


def _write_frames(raw: Path, frames: Iterator[Floats]) -> tuple[Floats, int]:
    first: Floats | None = None
    count = 0
    with raw.open("wb") as file:
        for frame in frames:
            first = np.array(frame) if first is None else first
            file.write(enlarged(frame, WIDTH).tobytes())
            count += 1
    if first is None:
        raise ValueError("a walk has at least one frame")
    return first, count


def _video(raw: Path, fps: int, form: str) -> bytes:
    import imageio.v2
    import imageio_ffmpeg

    out = raw.with_name(f"{form}.mp4")
    codec, quality = VIDEO[form]
    settings = [*quality, "-g", str(fps), "-movflags", "+faststart", *REPEATABLE]
    frames = np.memmap(raw, np.uint8, "r").reshape(-1, WIDTH, WIDTH, 3)
    film = {"fps": fps, "codec": codec, "quality": None, "macro_block_size": 1, "ffmpeg_log_level": "quiet"}
    try:
        with imageio.v2.get_writer(out, "FFMPEG", "I", **film, output_params=settings) as file:
            for frame in frames:
                file.append_data(frame)
        written, _ = imageio_ffmpeg.count_frames_and_secs(str(out))  # the writer does not look at ffmpeg's exit code
    except (OSError, RuntimeError):
        written = 0
    if written != len(frames):
        raise FilmError(
            f"ffmpeg wrote {written} of a walk's {len(frames)} frames as {form}: is there room for temporary files? "
            "`nonesuch doctor` looks at this ffmpeg."
        )
    return out.read_bytes()


def _gif(raw: Path, fps: int, count: int) -> bytes:
    """Two passes with one palette; at most ten seconds, at most twelve frames a second, whole loop or not at all."""
    out, palette = raw.with_name("loop.gif"), raw.with_name("palette.png")
    speed = max(1.0, count / fps / GIF_SECONDS)
    scale = f"setpts=PTS/{speed:.6f},fps={min(GIF_RATE, fps)},scale={GIF_WIDTH}:-1:flags=lanczos"
    source = _input(raw, fps)
    _ffmpeg([*source, "-vf", f"{scale},palettegen=stats_mode=diff", *REPEATABLE, str(palette)])
    paint = f"{scale}[x];[x][1:v]paletteuse=dither=bayer:bayer_scale=4:diff_mode=rectangle"
    _ffmpeg([*source, "-i", str(palette), "-lavfi", paint, "-loop", "0", *REPEATABLE, str(out)])
    return out.read_bytes()


def _input(raw: Path, fps: int) -> list[str]:
    size = f"{WIDTH}x{WIDTH}"
    return ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", str(fps), "-i", str(raw)]


def _ffmpeg(arguments: list[str]) -> None:
    command = [ffmpeg(), "-hide_banner", "-loglevel", "error", "-nostdin", "-y", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise FilmError(f"ffmpeg could not encode a walk: {lines[-1] if lines else f'exit {done.returncode}'}.")


@cache
def ffmpeg() -> str:
    """The program that imageio-ffmpeg brings, or the system's."""
    import imageio_ffmpeg

    return str(imageio_ffmpeg.get_ffmpeg_exe())


@cache
def encoders() -> frozenset[str]:
    """Which of our two video formats this ffmpeg can write; H.264 is always asked for."""
    done = subprocess.run([ffmpeg(), "-hide_banner", "-encoders"], capture_output=True, text=True, check=False)
    return frozenset({"h264"} | ({"av1"} if "libaom-av1" in done.stdout else set()))


def xmp_box(packet: bytes) -> bytes:
    """A top-level ``uuid`` box, appended to an MP4 file; players skip it."""
    return (8 + 16 + len(packet)).to_bytes(4, "big") + b"uuid" + XMP_BOX + packet


def gif_with_xmp(gif: bytes, packet: bytes) -> bytes:
    """The GIF with an XMP application extension after its global palette (XMP specification, part 3, 1.1.2).

    The packet is not split into sub-blocks; the 258 bytes that follow lead any reader that takes it for sub-blocks to
    the terminator.
    """
    palette = 3 * 2 ** ((gif[10] & 7) + 1) if gif[10] & 0x80 else 0
    at = 13 + palette
    trailer = b"\x01" + bytes(range(255, -1, -1)) + b"\x00"
    return gif[:at] + b"\x21\xff\x0bXMP DataXMP" + packet + trailer + gif[at:]
