"""The classes and attributes, in the order and spelling used everywhere, and where they lie on the T axis.

Hubble stage T as EFIGI gives it (de Vaucouleurs 1963; Baillard et al. 2011, A&A 532, A74): -6 (compact elliptical) to
10 (magellanic irregular) is a sequence, 11 (dwarf elliptical) stands beside it.
"""

from __future__ import annotations

CLASSES = (
    "elliptical",
    "lenticular",
    "spiral_early",
    "spiral_mid",
    "spiral_late",
    "irregular",
    "dwarf_elliptical",
)
ATTRIBUTES = ("bar", "edge_on", "ring", "dust")

STAGES = tuple(range(-6, 12))
LAST_STAGE = (-4, -1, 2, 5, 9, 10, 11)  # of each class
CLASS_OF_STAGE = tuple(next(i for i, last in enumerate(LAST_STAGE) if stage <= last) for stage in STAGES)

# E+dE / S0 / S0a-Sc / Scd-Im: the coarse classes that published accuracies on EFIGI are told for.
FOUR = ("E + dE", "S0", "S0/a - Sc", "Scd - Im")
FOUR_OF_CLASS = (0, 1, 2, 2, 3, 3, 0)
