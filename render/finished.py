"""Tensors that name the settings that they were finished with.

Recipes name weights by the sha256 of their tensors' file. But what a network draws is also a matter of settings in its
card: how it is built, its last touches, the display mapping. So the header of the file holds their hash. Other
settings make another file, whose pictures are another generation; and a card that was changed by hand is refused.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from render.errors import NonesuchError
from render.weights import BROWSER, CARD, MODEL, Card

if TYPE_CHECKING:
    from torch import Tensor

SETTINGS = "nonesuch.settings"
"""What the header calls them. Files without it are older, or came from elsewhere, and stand for themselves."""
LENGTH = 8
"""Bytes before a safetensors header, which say how long it is."""


def settings_hash(card: Card) -> str:
    """The sha256 of all in a card that decides, beside tensors and recipe, what is drawn."""
    told = json.dumps({"network": card.network, "display": card.display}, sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def write_tensors(path: Path, tensors: dict[str, Tensor], card: Card) -> None:
    """Write tensors that were finished with a card's settings."""
    from safetensors.torch import save_file

    save_file(tensors, path, {SETTINGS: settings_hash(card)})


def finish(folder: Path, card: Card) -> None:
    """Name a card's settings in the header of the folder's tensors, which stay as they are; who saves the card names
    the new file. What the folder says to browsers is told where the tensors lie now.
    """
    from safetensors.torch import load_file

    path, listed = folder / MODEL, folder / BROWSER
    temporary, before = folder / f".{MODEL}", _header(path)
    write_tensors(temporary, load_file(path), card)
    moved = _header(temporary) - before
    if listed.is_file():
        about = json.loads(listed.read_text(encoding="utf-8"))
        about["weights"]["start"] += moved
        listed.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    temporary.replace(path)


def refuse_other_settings(path: Path, card: Card) -> None:
    """Raise NonesuchError for tensors that were finished with other settings than the card's."""
    from safetensors import safe_open

    with safe_open(path, framework="np") as file:
        named = (file.metadata() or {}).get(SETTINGS)
    if named not in (None, settings_hash(card)):
        raise NonesuchError(
            f"{path.parent / CARD}: [network] and [display] are not those that {path.name} was finished with: fetch "
            "the weights again, or measure them with 'nonesuch train ... --touches'."
        )


def _header(path: Path) -> int:
    """How long a safetensors header is, in bytes."""
    with path.open("rb") as file:
        return int.from_bytes(file.read(LENGTH), "little")
