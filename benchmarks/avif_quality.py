"""Which AVIF quality galaxies need: bytes, milliseconds, and what is left when their shadows are stretched four times.

    python benchmarks/avif_quality.py [--weights galaxy-96] [--pictures 14]

Galaxies live in the shadows, so every picture is judged with its values multiplied by four and cut off at white, where
a codec's steps show first: peak signal to noise there (dB), and *flat*, the share of shadow pixels that equal both
their right and their lower neighbour, over that of the original: a codec that bands makes plateaus, and flat rises
above 1.
"""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path

import click
import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from render.generators import load_generator
from render.media.images import AVIF, enlarged, widths
from render.training.samples import pictures_of_class
from render.weights import find_weights

Bytes = np.ndarray
STRETCH = 4


def stretched(picture: Bytes) -> Bytes:
    return np.minimum(picture.astype(np.int32) * STRETCH, 255)


def psnr(a: Bytes, b: Bytes) -> float:
    return float(10 * np.log10(255**2 / max(np.mean((stretched(a) - stretched(b)) ** 2), 1e-9)))


def flat(picture: Bytes) -> float:
    """The share of pixels, among those between black and stretched white, on a plateau of the stretched picture."""
    shown = stretched(picture)
    shadow = ((shown > 0) & (shown < 255)).all(axis=2)[:-1, :-1]
    here = shown[:-1, :-1]
    same = (here == shown[1:, :-1]).all(axis=2) & (here == shown[:-1, 1:]).all(axis=2)
    return float((same & shadow).sum() / max(shadow.sum(), 1))


@click.command
@click.option("--weights", default="galaxy-96", show_default=True)
@click.option("--pictures", default=14, show_default=True)
def main(weights: str, pictures: int) -> None:
    """Print the table."""
    generator = load_generator(find_weights(weights))
    names = generator.card.classes
    each = -(-pictures // len(names))
    data = np.concatenate([pictures_of_class(generator, i, range(each)) for i in range(len(names))])
    click.echo("| px | quality | chroma | KiB | CPU ms | dB, stretched | flat, of the original's |")
    click.echo("|---|---|---|---|---|---|---|")
    for width in widths(generator.card.size):
        originals = [enlarged(one, width) for one in data]
        for quality in (50, 60, 70, 80, 90):
            for chroma in ("4:4:4", "4:2:0"):
                options = {**AVIF, "quality": quality, "subsampling": chroma}
                size, seconds, errors, plateaus = 0, 0.0, [], []
                for original in originals:
                    buffer = io.BytesIO()
                    began = time.process_time()
                    Image.fromarray(original).save(buffer, "AVIF", **options)
                    seconds += time.process_time() - began
                    size += buffer.tell()
                    back = np.asarray(Image.open(buffer).convert("RGB"))
                    errors.append(psnr(original, back))
                    plateaus.append(flat(back) / max(flat(original), 1e-3))
                n = len(originals)
                cost = f"{size / n / 1024:.1f} | {1000 * seconds / n:.0f}"
                loss = f"{np.mean(errors):.1f} | {np.mean(plateaus):.2f}"
                click.echo(f"| {width} | {quality} | {chroma} | {cost} | {loss} |")


if __name__ == "__main__":
    main()
