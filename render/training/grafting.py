"""A run that begins from finished weights: what of them a network for these pictures can take over.

The same pictures, others, or larger ones: a U-Net cares for the side of its grid, not for that of a picture, so as much
of a picture becomes channels as keeps the grid's side, and the grid's inside goes on as it was. Classes and sources
that both know are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from render.display import DisplayMapping
from render.errors import NonesuchError
from render.generators.network import Folding, NetworkSettings
from render.training.flow import Graft, Pool
from render.weights import Card, load_card, load_tensors

ENTRY, EXIT = "unet.conv_in.weight", ("unet.conv_out.weight", "unet.conv_out.bias")


def startable(start: Path, families: Sequence[str] = ("flow",)) -> Card:
    """The card of weights that a run can begin from, or one sentence why none can."""
    card = load_card(start)
    if card.family not in families:
        these = " or ".join(families)
        raise NonesuchError(f"{start}: its family is {card.family}, and this begins from {these}: leave out --from.")
    if "autoencoder" in card.network:
        raise NonesuchError(f"{start} draws in latents, which are their autoencoder's own: begin without --from.")
    return card


def fold_beside(card: Card, side: int) -> int:
    """Pixels a side that become channels where pictures of `side` px go on with these weights: as many as keep the
    grid's side, if that is a whole number, or else as there were.
    """
    fold, grid = int(card.network["fold"]), int(card.network["size"]) // int(card.network["fold"])
    return side // grid if side % grid == 0 and side >= grid else fold


def grafted(start: Path, pool: Pool, fold: int, mapping: DisplayMapping, expert: bool = False) -> Graft:
    """The weights `start` for a network of this pool. A class that is new begins as none, which the network has learned
    to draw; a new source as the mean of those that it knows, since it was always told one. expert: with their expert.
    Raises NonesuchError where pictures have other channels than theirs.
    """
    card, tensors = load_card(start), load_tensors(start)
    if not expert:
        tensors = {name: value for name, value in tensors.items() if not name.startswith("expert.")}
    classes, sources = tensors["classes.weight"], tensors["sources.weight"]
    for key, rows, other, known, wanted in (
        ("classes.weight", classes, classes[-1], card.classes, pool.class_names),
        ("sources.weight", sources, sources[:-1].float().mean(dim=0).to(sources), card.sources, pool.source_names),
    ):
        these = [rows[known.index(name)] if name in known else other for name in wanted]
        tensors[key] = torch.stack([*these, rows[-1]])
    theirs = NetworkSettings.from_card(card.network)
    shape = pool.scales(fold)
    if not shape and fold == theirs.fold and card.display == mapping.settings():
        shape = {name: getattr(theirs, name) for name in ("shift", "scale", "spread", "spreads")}
    ours = NetworkSettings(fold=fold, **shape)
    if ours.colours != theirs.colours:
        raise NonesuchError(f"{start}: its pictures have another number of channels: begin without --from.")
    return Graft(refolded(tensors, theirs, ours), shape)


def refolded(tensors: dict[str, Tensor], before: NetworkSettings, now: NetworkSettings) -> dict[str, Tensor]:
    """The same network for pictures that are folded otherwise: its first and last convolution, which alone know how.

    Each spatial frequency of a folded square goes where the same frequency went; those that were none begin unheard
    and unsaid. The identity where nothing changes.
    """
    across = shared(before, now)
    if across is None:
        return tensors
    entry, colours, seen = tensors[ENTRY].float(), before.colours, before.colours * before.fold**2
    parts = (  # (width, c f^2 + f^2 + 1, 3, 3): the picture, the drawing, whether there is one
        remixed(entry[:, :seen], across, 1, colours),
        remixed(entry[:, seen:-1], between_pixels(before.fold, now.fold), 1, 1),
        entry[:, -1:],
    )
    out = {name: remixed(tensors[name].float(), across, 0, colours) for name in EXIT}
    return tensors | out | {ENTRY: torch.cat(parts, dim=1)}


def remixed(weights: Tensor, across: Tensor, axis: int, colours: int) -> Tensor:
    """Weights whose `axis` holds colours times f^2 channels, for other channels: across (f^2, g^2)."""
    moved = weights.movedim(axis, -1)
    new = moved.reshape(*moved.shape[:-1], colours, len(across)) @ across
    return new.reshape(*moved.shape[:-1], -1).movedim(-1, axis)


def shared(before: NetworkSettings, now: NetworkSettings) -> Tensor | None:
    """(f^2, g^2): channels of a square folded by f, as those of one folded by g; nothing where both are the same."""
    if (before.fold, bool(before.spreads)) == (now.fold, bool(now.spreads)):
        return None
    across = frequencies(before.fold, now.fold)
    if not before.spreads:
        across = cosines(before.fold).T @ across
    return across if now.spreads else across @ cosines(now.fold)


def between_pixels(f: int, g: int) -> Tensor:
    """(f^2, g^2): a square of f x f pixels as one of g x g, without the frequencies that only one of them has."""
    return cosines(f).T @ frequencies(f, g) @ cosines(g) * (f / g)


def frequencies(f: int, g: int) -> Tensor:
    """(f^2, g^2): 1 where a frequency of a square of f x f is the same as one of g x g."""
    same = torch.eye(max(f, g))[:f, :g]
    return torch.einsum("ac,bd->abcd", same, same).reshape(f * f, g * g)


def cosines(fold: int) -> Tensor:
    """(f^2, f^2): the orthonormal cosine transform of a square, a row for each frequency."""
    return Folding(NetworkSettings(fold=fold, spreads=(1.0,))).basis
