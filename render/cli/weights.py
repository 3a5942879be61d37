"""``nonesuch weights``: list, verify, fetch, import."""

from __future__ import annotations

from pathlib import Path

import click

from render.generators import READERS

PATH = click.Path(path_type=Path)


@click.group
def command() -> None:
    """List, verify, fetch or import weights.

    \b
    Examples:
      nonesuch weights list
      nonesuch weights verify galaxy-96
      nonesuch weights fetch https://example.org/galaxy-128/ my-weights/galaxy-128
      nonesuch weights import netG.pth my-weights/cosmos --family dcgan
    """


@command.command("list")
def list_() -> None:
    """List the weights that came with the program.

    \b
    Example:
      nonesuch weights list
    """
    from rich.console import Console
    from rich.table import Table

    from render.weights import find_weights, load_card, shipped_weights

    table = Table("name", "family", "px", "parameters", "classes", "licence", box=None, pad_edge=False)
    for name in shipped_weights():
        card = load_card(find_weights(name))
        table.add_row(name, card.family, str(card.size), f"{card.parameters:,}", str(len(card.classes)), card.licence)
    Console().print(table)


@command.command
@click.argument("names", nargs=-1, metavar="[NAME]...")
def verify(names: tuple[str, ...]) -> None:
    """Compare the files of weights with the sha256 in their cards: of NAME (a shipped name or a folder), or of all.

    \b
    Examples:
      nonesuch weights verify
      nonesuch weights verify galaxy-96 my-weights/galaxy-128
    """
    from render.errors import NonesuchError
    from render.weights import find_weights, load_card, shipped_weights
    from render.weights import verify as compare

    wrong: list[str] = []
    for name in names or tuple(shipped_weights()):
        try:
            folder = find_weights(name)
            compare(folder)
            click.echo(f"{name}: {len(load_card(folder).sha256)} files as the card describes them")
        except NonesuchError as error:
            wrong.append(name)
            click.echo(f"{name}: {error}", err=True)
    if wrong:
        raise NonesuchError(f"not what their cards say: {', '.join(wrong)}; fetch or install them again.")


@command.command
@click.argument("address")
@click.argument("folder", type=PATH)
@click.option("--card-sha256", help="Refuse a card with any other sha256, where you were told one.")
@click.option("--allow-http", is_flag=True, help="Also plain http, for a server on this machine (localhost).")
def fetch(address: str, folder: Path, card_sha256: str | None, allow_http: bool) -> None:
    """Fetch a weights folder from ADDRESS, where its card.toml lies, into FOLDER.

    Only https, only the files that the card lists, each compared with its sha256; FOLDER appears when all are right.
    Nothing that was fetched is run: weights are safetensors.

    \b
    Examples:
      nonesuch weights fetch https://example.org/galaxy-128/ my-weights/galaxy-128
      nonesuch weights fetch https://example.org/galaxy-128/ my-weights/galaxy-128 --card-sha256 5f2c...
    """
    from render.cli.progress import bar
    from render.fetching import fetch_weights

    with bar("fetching") as progress:
        card = fetch_weights(address, folder, card_sha256=card_sha256, allow_http=allow_http, progress=progress)
    click.echo(f"{folder}: {card.name}, {card.family}, {card.size} px, {len(card.sha256)} files as the card lists them")


@command.command("import")
@click.argument("source", type=PATH, metavar="FILE")
@click.argument("folder", type=PATH)
@click.option("--family", required=True, type=click.Choice(sorted(READERS)), help="What kind of model it is.")
@click.option("--pick", type=click.Choice(["ema", "raw"]), default="ema", show_default=True,
              help="Where FILE holds both: the moving average, or the weights as trained.")  # fmt: skip
@click.option("--size", type=click.IntRange(8), help="Pixels of a side, where FILE does not say (ddpm).")
@click.option("--lora", type=PATH, help="A LoRA (.safetensors) that a pipeline wears.")
@click.option("--lora-scale", default=1.0, show_default=True, help="How much of it.")
@click.option("--classes", default="", help="Names of its classes, in its order, with commas between.")
@click.option("--title", default="picture", show_default=True, help='As in "This planet does not exist."')
@click.option("--display", type=click.Choice(["plain", "sky-asinh"]), default="plain", show_default=True,
              help="How its pictures are shown: as they are, or as the sky (asinh).")  # fmt: skip
@click.option("--licence", default="unknown", show_default=True, help="The licence of the weights, as an SPDX name.")
@click.option("--credit", default="", help="Who made them.")
@click.option("--data", default="", help="What the card says of the training data.")
def import_(
    source: Path, folder: Path, family: str, pick: str, size: int | None, lora: Path | None, lora_scale: float,
    classes: str, title: str, display: str, licence: str, credit: str, data: str,
) -> None:  # fmt: skip
    """Make a weights folder of a model that somebody else trained.

    FILE is read without running anything in it; FOLDER appears with card.toml and model.safetensors when the tensors
    are those of the family. Then three lines in gallery.toml make a collection of it.

    \b
    Examples:
      nonesuch weights import netG.pth my-weights/cosmos --family dcgan --title "deep field"
      nonesuch weights import network-snapshot.pkl my-weights/moons --family stylegan2 --title moon --credit "A. Person"
      nonesuch weights import stable-diffusion/ my-weights/sd --family pipeline --size 512
      nonesuch weights import owner/name my-weights/sd --family pipeline --lora style.safetensors --lora-scale 0.8
      nonesuch weights import model.pt my-weights/ddpm --family ddpm --size 256 --display sky-asinh --pick raw
    """
    from dataclasses import replace

    from render.generators.convert import Wish, convert

    names = tuple(name.strip() for name in classes.split(",") if name.strip())
    wish = Wish(title, licence, data, credit, names, display, "raw" if pick == "raw" else "ema", size)
    wish = replace(wish, lora=lora, lora_scale=lora_scale)
    card = convert(source, folder, family, wish)
    click.echo(f"{folder}: {card.family}, {card.size} px, {card.parameters:,} parameters, {len(card.classes)} classes")


@command.command("browser")
@click.argument("folder", type=PATH)
def browser(folder: Path) -> None:
    """Write beside the weights in FOLDER what a visitor's browser needs to draw with them.

    These are browser.onnx, the network's graph, and browser.json, with hashes and a test vector. The bake then offers a
    page for drawing. Needs onnx and onnxscript (pip install 'nonesuch[browser]').

    \b
    Example:
      nonesuch weights browser my-weights/galaxy-128
    """
    from render.training.browser import export

    graph = export(folder)
    click.echo(f"{graph}: {graph.stat().st_size / 1024:.0f} KiB; its weights are the bytes of model.safetensors.")
