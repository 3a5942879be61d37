"""``nonesuch publish``."""

from __future__ import annotations

from pathlib import Path

import click

from render.cli.options import gallery_argument


@click.group
def command() -> None:
    """Send the baked site to where visitors are. Only what differs is sent; nothing is rendered.

    `nonesuch validate --host` says before whether the site keeps to a host's limits.

    \b
    Examples:
      nonesuch publish pages
      nonesuch publish netlify --site my-gallery.netlify.app
      nonesuch publish folder /var/www/gallery
      nonesuch publish rsync me@example.org:/var/www/gallery/
    """


@command.command()
@gallery_argument
@click.option("--remote", default="origin", help="A remote of the gallery's git repository, or an address.")
@click.option("--branch", default="site", help="The branch; it holds the site in one commit and nothing else.")
def pages(gallery: Path, remote: str, branch: str) -> None:
    """Push the site to a branch for GitHub Pages (or any host that shows a branch).

    In the repository's settings, Pages shows the branch; or the workflow that `nonesuch new` writes does.

    \b
    Examples:
      nonesuch publish pages
      nonesuch publish pages my-gallery --remote git@github.com:me/gallery.git
    """
    from render.config import load_gallery
    from render.publish import to_pages

    click.echo(f"pushed to {to_pages(load_gallery(gallery), remote, branch)}.")


@command.command()
@gallery_argument
@click.option("--site", help="The site's id or domain; NETLIFY_SITE_ID when left out.")
@click.option("--draft", is_flag=True, help="Only under an address of its own, to look at first.")
def netlify(gallery: Path, site: str | None, draft: bool) -> None:
    """Deploy the site to Netlify, by its deploy API. The token is read from NETLIFY_AUTH_TOKEN.

    \b
    Examples:
      nonesuch publish netlify --site my-gallery.netlify.app
      nonesuch publish netlify my-gallery --draft
    """
    from render.config import load_gallery
    from render.netlify import to_netlify

    def progress(done: int, total: int) -> None:
        click.echo(f"\r{done} of {total} files sent", nl=done == total, err=True)

    click.echo(f"deployed: {to_netlify(load_gallery(gallery), site, draft=draft, progress=progress)}")


@command.command()
@click.argument("target", type=click.Path(path_type=Path))
@gallery_argument
@click.option("--merge", is_flag=True, help="TARGET may hold other files already; they stay.")
def folder(target: Path, gallery: Path, merge: bool) -> None:
    """Bring the folder TARGET to the state of the site: what differs is written, what was published before goes.

    \b
    Examples:
      nonesuch publish folder /var/www/gallery
      nonesuch publish folder ../my-homepage/galaxies my-gallery --merge
    """
    from render.config import load_gallery
    from render.publish import to_folder

    written, removed = to_folder(load_gallery(gallery), target, merge)
    click.echo(f"{target}: {written} files written, {removed} removed.")


@command.command()
@click.argument("target")
@gallery_argument
@click.option("--delete", is_flag=True, help="Remove what TARGET holds and the site does not, whoever put it there.")
def rsync(target: str, gallery: Path, delete: bool) -> None:
    """Send the site with rsync to TARGET, such as me@example.org:/var/www/gallery/.

    \b
    Examples:
      nonesuch publish rsync me@example.org:/var/www/gallery/
      nonesuch publish rsync me@example.org:/var/www/gallery/ my-gallery --delete
    """
    from render.config import load_gallery
    from render.publish import to_rsync

    to_rsync(load_gallery(gallery), target, delete)
    click.echo(f"sent to {target}.")
