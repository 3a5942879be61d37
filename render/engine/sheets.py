"""Drawings that steer exhibits, as arrays and as tensors, found by the sha256 of their files."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from render.engine.encoding import Sheet
from render.errors import NonesuchError
from render.generators import Drawings
from render.noise import Floats

if TYPE_CHECKING:
    from torch import Tensor


def sheets(files: Mapping[str, Path | bytes]) -> Sheet:
    """From a drawing's sha256 to (colours, h, w) in [0, 1]; the last few are kept, since a series draws one several
    times. files: by sha256, where the file is or what it holds.
    """
    return lru_cache(maxsize=16)(lambda sha256, colours: sheet(files[sha256], colours))


def drawings(files: Mapping[str, Path | bytes]) -> Drawings:
    """The same as tensors, for generators."""
    found = sheets(files)

    def drawing(sha256: str, colours: int = 1, /) -> Tensor:
        import torch

        return torch.from_numpy(found(sha256, colours))

    return drawing


def sheet(file: Path | bytes, colours: int) -> Floats:
    """(colours, h, w), in [0, 1]; 1 or 3 colours. Raises NonesuchError for what is no picture."""
    import numpy as np
    from PIL import Image

    try:
        with Image.open(io.BytesIO(file) if isinstance(file, bytes) else file) as image:
            pixels = np.asarray(image.convert("L" if colours == 1 else "RGB"), dtype=np.float32) / np.float32(255)
            return np.ascontiguousarray(np.atleast_3d(pixels).transpose(2, 0, 1))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        name = "of this gallery" if isinstance(file, bytes) else file
        raise NonesuchError(
            f"the sketch {name} cannot be read ({type(error).__name__}): draw it again, or take it out of its folder."
        ) from None
