"""Silhouettes: learned as distances from their outline, shown crisp at any size, laid upon the real ones."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from tiny import LOOP, drawn_roughly, tiny_gallery

from render.catalogue import FILE, Catalogue
from render.cli import run
from render.config import load_gallery
from render.display import DisplayMapping
from render.evidence.copies import EVERYTHING, altered
from render.evidence.outlines import OutlineEvidence
from render.generators.outlines import whole_bodies
from render.media.silhouettes import area, outlines, silhouette, svg
from render.provenance import Mark, read_mark
from render.stages import make
from render.stages.report import Report
from render.training.flow import FlowSettings
from render.training.outlines_judge import SHAPE, build_outlines
from render.training.shipping import gather, pool_of
from render.weights import load_card

DISTANCE = DisplayMapping.named("distance")
SIZE = 32


def beast(seed: int, size: int = SIZE) -> np.ndarray:
    """Something with a body, a neck, a tail and legs, (size, size, 3), white on black; no two are alike."""
    random = np.random.default_rng(seed)
    large = Image.new("L", (8 * size, 8 * size))
    pen, unit = ImageDraw.Draw(large), 8 * size / 100
    along, high, thick = random.uniform(14, 22), random.uniform(6, 13), random.uniform(3, 6)

    def line(*points: float) -> None:
        pen.line([p * unit for p in points], 255, round(thick * unit))

    pen.ellipse([p * unit for p in (50 - along, 50 - high, 50 + along, 50 + high)], 255)
    line(50 - along, 48, random.uniform(10, 24), random.uniform(15, 60), 8, random.uniform(15, 60))
    line(50 + along, 50, random.uniform(78, 84), random.uniform(40, 60), 95, random.uniform(20, 80))
    for at in np.linspace(52 - along, 48 + along, int(random.integers(2, 5))):
        line(at, 50, at + random.uniform(-6, 6), 50 + high + random.uniform(8, 22))
    return np.asarray(large.resize((size, size), Image.Resampling.BOX).convert("RGB"))


@pytest.fixture(scope="module")
def beasts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders as `nonesuch prepare`, `train flow` and `train copydetector` leave them."""
    torch.set_num_threads(1)
    home = tmp_path_factory.mktemp("beasts")
    (home / "set").mkdir()
    np.save(home / "set/images.npy", np.stack([beast(seed) for seed in range(22)]))
    with (home / "set/index.csv").open("w", newline="") as file:
        columns = ["file", "source", "label", "fold", "licence", "attribution", "taxon"]
        rows = [[f"{n}.png", "", "beast", 1 + n % 8, "CC0-1.0", "A", f"Bestia {n}"] for n in range(22)]
        csv.writer(file).writerows([columns, *rows])
    out, judge = home / "flow", home / "judge"
    how = ["--display", "distance", "--turns", "mirror", "--channels", "32,32,32", "--precision", "fp32"]
    with drawn_roughly():
        assert run(["train", "flow", str(home / "set"), str(out), *how, "--steps", "2", "--batch", "2"]) == 0
    build_outlines(home / "set", judge, "judge", planted=6)
    return home


def test_an_outline_is_as_crisp_large_as_small_and_comes_back_from_its_picture() -> None:
    real = beast(3, 64)
    data = DISTANCE.to_data(real)
    assert np.abs(DISTANCE.from_display(DISTANCE.to_display(data)) - data).mean() < 0.02  # a tenth of a pixel
    large = silhouette(data, DISTANCE, 768)[..., 0]
    soft = ((large > 8) & (large < 247)).sum()
    edge = np.abs(np.diff((large > 127).astype(int))).sum() + np.abs(np.diff((large > 127).astype(int), axis=0)).sum()
    assert soft < 1.5 * edge  # a pixel wide, where a picture of 64 px enlarged is a dozen
    bodies = [abs(area(line)) for line in outlines(data[0])]
    assert max(bodies) == pytest.approx((large > 127).sum() / 144, rel=0.02)  # 144 pixels of the large one for each


def test_the_svg_is_well_formed_and_says_what_it_is() -> None:
    made = svg(DISTANCE.to_data(beast(3, 64)), Mark("type", "credit <&>", "CC0-1.0", recipe='{"seed":1}'))
    root = ElementTree.fromstring(made)
    assert root.get("viewBox") == "0 0 64 64"
    assert root.find("{http://www.w3.org/2000/svg}metadata") is not None
    found = read_mark(made)
    assert found is not None
    assert (found.credit, found.recipe) == ("credit <&>", '{"seed":1}')
    assert b"<script" not in made
    empty = svg(np.full((3, 16, 16), -1, dtype=np.float32), Mark("", "", ""))
    assert ElementTree.fromstring(empty)[-1].get("d") == ""


