"""``gallery.lock``: the weights, by hash, that a gallery was first rendered with.

A gallery is one thing made over many nights. When the weights behind a name change, its old recipes would silently mean
other pictures; so the first night writes the hashes down and every later one compares.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, ValidationError

from render.config.problems import sentences
from render.config.values import Strict
from render.durable import write_whole
from render.errors import NonesuchError

LOCK = "gallery.lock"
HASH = re.compile(r"[0-9a-f]{64}")


class Lock(Strict):
    """What ``gallery.lock`` says."""

    weights: dict[str, str] = Field(default_factory=dict)
    """From the name or path in ``gallery.toml`` to the sha256 of the weights."""
    first: dict[str, int] = Field(default_factory=dict)
    """By collection, the ordinal with which the exhibits of these weights begin, where older ones made some before."""


def read_lock(folder: Path) -> Lock:
    """The gallery's lock; an empty one before its first night."""
    path = folder / LOCK
    try:
        lock = Lock.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Lock()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NonesuchError(f"{path} is damaged ({error}); put it back from a copy.") from None
    except ValidationError as error:
        raise NonesuchError(f"{path}: {sentences(error, Lock)[0]}.") from None
    for name, digest in lock.weights.items():
        if not HASH.fullmatch(digest):
            raise NonesuchError(f"{path}: '{name}' should be a sha256, not '{digest[:80]}'.")
    return lock


def check_weights(folder: Path, hashes: Mapping[str, str]) -> None:
    """Refuse weights that are not the ones this gallery was first rendered with; writes nothing.

    hashes: from the name in ``gallery.toml`` to the sha256 of the weights found now.
    """
    pinned = read_lock(folder).weights
    for name, digest in hashes.items():
        if pinned.get(name, digest) != digest:
            raise NonesuchError(
                f"the weights '{name}' are not those that this gallery was first rendered with ({LOCK} says "
                f"{pinned[name][:12]}…, found {digest[:12]}…): put the former ones back, or go on with the "
                "new ones by `nonesuch upgrade`; exhibits already made keep their pages."
            )


def pin_weights(folder: Path, hashes: Mapping[str, str]) -> None:
    """Check the weights and write down those that are new here, atomically."""
    check_weights(folder, hashes)
    lock = read_lock(folder)
    if not set(hashes) <= set(lock.weights):
        write_lock(folder, Lock(weights={**lock.weights, **hashes}, first=lock.first))


def write_lock(folder: Path, lock: Lock) -> None:
    """Put a lock into its file, whole or not at all."""
    import tomlkit

    document = tomlkit.document()
    document.add(tomlkit.comment("Written by nonesuch: the weights that this gallery was first rendered with."))
    document.add("weights", tomlkit.item(dict(sorted(lock.weights.items()))))
    if lock.first:
        document.add("first", tomlkit.item(dict(sorted(lock.first.items()))))
    write_whole(folder / LOCK, tomlkit.dumps(document))
