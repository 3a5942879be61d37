"""The lab: what a person would lose is a night of training, or a comparison that says what was not measured."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import killing
import numpy as np
import pytest
from browsing import MARKS, playwright, served, sound
from synthetic import built_site
from test_families import prepared
from test_halves import learned_from, training_set

from render.bake import bake
from render.bake.lab import view
from render.catalogue import FILE, Catalogue
from render.cli import run as nonesuch
from render.config import load_gallery
from render.errors import NonesuchError
from render.generators import load_generator
from render.lab import families, finishing
from render.lab.cells import Places, cell_named, cells_of, lab_of
from render.lab.finished import find_finished, read_finished
from render.lab.training import work
from render.plausibility.halves import split
from render.recipe import Recipe
from render.weights import load_card, verify

GALLERY = """
[gallery]
title = "nonesuch"
[[collection]]
slug = "galaxies"
title = "galaxy"
weights = "galaxy-96"
count = 1
[lab]
training_set = "set"
seeds = "0-3"
checked = 1
{more}
[[lab.sweep]]
families = ["vae"]
sizes = [16]
widths = [8]
latents = [2]
checkpoints = [2, 4]
batch = 4
{sweeps}
"""
WRONG = '[[lab.sweep]]\nfamilies = ["vea"]\nsizes = [16]\ncheckpoints = [2]'
CELL = "vae-16px-w8-z2"


def lab_gallery(folder: Path, more: str = "", sweeps: str = "") -> Path:
    folder.mkdir()
    prepared(folder / "set", count=80)
    return described(folder, more, sweeps)


def described(folder: Path, more: str = "", sweeps: str = "") -> Path:
    (folder / "gallery.toml").write_text(GALLERY.format(more=more, sweeps=sweeps))
    return folder


def worked(folder: Path, name: str = CELL) -> Path:
    """The folder of a cell that was trained and measured in this process."""
    gallery = load_gallery(folder)
    lab = lab_of(gallery)
    cell = cell_named(lab, name)
    work(gallery, lab, cell)
    return Places(gallery.folder).cell(cell)


def kept(cell: Path) -> dict[str, bytes]:
    """Everything that a cell ends with, but what says how long it took."""
    files = [path for part in ("stops", "frames", "figures") for path in (cell / part).rglob("*") if path.is_file()]
    return {path.relative_to(cell).as_posix(): path.read_bytes() for path in [*files, cell / "run" / "loss.csv"]}


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The exit code, and what a person reads."""
    code = nonesuch(["lab", *arguments])
    told = capsys.readouterr()
    return code, told.out + told.err


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lab whose one cell is finished, beside one of a family that nobody knows."""
    folder = lab_gallery(tmp_path_factory.mktemp("lab") / "g", sweeps=WRONG)
    worked(folder)
    gallery = load_gallery(folder)
    assert finishing.finish(gallery, lab_of(gallery)) == []
    with Catalogue(folder / FILE, write=True):
        pass
    return folder


@pytest.mark.slow
def test_a_killed_cell_goes_on_and_ends_with_the_same_files(finished: Path, tmp_path: Path) -> None:
    folder = lab_gallery(tmp_path / "g")
    process = killing.start(folder, words=["lab", str(folder), "--cell", CELL])
    first = folder / "lab" / "cells" / CELL / "stops" / "000002" / "card.toml"
    patience = time.monotonic() + 600
    while not first.is_file() and process.is_alive() and time.monotonic() < patience:
        time.sleep(0.005)
    process.kill()
    process.join()
    assert first.is_file()
    assert kept(worked(folder)) == kept(finished / "lab" / "cells" / CELL)


def test_a_checkpoint_is_weights_that_a_gallery_can_name_and_shows_the_seeds_that_it_draws(finished: Path) -> None:
    from PIL import Image

    stop = finished / "lab" / "cells" / CELL / "stops" / "000004"
    verify(stop)
    generator = load_generator(stop)
    assert (generator.card.family, generator.card.training.steps, generator.card.classes) == ("vae", 4, [])
    from render.training.samples import pictures_of_class

    with Image.open(stop / "sheet.png") as sheet:
        shown = np.asarray(sheet)[18:34, 18:34]  # the fourth of four, with gaps of two pixels
    again = generator.card.mapping.to_display(pictures_of_class(generator, 0, [3])[0])
    assert np.abs(shown.astype(int) - again.astype(int)).max() <= 2  # weights are kept in half precision
    assert len(list((finished / "lab" / "cells" / CELL / "frames").glob("*.png"))) == 5


def test_the_page_shows_every_frame_says_what_was_measured_and_marks_one(finished: Path, tmp_path: Path) -> None:
    gallery = load_gallery(finished)
    place = find_finished(None, finished)
    assert place is not None
    lab = read_finished(place)
    (model,) = lab.models
    tuned = {stop.step: stop.figures.kernel["fold 2"] for stop in model.stops}
    assert model.marked == min(tuned, key=lambda step: tuned[step])
    assert model.grid is not None
    assert lab.film is not None
    assert load_card(finished / "lab" / "exhibit" / CELL).training.steps == model.marked
    bake(gallery, site=built_site(tmp_path / "site"))
    page = (finished / "public" / "lab" / "index.html").read_text()
    for name in lab.files():
        assert (finished / "public" / "lab" / name).read_bytes() == (place / name).read_bytes()
        assert name in page
        assert b"trainedAlgorithmicMedia" in (place / name).read_bytes()
    assert page.count('class="frame marked"') == 1
    assert "not the FID" in page
    assert 'href="../lab/" aria-current="page"' in page
    assert bake(gallery, site=built_site(tmp_path / "site")).changed is False


def test_the_two_model_test_hangs_in_the_lab_and_stays_when_it_is_finished_again(
    finished: Path, tmp_path: Path
) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    split(training_set(tmp_path / "set"), a, b)
    one, other = learned_from(tmp_path / "one", a, 0), learned_from(tmp_path / "other", b, 1)
    place, gallery = finished / "lab" / "finished", load_gallery(finished)
    words = ["halves", "compare", one, other, a, b, "--n", "14", "--out", tmp_path / "page.md", "--lab"]
    assert nonesuch([*map(str, words), str(tmp_path)]) == 1, "no lab is there: nothing is drawn"
    assert not (tmp_path / "page.md").exists()
    for n in ("14", "21"):
        words[7] = n
        assert nonesuch([*map(str, words), str(place)]) == 0
    halves = read_finished(place).halves
    assert halves is not None
    assert halves.pictures == 21
    assert {path.name for path in place.iterdir()} == {"lab.json", *read_finished(place).files()}
    terms = [re.findall(rb"digitalsourcetype/(\w+)", (place / name).read_bytes())[0] for name in halves.columns]
    assert terms == [b"trainedAlgorithmicMedia"] * 2 + [b"digitalCapture"] * 2
    finishing.finish(gallery, lab_of(gallery))
    assert read_finished(place).halves == halves
    bake(gallery, site=built_site(tmp_path / "site"))
    page = (finished / "public" / "lab" / "index.html").read_text()
    assert all(f'src="{name}"' in page for name in halves.columns)
    assert f">{halves.same_seed[1]:.2f}<" in page


@pytest.mark.slow
@MARKS[0]
@MARKS[1]
def test_one_seed_is_compared_in_every_frame(finished: Path, browser: Any) -> None:
    bake(load_gallery(finished))
    with served(finished / "public") as address, sound(browser) as page:
        page.goto(f"{address}lab/")
        frames = page.locator("[data-sheet]")
        playwright.expect(page.locator("[data-ready]")).to_be_visible()
        frames.first.hover(position={"x": 4, "y": 4})
        for number in range(2):
            playwright.expect(frames.nth(number).locator(".sight")).to_have_attribute("x", "0")
            playwright.expect(frames.nth(number).locator(".sight")).to_have_attribute("visibility", "visible")
        page.locator('[data-seed="1"]').press("Enter")
        for number in range(2):
            playwright.expect(frames.nth(number)).to_have_attribute("viewBox", "66 0 64 64")
        frames.first.click()
        playwright.expect(frames.last).to_have_attribute("viewBox", "0 0 130 130")
        playwright.expect(page.locator('[data-seed=""]')).to_have_attribute("aria-pressed", "true")


def test_what_a_cell_cannot_do_is_one_sentence(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(NonesuchError, match="knows no family 'vea'; did you mean 'vae'"):
        worked(finished, "vea-16px-w32-z64")
    folder = lab_gallery(tmp_path / "g", sweeps='[[lab.sweep]]\nfamilies = ["vae"]\nsizes = [32]\ncheckpoints = [2]')
    with pytest.raises(NonesuchError, match=r"holds pictures of 16 px; prepare some with --size 32"):
        worked(folder, "vae-32px-w32-z64")
    stopped = worked(folder)
    (stopped / "stops" / "000002" / "card.toml").unlink()
    with pytest.raises(NonesuchError, match="checkpoint 2 is missing, and the training is at step 4"):
        worked(folder)
    text = (folder / "gallery.toml").read_text()
    (folder / "gallery.toml").write_text(text.replace("batch = 4", "batch = 5"))
    with pytest.raises(NonesuchError, match="it was begun with another batch 4"):
        worked(folder)
    code, told = run(capsys, str(folder), "--cell", "vae")
    assert code == 2
    assert "the lab has no cell 'vae'" in told
    assert run(capsys, str(folder), "--list")[1].split() == [CELL, "vae-32px-w32-z64"]


def test_a_sweep_is_every_combination_once(tmp_path: Path) -> None:
    sweep = '[[lab.sweep]]\nfamilies = ["flow", "dcgan"]\nsizes = [64, 32]\nlatents = [2, 8]\ncheckpoints = [5]'
    same = (
        '[[lab.sweep]]\nfamilies = ["vae"]\nsizes = [16]\nwidths = [8]\nlatents = [2]\ncheckpoints = [9, 4]\nbatch = 4'
    )
    folder = tmp_path / "g"
    folder.mkdir()
    cells = cells_of(lab_of(load_gallery(described(folder, sweeps=f"{sweep}\n{same}"))))
    assert [cell.name for cell in cells] == [
        CELL, "flow-64px-w32", "flow-32px-w32",
        "dcgan-64px-w32-z2", "dcgan-64px-w32-z8", "dcgan-32px-w32-z2", "dcgan-32px-w32-z8",
    ]  # fmt: skip
    assert cells[0].checkpoints == (2, 4, 9)


@pytest.mark.parametrize("family", ["dcgan", "stylegan2", "flow"])
def test_every_family_begins_from_a_cell(tmp_path: Path, family: str) -> None:
    from render.display import DisplayMapping
    from render.lab.cells import Cell
    from render.training.dataset import TrainingSet
    from render.training.pool import Pictures

    training_set = TrainingSet.open(prepared(tmp_path / "set"))
    mapping = DisplayMapping.plain()
    material = families.Material(training_set, Pictures.load(training_set, mapping, None, ["picture"]), mapping)
    training = families.begin(Cell(family, 16, 32, 4, 4, (3,)), material, tmp_path / "run")
    assert all(np.isfinite(loss) for loss in training.advance())
    assert (training.family, training.settings.steps) == (family, 3)


def test_the_latent_grid_stands_at_the_quantiles_of_the_prior(finished: Path) -> None:
    generator = load_generator(finished / "lab" / "cells" / CELL / "stops" / "000004")
    pictures = finishing.quantile_pictures(generator, 3)
    low = np.float32(-0.967422)  # the normal quantile of 1/6: of three equal shares, the middle of the first
    recipe = Recipe("vae", "0" * 64, 0, "none", 1, 1.0, 16)
    import torch

    noise = torch.tensor([[low, 0.0]])[:, :, None, None]
    data = generator.images(generator.condition([recipe]), noise).numpy()[0]
    assert np.array_equal(pictures[3], generator.card.mapping.to_display(data))  # second row: first low, second middle


@pytest.mark.parametrize(
    ("where", "value"),
    [(("models", 0, "stops", 0, "sheet"), "../../gallery.toml"), (("models", 0, "name"), "x" * 300), (("more",), 1)],
)
def test_a_finished_lab_from_elsewhere_is_checked(finished: Path, tmp_path: Path, where: Any, value: Any) -> None:
    source = finished / "lab" / "finished"
    told = json.loads((source / "lab.json").read_text())
    place = told
    for key in where[:-1]:
        place = place[key]
    place[where[-1]] = value
    (tmp_path / "lab.json").write_text(json.dumps(told))
    with pytest.raises(NonesuchError, match="is no finished lab"):
        read_finished(tmp_path)


@pytest.mark.slow
def test_one_unknown_family_and_one_missing_checkpoint_stop_nothing_else(
    finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    described(finished, f'exhibit = {{ "{CELL}" = 3 }}', WRONG)
    code, told = run(capsys, str(finished))
    assert code == 3
    assert f"{CELL} has no checkpoint 3; it has 2, 4" in told
    assert "not finished: vea-16px-w32-z64" in told
    assert "1 of 2 cells are done" in told
    described(finished, f'exhibit = {{ "{CELL}" = 2 }}', WRONG)
    assert run(capsys, str(finished), "--finish")[0] == 3  # one cell is still unfinished, and says so
    assert load_card(finished / "lab" / "exhibit" / CELL).training.steps == 2
    assert "<span>chosen</span>" in (finished / "public" / "lab" / "index.html").read_text()


def test_the_lab_that_ships_is_whole_and_small() -> None:
    """The default gallery's page would have holes, or everybody would download what nobody sees."""
    folder = find_finished("galaxies-32", Path("/nowhere"))
    assert folder is not None
    lab = read_finished(folder)
    assert view(lab)["rows"]
    assert {path.name for path in folder.iterdir()} == {"lab.json", *lab.files()}
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1_000_000