def test_what_has_come_off_a_body_is_taken_away_and_no_more() -> None:
    size = 64
    picture = np.zeros((size, size, 3), np.uint8)
    picture[20:40, 10:50] = picture[24:28, 53:57] = 255  # a trunk, and a bit that lies before it
    field = torch.from_numpy(DISTANCE.to_data(picture))[None, :1]
    below = -1 / (DISTANCE.reach * size)
    whole = whole_bodies(field, below)
    shown = silhouette(whole[0].expand(3, -1, -1).numpy(), DISTANCE, 4 * size)[..., 0]
    assert shown[:, 4 * 53 :].max() == 0
    before = silhouette(field[0].expand(3, -1, -1).numpy(), DISTANCE, 4 * size)[..., 0]
    assert (shown[:, : 4 * 50] == before[:, : 4 * 50]).all()
    assert len(outlines(whole[0, 0].numpy())) == 1
    assert whole_bodies(whole, below).equal(whole)
    nothing = torch.full((1, 1, size, size), -1.0)
    assert whole_bodies(nothing, below).equal(nothing)


def test_what_is_learned_from_is_one_channel_bent_anew(beasts: Path, tmp_path: Path) -> None:
    _, pictures = gather(beasts / "set", tmp_path, DISTANCE, None, "mirror")
    pool = pool_of(pictures, DISTANCE)
    one, two = (pool.batch(FlowSettings(batch=6), torch.Generator().manual_seed(seed)) for seed in (0, 1))
    assert one.data.shape == (6, 1, SIZE, SIZE)
    assert one.drawing.shape == (6, 1, SIZE, SIZE)
    assert not torch.equal(one.data, two.data)
    assert float(one.data.amin()) >= -1
    inside = (one.data > 0).float().mean()
    assert 0.05 < inside < 0.5  # bent, but whole: a body is still there
    card = load_card(beasts / "flow")
    assert (card.network["colours"], card.display["name"]) == (1, "distance")


def test_a_copy_is_known_however_it_was_turned_and_another_body_is_none(beasts: Path) -> None:
    judge = OutlineEvidence.load(beasts / "judge")
    assert judge.card.quality["caught"]["everything"]["caught"] >= 0.5  # at 32 px little is left of a leg
    random = np.random.default_rng(1)
    shown = [DISTANCE.to_display(DISTANCE.to_data(beast(seed))) for seed in (3, 4)]  # of the folds 4 and 5
    copies = [DISTANCE.from_display(altered(one, SHAPE, random)) for one in shown]
    others = [DISTANCE.to_data(beast(seed)) for seed in (100, 101)]
    verdicts = judge.check(torch.from_numpy(np.stack([*copies, *others])))
    assert [one.neighbours[0].file for one in verdicts[:2]] == ["Bestia 3", "Bestia 4"]
    far = [one.distance or 0.0 for one in verdicts]
    assert max(far[:2]) < min(far[2:])
    assert not any(one.near_copy for one in verdicts[2:])
    assert EVERYTHING.angle == SHAPE.angle == 180
    pictures = [copies[0], others[0], DISTANCE.to_data(beast(3))]
    found = judge.twins(3, lambda place: torch.from_numpy(pictures[place]))
    assert [(pair.one, pair.other) for pair in found] == [(0, 2)]


def test_a_silhouette_is_published_as_svg_beside_its_sizes_with_its_evidence(beasts: Path, tmp_path: Path) -> None:
    text = tiny_gallery(2, weights=str(beasts / "flow"))
    evidence = f'[evidence]\nweights = ["galaxy-copydetector", "{beasts / "judge"}"]\nnear_copies = "keep"'
    (tmp_path / "gallery.toml").write_text(text.replace('[evidence]\nweights = "./none"', evidence) + LOOP)
    outcome = make(load_gallery(tmp_path), Report())
    assert (outcome.shown, outcome.exit_code) == (3, 0)
    with Catalogue(tmp_path / FILE) as catalogue:
        rows = {exhibit.recipe.kind: (exhibit, media) for exhibit, media in catalogue.exhibits("galaxies")}
    exhibit, media = rows["image"]
    found = {medium.role: medium for medium in media}
    assert exhibit.evidence is not None
    assert exhibit.evidence["checked"]
    page = (tmp_path / f"public/galaxies/{exhibit.number}.html").read_text()
    assert f'download="nonesuch-galaxies-{exhibit.number}.svg"' in page
    assert "Nearest originals that were learned from" in page
    assert "Bestia" in page
    published = (tmp_path / "public/media" / found["outline"].key).read_bytes()
    assert read_mark(published) is not None
    assert (
        run(["inspect", str(tmp_path / "public/media" / found["fallback"].key), "--weights", str(beasts / "flow")]) == 0
    )
    film = next(medium for medium in rows["walk"][1] if medium.role == "master")
    with Image.open(io.BytesIO((tmp_path / "store" / film.key).read_bytes())) as opened:
        levels = np.asarray(opened)
    assert ((levels > 40) & (levels < 215)).mean() < 0.2  # a film shows the silhouette, not the distances
    assert re.search(r"upon every original", (tmp_path / "public/about/index.html").read_text())
