"""The command ``nonesuch``: one module a command, loaded when it is called.

A command module has the name of its command and holds a click command called ``command``. It is thin: parse, call one
function, print. The lines that ``nonesuch --help`` shows are here, so that it imports nothing but click.
"""

from __future__ import annotations

import importlib
import os
import sys
from gc import freeze, set_threshold  # the package has a module `gc`, the command
from typing import Any

import click

from render import __version__
from render.errors import NonesuchError, disk_is_full

COMMANDS = {
    "demo": "Make the default gallery with the shipped weights, offline.",
    "new": "Begin a gallery: write a commented gallery.toml and what publishing needs.",
    "generate": "Draw a few pictures straight into a folder, for scripts.",
    "import": "Make a collection of a folder of pictures that others made.",
    "make": "Do everything that is left to do: render, classify, check, caption, lay out the sky, bake.",
    "plan": "What would `make` do, and why? Time, money and bytes; writes nothing.",
    "merge": "Join what several machines made of one gallery.",
    "serve": "Show the baked site in a browser; reloads when it changes.",
    "curate": "Look through the night's exhibits: star, hide, retitle, hang them.",
    "status": "What is wanted, done and set aside, and how a run is doing; --follow watches it.",
    "stop": "End the run that is at work, after the batch in hand.",
    "doctor": "Look at this machine and this gallery: what would go wrong tonight?",
    "check": "Compare the catalogue with its files; --mend repairs.",
    "upgrade": "Go on with new weights; what older ones made stays.",
    "rename": "Give a collection another slug; old addresses go on working.",
    "rm": "Take exhibits off the site; their numbers are never given again.",
    "gc": "Delete media that no exhibit needs any more.",
    "render": "Draw the exhibits that are missing.",
    "classify": "Name the class of every exhibit that has none.",
    "evidence": "Compare every exhibit with the real pictures.",
    "caption": "Write the texts of every exhibit that has none.",
    "atlas": "Give every exhibit its place in the sky, beside those that look like it.",
    "bake": "Write the site's pages from the catalogue.",
    "validate": "Look through the baked site: dead links, broken HTML, a host's limits.",
    "pack": "Make a package for museums and archives: tables, IIIF, RO-Crate, a site for the disk.",
    "publish": "Send the baked site to GitHub Pages, Netlify, a folder, or by rsync.",
    "identify": "Say what files are, by the marks in them.",
    "inspect": "Is what a file says of itself true? Renders its recipe again.",
    "weights": "List, verify, fetch or import weights.",
    "report": "Compare generated pictures with real ones that nothing was trained on.",
    "halves": "Do two models that share no training picture draw the same?",
    "prepare": "Make a training set from a folder, tar or zip of pictures.",
    "train": "Train a model on a training set.",
    "lab": "Train the models of a sweep, and bake a page that compares them.",
}
SELDOM = 50_000
"""New objects between two looks for garbage. Python's own 700 let a short command look through what it has just loaded
over and over, a fourteenth of its time; what may lie about in the meantime is some megabytes.
"""
INTERRUPTED = 130  # as a shell says of a process that Ctrl-C ended
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # or it reads about every package installed to find some


class Commands(click.Group):
    """A group that knows its commands by name and imports a command's module when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"render.cli.{cmd_name}")
        command: click.Command = module.command
        command.name = cmd_name
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f"did you mean '{near[0]}'?" if near else "see `nonesuch --help`."
            raise click.UsageError(f"there is no command '{args[0]}'; {hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="nonesuch")
def cli() -> None:
    """Pictures of things that do not exist, baked into a website that needs no server.

    \b
    Examples:
      nonesuch demo                     the default gallery, here, into public/
      nonesuch new my-gallery           a gallery of your own
      nonesuch make my-gallery          one evening's work; run it again to go on
      nonesuch serve my-gallery         look at it
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command and leave the process with its exit code.

    A NonesuchError is its sentence on stderr and its exit code; Ctrl-C ends quietly, since every command may be run
    again. Anything else is a defect of the program and keeps its traceback.
    """
    set_threshold(SELDOM)
    code = run(arguments)
    freeze()  # or Python looks for garbage among all that it lets go of at the end, a seventh of a short command
    sys.exit(code)


def run(arguments: list[str] | None = None) -> int:
    """Run the command; answers with the exit code."""
    try:
        code: Any = cli.main(arguments, prog_name="nonesuch", standalone_mode=False)
    except NonesuchError as error:
        click.echo(f"nonesuch: {error}", err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("\nnonesuch: stopped; what was done is safe. Run the same command to go on.", err=True)
        return INTERRUPTED
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            return _unread()
        if not disk_is_full(error):
            raise
        click.echo("nonesuch: the disk is full: make room and run the same command again.", err=True)
        return 1
    return code if isinstance(code, int) else 0


def _unread() -> int:
    """The reader (`| head`) has gone; without this Python complains once more when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1
