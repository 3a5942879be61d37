"""``nonesuch weights``: list, verify, fetch, import."""

from __future__ import annotations

from pathlib import Path

import click

from render.generators import READERS

PATH = click.Path(path_type=Path)


@click.group
def command() -> None:
    """List, verify, fetch, import and quantise weights, and ready them for browsers and judges.

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


def three(context: click.Context, parameter: click.Parameter, value: str) -> tuple[float, float, float]:
    """``0.485,0.456,0.406`` to numbers, one for each of red, green and blue."""
    try:
        red, green, blue = (float(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(f"expected three numbers, such as 0.5,0.5,0.5, not '{value}'.") from None
    return red, green, blue


@command.command("onnx")
@click.argument("graph", type=PATH, metavar="FILE")
@click.argument("folder", type=PATH)
@click.option("--size", required=True, type=click.IntRange(8, 2048), help="Pixels of a side that it is fed.")
@click.option("--outputs", required=True, help='Its classes in order, with commas between, or "galaxy10".')
@click.option("--into", "pairs", default="", help="Which class an output counts for, as in a=elliptical,b=spiral_mid.")
@click.option("--mean", default="0,0,0", show_default=True, callback=three, help="Taken off red, green and blue.")
@click.option("--std", default="1,1,1", show_default=True, callback=three, help="What they are divided by then.")
@click.option("--gives", type=click.Choice(["logits", "probabilities"]), default="logits", show_default=True)
@click.option("--views", type=click.Choice(["1", "8"]), default="1", show_default=True,
              help="8: the mean over turned and mirrored views, for what has no up.")  # fmt: skip
@click.option("--temperature", default=1.0, show_default=True, help="What logits are divided by, where you know one.")
@click.option("--title", default="", help="What it names, for the about page.")
@click.option("--licence", default="unknown", show_default=True, help="The licence of the weights, as an SPDX name.")
@click.option("--data", default="", help="What the card says of the training data.")
def onnx(
    graph: Path, folder: Path, size: int, outputs: str, pairs: str, mean: tuple[float, float, float],
    std: tuple[float, float, float], gives: str, views: str, temperature: float, title: str, licence: str, data: str,
) -> None:  # fmt: skip
    """Make a classifier's weights folder of an ONNX graph (timm, Zoobot), for [classify] in gallery.toml.

    FILE takes one picture, (1, 3, size, size), red first, from 0 to 1 before --mean and --std, and gives a number for
    each output. A classifier judges collections whose classes are all among its own: --into says which class an output
    counts for. "galaxy10" stands for the ten of Galaxy10 DECaLS and the Hubble classes that they come nearest to.
    Needs onnxruntime (pip install 'nonesuch[onnx]').

    \b
    Examples:
      nonesuch weights onnx planets.onnx my-weights/planets --size 64 --outputs gas_giant,rocky_planet
      nonesuch weights onnx zoobot.onnx my-weights/zoobot --size 224 --outputs galaxy10 --views 8
    """
    from render.classify.foreign import INTO, NEVER, Reading, bring
    from render.galaxy10 import GALAXY10

    names = GALAXY10 if outputs == "galaxy10" else tuple(name.strip() for name in outputs.split(",") if name.strip())
    into = {name: name for name in names} | INTO.get(outputs, {})
    for pair in filter(None, pairs.split(",")):
        name, _, found = (part.strip() for part in pair.partition("="))
        if name not in into or not found:
            raise click.BadParameter(
                f"'{pair}' names none of the outputs, as in {names[0]}=elliptical.", param_hint="into"
            )
        into[name] = found
    reading = Reading(names, into, mean, std, gives, int(views), temperature, NEVER.get(outputs, ()))
    card = bring(graph, folder, size, reading, {"title": title, "licence": licence, "data": data})
    click.echo(f"{folder}: {len(names)} outputs into {len(card.classes)} classes: {', '.join(card.classes)}")


@command.command("morphology")
@click.argument("name", metavar="CLASSIFIER")
@click.argument("training_set", type=PATH)
@click.option(
    "--pictures", default=600, show_default=True, type=click.IntRange(20), help="How many real ones to measure."
)
def morphology(name: str, training_set: Path, pictures: int) -> None:
    """Measure the morphology of real galaxies, and keep how it is distributed in the card of CLASSIFIER.

    TRAINING_SET is of the size of the exhibits, for they are only compared with pictures of their own size. Labelled
    pictures of its training folds are drawn at random; hundreds take minutes. Needs statmorph (pip install
    'nonesuch[morphology]'); then morphology = true under [classify] in gallery.toml shows each exhibit among them.

    \b
    Example:
      nonesuch weights morphology my-weights/galaxy-classifier galaxies96
    """
    from render.cli.progress import bar
    from render.training.morphology import keep_reference
    from render.weights import find_weights

    done = 0
    with bar("measuring") as progress:

        def tick(more: int) -> None:
            nonlocal done
            done += more
            progress(done, pictures)

        told = keep_reference(find_weights(name), training_set, pictures, tick)
    click.echo(f"{name}: {told['n']} of {told['pictures']} pictures of {told['size']} px were measured well")


@command.command("cover")
@click.argument("detector")
@click.argument("training_set", type=PATH)
def cover(detector: str, training_set: Path) -> None:
    """Let the copy detector DETECTOR judge what learned from TRAINING_SET, whose pictures are all among its own.

    As where a generator learned without a source (`nonesuch prepare --without`), or the same pictures at another size.
    Every training picture of the set is looked at; then the detector's card names the set by its sha256.

    \b
    Example:
      nonesuch weights cover galaxy-copydetector open96
    """
    from render.cli.progress import bar
    from render.evidence.cover import cover as write
    from render.training.dataset import TrainingSet
    from render.weights import find_weights

    pictures = TrainingSet.open(training_set)
    with bar("looking") as progress:
        write(find_weights(detector), pictures, progress)
    click.echo(f"{detector} knows all {len(pictures.training())} training pictures of {training_set}")


@command.command("quantise")
@click.argument("name", metavar="WEIGHTS")
@click.argument("folder", type=PATH)
def quantise(name: str, folder: Path) -> None:
    """Write WEIGHTS (a shipped name or a folder) into FOLDER in 8 bits: about half of the bytes.

    For generators, once they are trained: disks and visitors' browsers then hold and fetch half. Every tensor that 8
    bits cannot hold to 1 % stays in half precision, so pictures change as little as by drawing them in bf16. What lay
    beside for a browser is made anew with `nonesuch weights browser`.

    \b
    Example:
      nonesuch weights quantise my-weights/galaxy-128 my-weights/galaxy-128-small
    """
    from render.quantise import quantise as write
    from render.weights import BROWSER, MODEL, find_weights

    source = find_weights(name)
    write(source, folder)
    before, after = ((one / MODEL).stat().st_size for one in (source, folder))
    click.echo(f"{folder}: {after / 1e6:.1f} MB, {after / before:.0%} of {before / 1e6:.1f} MB")
    if (source / BROWSER).exists():
        click.echo(f"for a browser: nonesuch weights browser {folder}")


@command.command("browser")
@click.argument("folder", type=PATH)
def browser(folder: Path) -> None:
    """Write beside the weights in FOLDER what a visitor's browser needs to draw with them.

    These are browser.onnx, the network's graph, and browser.json, with hashes and a test vector; browser-twin.onnx,
    the graph of what guidance leads away from, where the card's sampling says so; and browser-expert.onnx, where an
    expert draws the last steps. The bake then offers a page for drawing. Needs onnx and onnxscript
    (pip install 'nonesuch[browser]').

    \b
    Example:
      nonesuch weights browser my-weights/galaxy-128
    """
    from render.training.browser import export

    graph = export(folder)
    click.echo(f"{graph}: {graph.stat().st_size / 1024:.0f} KiB; its weights are the bytes of model.safetensors.")


@command.command("real")
@click.argument("prepared", type=PATH, metavar="SET")
@click.argument("folder", type=PATH)
@click.option("--count", default=24, show_default=True, type=click.IntRange(1, 500), help="How many pictures.")
@click.option("--display", type=click.Choice(["plain", "sky-asinh"]), default="sky-asinh", show_default=True,
              help="How the generated pictures are shown that they stand beside.")  # fmt: skip
def real(prepared: Path, folder: Path, count: int, display: str) -> None:
    """Put a few credited real pictures of SET's test fold into FOLDER, to be told from generated ones on the site.

    SET is what `nonesuch prepare` made. Nothing that ships learned from the test fold. `[bake] real` names the folder.

    \b
    Example:
      nonesuch weights real galaxies96 my-weights/galaxy-real
    """
    from render.display import DisplayMapping
    from render.training.real import ship_real

    card = ship_real(prepared, folder, count, DisplayMapping.named(display))
    click.echo(f"{folder}: {card.training.pictures} pictures, {card.size} px, classes {', '.join(card.classes)}")
