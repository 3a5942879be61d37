"""How much do pictures change when weights are stored in 8 bits?

    python benchmarks/quantise.py WEIGHTS...

WEIGHTS are folders in half precision, as `nonesuch train` writes them. Each draws the same noise as it is, quantised,
and, to compare with, in bf16: the root mean square of the difference in data space, in 255ths of its range from -1 to
1, which is about a grey level of the file. Needs no GPU.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from render.generators import load_generator
from render.quantise import quantise
from render.training.samples import samples
from render.weights import MODEL

LEVELS = 255 / 2


def difference(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    """Root mean square, in 255ths of the range."""
    return float(np.sqrt(np.mean((a - b) ** 2))) * LEVELS


@click.command
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--pictures", default=4, show_default=True, help="Of each class.")
def command(folders: tuple[Path, ...], pictures: int) -> None:
    click.echo("| weights | MB | MB in 8 bits | 8 bits change | bf16 changes |\n| --- | --- | --- | --- | --- |")
    for folder in folders:
        with tempfile.TemporaryDirectory() as home:
            small = Path(home) / folder.name
            quantise(folder, small)
            whole = samples(load_generator(folder), pictures)
            changed = difference(samples(load_generator(small), pictures), whole)
            sizes = [(one / MODEL).stat().st_size / 1e6 for one in (folder, small)]
        half = difference(samples(load_generator(folder, precision="bf16"), pictures), whole)
        click.echo(f"| {folder.name} | {sizes[0]:.1f} | {sizes[1]:.1f} | {changed:.2f} | {half:.2f} |")


if __name__ == "__main__":
    command()
