"""Authenticity as a figure of a set (Alaa et al. 2022, arXiv:2102.08921): needs nothing, so that pages can state it."""

from __future__ import annotations

from math import sqrt
from typing import Any

Z = 1.959964  # of a 95 % interval


def authentic_share(authentic: int, pictures: int) -> dict[str, Any]:
    """The share of pictures farther from their nearest real one than that one is from its own, 0 to 1.

    With a 95 % interval (Wilson 1927, Journal of the American Statistical Association 22, 209); without pictures there
    is no share.
    """
    if not pictures:
        return {"pictures": 0}
    share, squared = authentic / pictures, Z * Z
    middle = (share + squared / (2 * pictures)) / (1 + squared / pictures)
    half = Z / (1 + squared / pictures) * sqrt(share * (1 - share) / pictures + squared / (4 * pictures**2))
    interval = [round(max(0.0, middle - half), 6), round(min(1.0, middle + half), 6)]
    return {"pictures": pictures, "authentic": round(share, 6), "interval": interval}
