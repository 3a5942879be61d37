"""What pictures hold that a smaller size cannot: is there anything for a second stage to learn?

    python benchmarks/finer.py galaxies.tar gz [16 32 48 64 96 128]

Linear light, the mean of the three colours. Of every picture in the folder of the archive a square in its middle, half
as wide, and the darkest of the four squares in its corners, a quarter as wide, under Hann windows: their power for each
pixel at the spatial frequencies that one size can hold and the one before cannot. A galaxy's middle holds far more than
sky where there is structure. Where both fall together there is grain, of which a brighter place has somewhat more.
"""

from __future__ import annotations

import io
import sys
import tarfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from render.display import DisplayMapping

Floats = npt.NDArray[np.float64]
SIZES, MUCH = (16, 32, 48, 64, 96, 128), 10.0


def pictures(archive: Path, folder: str) -> Iterator[Floats]:
    """Linear light, (h, w), sky subtracted."""
    mapping = DisplayMapping()
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isfile() and folder in Path(member.name).parts:
                file = tar.extractfile(member)
                assert file is not None
                picture = np.asarray(Image.open(io.BytesIO(file.read())).convert("RGB"))
                yield np.asarray(mapping.to_linear(mapping.to_data(picture)), np.float64).mean(axis=0)


def middle_and_corner(light: Floats) -> tuple[Floats, Floats]:
    """The galaxy, and the sky in the darkest corner."""
    quarter = min(light.shape) // 4
    middle = light[quarter : 3 * quarter, quarter : 3 * quarter]
    rows, columns = ((slice(0, quarter), slice(side - quarter, side)) for side in light.shape)
    return middle, min((light[y, x] for y in rows for x in columns), key=lambda corner: float(corner.mean()))


def power(square: Floats, bands: list[float]) -> Floats:
    """Power for each pixel between one frequency and the next, in cycles a pixel; bands: rising, the last one 0.5."""
    side = len(square)
    window = np.outer(np.hanning(side), np.hanning(side))
    spectrum = np.abs(np.fft.fft2((square - square.mean()) * window)) ** 2 / (window**2).sum() / square.size
    away = np.maximum(np.abs(np.fft.fftfreq(side))[:, None], np.abs(np.fft.fftfreq(side))[None])  # a square's Nyquist
    return np.array([spectrum[(away >= low) & (away < high)].sum() for low, high in pairwise([*bands, 0.501])])


@click.command
@click.argument("archive", type=click.Path(exists=True, path_type=Path))
@click.argument("folder")
@click.argument("sizes", type=int, nargs=-1)
def main(archive: Path, folder: str, sizes: tuple[int, ...]) -> None:
    """Print the table."""
    found = list(pictures(archive, folder))
    side = min(found[0].shape)
    steps = [*sorted(size for size in sizes or SIZES if size < side), side]
    squares = [middle_and_corner(light) for light in found]
    bands = [size / 2 / side for size in steps[:-1]]
    galaxy, sky = (np.array([power(pair[which], bands) for pair in squares]) for which in (0, 1))
    ratio = galaxy / np.maximum(sky, 1e-12)
    click.echo(f"{len(found)} pictures of {side} px\n")
    click.echo(
        f"| beyond | up to | middle against sky, median | pictures with more than {MUCH:.0f} times |\n|---|---|---|---|"
    )
    for index, (low, high) in enumerate(pairwise(steps)):
        much = (ratio[:, index] > MUCH).mean()
        click.echo(f"| {low} px | {high} px | {np.median(ratio[:, index]):.1f} | {much:.1%} |")


if __name__ == "__main__":
    main()
