"""``nonesuch demo``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
def command(folder: Path) -> int:
    """Make the default gallery with the shipped weights, offline, in FOLDER (here when left out), into public/.

    A gallery.toml that is there already is never overwritten: it is made as it stands, and its title is said.

    \b
    Examples:
      nonesuch demo
      nonesuch demo /tmp/galaxies
    """
    from render.cli.stages import run
    from render.config import GALLERY, load_gallery
    from render.scaffold import default, make_folder

    make_folder(folder)
    file = folder / GALLERY
    if not file.exists():
        file.write_bytes(default().encode())
        click.echo(f"wrote {file}")
    gallery = load_gallery(folder)
    if file.read_bytes() != default().encode():
        click.echo(f"{file} is there already: making '{gallery.title}' as it says, not the default gallery.")
    code = run(folder)
    click.echo(f"Look at it with: nonesuch serve{'' if folder == Path() else f' {folder}'}")
    return code
