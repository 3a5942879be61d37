"""The lab as a whole: every cell a process of its own, then what they came to, then the page.

A process for each, so that memory is a cell's own figure, and what ends one cell (no memory left, a family that is not
there) ends no other.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from render.catalogue import Catalogue
from render.config import Gallery
from render.errors import NonesuchError
from render.lab.cells import Places, cells_of, lab_of

Say = Callable[[str], None]


@dataclass
class LabOutcome:
    """What a run of the lab came to. unfinished: cells; wrong: sentences about the rest."""

    cells: int
    unfinished: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    baked: str = ""

    @property
    def exit_code(self) -> int:
        return 3 if self.unfinished or self.wrong else 0


def run_lab(gallery: Gallery, say: Say) -> LabOutcome:
    """Train and measure every cell, one after the other, and bake the page from those that are finished."""
    lab = lab_of(gallery)
    cells = cells_of(lab)
    outcome = LabOutcome(len(cells))
    unfinished = unfinished_cells(gallery)
    for number, cell in enumerate(cells, 1):
        if cell.name not in unfinished:
            continue
        say(f"cell {number} of {len(cells)}: {cell.name}")
        command = [sys.executable, "-m", "render.cli", "lab", str(gallery.folder), "--cell", cell.name]
        subprocess.run(command)  # what it cannot do, it says itself, on stderr
    finish_lab(gallery, outcome)
    return outcome


def unfinished_cells(gallery: Gallery) -> list[str]:
    """The cells that lack a checkpoint or its figures."""
    places = Places(gallery.folder)
    return [cell.name for cell in cells_of(lab_of(gallery)) if len(places.measured(cell)) < len(cell.checkpoints)]


def finish_lab(gallery: Gallery, outcome: LabOutcome) -> None:
    """Bring together what the cells came to, and bake. Several cells' jobs may have ended on other machines."""
    from render.bake import bake
    from render.lab.finishing import finish

    outcome.unfinished = unfinished_cells(gallery)
    with Catalogue(gallery.catalogue_path, write=True):  # the gallery's lock: one finishes, one bakes
        try:
            outcome.wrong += finish(gallery, lab_of(gallery))
        except NonesuchError as error:
            outcome.wrong.append(str(error))
            return
        bake(gallery)
    outcome.baked = "public/lab/"
