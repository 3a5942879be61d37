"""``nonesuch inspect``."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from render.cli.strangers import one_line
from render.errors import NonesuchError

if TYPE_CHECKING:
    from render.recipe import Recipe

SENTENCES = {
    "same": "Rendered again with {weights}: the same picture, pixel by pixel.",
    "near": "Rendered again with {weights}: near, {decibels:.1f} dB (encoders and devices differ in the last bits).",
    "different": "Rendered again with {weights}: NOT what the file shows ({decibels:.1f} dB). The recipe is another's.",
}


@click.command
@click.argument("file")
@click.option(
    "--weights", type=click.Path(path_type=Path), multiple=True, help="A weights folder that the recipe may name."
)
@click.option("--no-render", is_flag=True, help="Only say what the file says of itself.")
def command(file: str, weights: tuple[Path, ...], no_render: bool) -> int:
    """What does FILE, a picture or a loop here or at an https:// address, say of itself, and is it true?

    Its recipe is rendered again with the shipped weights, or those you name, when their hash is the one that it gives,
    and compared with what the file shows. Ends with 1 when the file says nothing, or shows something else.

    \b
    Examples:
      nonesuch inspect nonesuch-galaxies-17.avif
      nonesuch inspect https://example.org/galaxies/media/ab/abcdef0123.jpg --no-render
    """
    from render.stages.inspecting import LARGEST_FILE, describe, render_again

    data = _read(file, LARGEST_FILE)
    found = describe(data)
    if found is None:
        click.echo(f"{file} says nothing of itself that nonesuch can read.")
        _signature(data)
        return 1
    click.echo(f"It says that it is {found.source}.")
    whole = _signature(data)
    mark = found.mark
    for name, value in (("Title", mark.title), ("Subject", mark.subject), ("Credit", mark.credit),
                        ("Licence", mark.licence), ("Made with", mark.tool), ("Weights", mark.card)):  # fmt: skip
        if value:
            click.echo(f"{name + ':':<11}{one_line(value)}")
    if found.recipe is None:
        return int(not whole)
    click.echo(f"{'Recipe:':<11}{_spoken(found.recipe)}")
    if no_render:
        return int(not whole)
    try:
        again = render_again(data, found.recipe, list(weights))
    except NonesuchError as error:
        click.echo(f"Not rendered again: {error}")
        return int(not whole)
    click.echo(SENTENCES[again.answer].format(weights=again.weights, decibels=again.decibels))
    return int(again.answer == "different" or not whole)


def _signature(data: bytes) -> bool:
    """Tell whose signature the file carries; False when it was changed since it was signed."""
    from render.credentials import read_credentials

    try:
        found = read_credentials(data)
    except NonesuchError as error:
        click.echo(f"Signature: {error}")
        return True
    if found is None:
        return True
    if not found.whole:
        click.echo(f"Signature: BROKEN. The file is not what was signed ({one_line(', '.join(found.reasons))}).")
        return False
    who = one_line(", ".join(one for one in (found.name, found.issuer) if one) or "somebody without a name")
    click.echo(f"Signature: whole since it was signed (C2PA) by {who}; whether to trust them is yours to know.")
    return True


def _read(file: str, most: int) -> bytes:
    """The bytes of a file or of an address; the network is used for nothing but the address that was given."""
    if file.startswith(("https://", "http://")):
        from render.fetching import download

        with tempfile.TemporaryDirectory(prefix="nonesuch-inspect-") as folder:
            target = Path(folder, "file")
            download(file, target, most)
            return target.read_bytes()
    path = Path(file)
    try:
        if path.stat().st_size > most:
            raise NonesuchError(f"{path} is larger than {most >> 20} MiB: nonesuch makes no such file.")
        return path.read_bytes()
    except OSError as error:
        raise NonesuchError(f"{path} cannot be read: {error.strerror}.") from None


def _spoken(recipe: Recipe) -> str:
    parts = [f"{name.replace('_', ' ')} {value}" for name, value in recipe.as_json().items() if name in SAID]
    return one_line(", ".join(parts))


SAID = (
    "kind",
    "seed",
    "class_name",
    "source",
    "sampler",
    "steps",
    "guidance",
    "symmetry",
    "away",
    "size",
    "upscaler",
    "truncation",
    "sketch",
)
