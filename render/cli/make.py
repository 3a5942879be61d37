"""``nonesuch make``."""

from __future__ import annotations

from pathlib import Path

import click

from render.cli.options import gallery_argument, night_options


@click.command
@gallery_argument
@night_options
@click.option("--endless", is_flag=True, help="Go on with further seeds when everything is there.")
@click.option("--retry", is_flag=False, flag_value="", metavar="[CAUSE]",
              help="Make only what failed, all of it or for a CAUSE with this text. Comes after GALLERY.")  # fmt: skip
@click.option("--shard", metavar="K/N", help="Draw only the K-th of N machines' shares; see `plan --shards`.")
@click.option(
    "--executor",
    type=click.Choice(["local", "ray"]),
    default="local",
    help="Draw on this machine, or on the Ray cluster that RAY_ADDRESS names.",
)
@click.option("--workers", type=click.IntRange(1, 10_000), metavar="N",
              help="Ask Ray for N workers; for all that it has room for when left out.")  # fmt: skip
@click.option("--detach", is_flag=True, help="Go on without this terminal: a closed ssh session does not end it.")
@click.option("--log", type=click.Path(path_type=Path), hidden=True)
def command(
    gallery: Path, until: str | None, lasting: str | None, count: int | None, endless: bool, retry: str | None,
    shard: str | None, executor: str, workers: int | None, detach: bool, log: Path | None,
) -> int:  # fmt: skip
    """Do everything that is left to do: render, classify, check, caption, bake.

    Stop it at any time, even with kill -9: what was made is safe, and the same command goes on where it was. Ctrl-C
    finishes the batch in hand and bakes what there is; a second one stops at once. With a deadline, every collection
    gets its share early, and drawing ends in time for the site to be whole.

    \b
    Examples:
      nonesuch make
      nonesuch make my-gallery --until 07:00 --detach
      nonesuch make my-gallery --for 8h --endless
      nonesuch make my-gallery --retry "out of memory"
      nonesuch make my-gallery --shard 2/4
      RAY_ADDRESS=auto nonesuch make my-gallery --executor ray
    """
    from render.cli.options import wish
    from render.cli.stages import run

    if workers is not None and executor != "ray":
        raise click.UsageError("--workers are those of a Ray cluster: say --executor ray, too.")
    if detach:
        values = {"--until": until, "--for": lasting, "--count": count, "--retry": retry, "--shard": shard}
        chosen = [f"{name}={value}" for name, value in values.items() if value is not None]
        chosen += [f"--executor={executor}", *([] if workers is None else [f"--workers={workers}"])]
        wish(until, lasting, count, endless, retry, shard)  # what is wrong with them is said here
        return _detached(gallery, [*chosen, *(["--endless"] if endless else [])])
    if log is not None:
        _without_terminal(gallery, log)
    asked = wish(until, lasting, count, endless, retry, shard)
    if executor == "ray":
        from render.stages.spreading import ray_executor

        return run(gallery, wish=asked, make_executor=ray_executor(workers))
    return run(gallery, wish=asked)


def _detached(gallery: Path, arguments: list[str]) -> int:
    from render.config import load_gallery
    from render.errors import NonesuchError
    from render.stages.detached import detach, log_of
    from render.stages.live import running

    loaded = load_gallery(gallery)
    if running(loaded) is not None:
        raise NonesuchError(f"a run is at work on {gallery} already: see `nonesuch status {gallery}`.")
    process, code = detach(loaded, [str(gallery), *arguments])
    if code is not None:
        click.echo(log_of(loaded).read_text(encoding="utf-8") if log_of(loaded).exists() else "", nl=False)
        return code
    here = "" if gallery == Path() else f" {gallery}"
    click.echo(
        f"The night goes on without this terminal (process {process}). `nonesuch status{here} --follow` watches it, "
        f"`nonesuch stop{here}` ends it, and what it says goes to {gallery / 'runs' / log_of(loaded).name}."
    )
    return 0


def _without_terminal(gallery: Path, log: Path) -> None:
    """Nobody reads what is printed, and nobody hangs up."""
    import signal
    import sys

    from render.stages.detached import Scrubbed

    home = gallery if gallery.is_dir() else gallery.parent
    sys.stdout = sys.stderr = Scrubbed(log, home.resolve())
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
