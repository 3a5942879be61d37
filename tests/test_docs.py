"""Documentation: a command or a setting that nobody wrote down does not exist for the person who needs it."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from render.cli import COMMANDS
from render.cli.document import commands, settings
from render.config.settings import Gallery
from render.docstrings import meanings

ROOT = Path(__file__).parents[1]


def test_the_generated_pages_are_up_to_date() -> None:
    assert (ROOT / "docs/commands.md").read_text() == commands(), "run `python -m render.cli.document`"
    assert (ROOT / "docs/settings.md").read_text() == settings(), "run `python -m render.cli.document`"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does_with_an_example(name: str) -> None:
    help_text = importlib.import_module(f"render.cli.{name}").command.help or ""
    assert len(help_text) > 40
    assert re.search(r"Examples?:", help_text), f"nonesuch {name} --help shows no example"


def test_every_setting_has_a_meaning() -> None:
    assert not [line for line in settings().splitlines() if line.endswith("|  |")]
    assert meanings(Gallery).keys() == Gallery.model_fields.keys()


def test_the_readme_installs_the_torch_that_was_tested() -> None:
    """The second pip would fetch another torch, with the gigabytes that the first one was to save."""
    constraints = (ROOT / "constraints.txt").read_text().splitlines()
    readme = (ROOT / "README.md").read_text()
    (pinned,) = (line for line in constraints if line.startswith("torch=="))
    assert f"pip install {pinned} --index-url " in readme


@pytest.mark.parametrize("page", [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"], ids=lambda p: p.name)
def test_no_link_between_pages_is_broken(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links {target}"
