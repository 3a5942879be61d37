"""``nonesuch demo``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
def command(folder: Path) -> int:
    """Make the default gallery with the shipped weights, offline, in FOLDER (here when left out), into public/.

    \b
    Examples:
      nonesuch demo
      nonesuch demo /tmp/galaxies
    """
    from render.cli.stages import run
    from render.scaffold import HERE

    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "gallery.toml"
    if not file.exists():
        file.write_bytes((HERE / "gallery.toml").read_bytes())
        click.echo(f"wrote {file}")
    code = run(folder)
    click.echo(f"Look at it with: nonesuch serve{'' if folder == Path() else f' {folder}'}")
    return code
