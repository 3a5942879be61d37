"""One seed through all trainings: a film, a GIF of the same frames, and a poster."""

from __future__ import annotations

import io
import math
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from render.display import Bytes
from render.errors import NonesuchError
from render.lab.finished import GAP, VideoForm
from render.media.films import encoders
from render.media.walks import gif_with_xmp, xmp_box

FPS = 12
VIDEO = {
    "h264": ("libx264", ["-preset", "slow", "-crf", "26"]),
    "av1": ("libaom-av1", ["-cpu-used", "6", "-crf", "36", "-b:v", "0", "-row-mt", "0"]),
}
REPEATABLE = ["-threads", "1", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact"]
"""The same frames give the same bytes."""
SIDE = 192
"""Pixels of one picture of the film; of the GIF's a third of that."""
SLOWER = 2
"""The GIF has one of so many frames, each as much longer: it is the one for whoever cannot play the others."""
STILL = 12
"""How often the last frame is shown: one second to look at what came of it."""


def tiled(pictures: Sequence[Bytes | None], columns: int, side: int) -> Bytes:
    """Pictures, (h, w, 3) each, in rows on black with hair gaps; None leaves a place black."""
    rows = math.ceil(len(pictures) / columns)
    sheet = np.zeros((rows * (side + GAP) - GAP, columns * (side + GAP) - GAP, 3), dtype=np.uint8)
    sheet = np.pad(sheet, ((0, sheet.shape[0] % 2), (0, sheet.shape[1] % 2), (0, 0)))  # video wants even sides
    for place, picture in enumerate(pictures):
        if picture is not None:
            top, left = (place // columns) * (side + GAP), (place % columns) * (side + GAP)
            resized = Image.fromarray(picture).resize((side, side), Image.Resampling.LANCZOS)
            sheet[top : top + side, left : left + side] = np.asarray(resized)
    return sheet


def video(frames: Sequence[Bytes], form: str, packet: bytes) -> bytes:
    """Frames, (h, w, 3) with even sides, as an MP4 of the form "av1" or "h264", marked by the XMP packet."""
    import imageio.v2
    import imageio_ffmpeg

    codec, quality = VIDEO[form]
    settings = [*quality, "-g", str(FPS), "-movflags", "+faststart", *REPEATABLE]
    film = {"fps": FPS, "codec": codec, "quality": None, "macro_block_size": 1, "ffmpeg_log_level": "quiet"}
    with tempfile.TemporaryDirectory(prefix="nonesuch-lab-") as scratch:
        out = Path(scratch, "film.mp4")
        try:
            with imageio.v2.get_writer(out, "FFMPEG", "I", **film, output_params=settings) as file:
                for frame in frames:
                    file.append_data(frame)
            written, _ = imageio_ffmpeg.count_frames_and_secs(str(out))  # the writer does not look at the exit code
        except (OSError, RuntimeError):
            written = 0
        if written != len(frames):
            raise NonesuchError(
                f"ffmpeg wrote {written} of the {len(frames)} frames of the lab's film as {form}: is there room for "
                "temporary files? `nonesuch doctor` looks at this ffmpeg."
            )
        return out.read_bytes() + xmp_box(packet)


def gif(frames: Sequence[Bytes], packet: bytes) -> bytes:
    """The same frames with one palette for all, marked by the XMP packet."""
    images = [Image.fromarray(frame) for frame in frames[::SLOWER]]
    some = [np.asarray(image) for image in images[:: max(1, len(images) // 8)]]
    palette = Image.fromarray(np.concatenate(some)).quantize(64, Image.Quantize.MEDIANCUT)
    painted = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    buffer = io.BytesIO()
    painted[0].save(
        buffer,
        "GIF",
        save_all=True,
        append_images=painted[1:],
        duration=1000 * SLOWER // FPS,
        loop=0,
        disposal=1,
        optimize=False,
    )
    return gif_with_xmp(buffer.getvalue(), packet)


def forms() -> list[VideoForm]:
    """The video formats that this ffmpeg can write."""
    every: tuple[VideoForm, ...] = ("av1", "h264")
    return [form for form in every if form in encoders()]
