"""Where the files are that the program reads beside its own code.

From a checkout they are used where they stand; an installed wheel carries them in ``render/_data`` (mapped there by
``pyproject.toml``). Everything that needs one of them asks here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from render.errors import NonesuchError

Resource = Literal["templates", "site", "weights", "labs"]

PACKAGE = Path(__file__).resolve().parent
IN_CHECKOUT: dict[Resource, str] = {"templates": "templates", "site": "site/dist", "weights": "weights", "labs": "labs"}


def checkout() -> Path | None:
    """The root of the checkout that this code runs from, or None when it is installed."""
    root = PACKAGE.parent
    return root if (root / "hatch_build.py").is_file() else None


def resource(name: Resource) -> Path:
    """The folder of the templates, of the built site, of the shipped weights, or of the finished labs.

    Raises NonesuchError when it is missing: from a checkout that usually means that the site was not built yet.
    """
    root = checkout()
    folder = PACKAGE / "_data" / name if root is None else root / IN_CHECKOUT[name]
    if folder.is_dir():
        return folder
    if root is not None and name == "site":
        raise NonesuchError(f"{folder} is not built yet: run `python hatch_build.py` in {root}.")
    raise NonesuchError(f"{folder} is missing: this installation of nonesuch is incomplete; install it again.")
