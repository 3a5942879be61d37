"""The files of a new gallery, as they lie in this folder; the commented ``gallery.toml`` is also the default one."""

from __future__ import annotations

from pathlib import Path

from render.errors import UsageError

HERE = Path(__file__).resolve().parent
FILES = {
    "gallery.toml": "gallery.toml",
    "netlify.toml": "netlify.toml",
    ".gitignore": "gitignore",
    ".github/workflows/publish.yml": "pages.yml",
}


def scaffold(folder: Path, title: str | None = None) -> list[Path]:
    """Write a new gallery into `folder`; answers with what was written.

    Raises UsageError, having written nothing, when one of the files is there already.
    """
    present = [name for name in FILES if (folder / name).exists()]
    if present:
        raise UsageError(f"{folder} already has {', '.join(present)}: choose another folder; nothing was written.")
    written: list[Path] = []
    for name, source in FILES.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        text = (HERE / source).read_text(encoding="utf-8")
        if name == "gallery.toml" and title is not None:
            text = _titled(text, title)
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
        written.append(target)
    return written


def _titled(text: str, title: str) -> str:
    """The gallery's text with another title, its comments kept."""
    import tomlkit

    document = tomlkit.parse(text)
    document["gallery"]["title"] = title
    return tomlkit.dumps(document)
