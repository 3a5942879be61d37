"""``nonesuch validate``."""

from __future__ import annotations

from pathlib import Path

import click

from render.cli.options import gallery_argument


@click.command
@gallery_argument
@click.option("--host", type=click.Choice(["pages", "netlify", "cloudflare"]), help="Also keep to this host's limits.")
def command(gallery: Path, host: str | None) -> int:
    """Look through the baked site before it is published: dead links, pictures without words, broken HTML, limits.

    Says how many files and bytes there are, and what comes close to a limit. Ends with 1 when something is wrong.

    \b
    Examples:
      nonesuch validate
      nonesuch validate my-gallery --host pages
    """
    from render.config import load_gallery
    from render.validate import validate

    loaded = load_gallery(gallery)
    found, findings = validate(loaded.public, loaded.about.base, host)  # type: ignore[arg-type]  # one of click's choices
    size, most = f"{found.bytes / 1e6:,.1f} MB", f"{found.fullest[0]:,} in {found.fullest[1]}/"
    click.echo(f"{found.files:,} files, {size}; the most in one folder: {most}; the largest: {found.largest[1]}.")
    for finding in findings:
        click.echo(f"{'wrong' if finding.grave else 'note'}: {finding.text}", err=finding.grave)
    return 1 if any(finding.grave for finding in findings) else 0
