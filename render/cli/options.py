"""What several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

F = TypeVar("F", bound=Callable[..., object])


def gallery_argument(function: F) -> F:
    """The gallery that a command works on: its folder, or its ``gallery.toml``; here when left out."""
    return click.argument("gallery", type=click.Path(path_type=Path), default=Path())(function)
