"""What visitors read: texts that say only what was seen, in words that differ, whoever wrote them."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from datetime import date

import pytest

from render.captions import Observation, facts, facts_captioner
from render.captions.compose import FactsCaptioner
from render.captions.facts import about, in_language, translations
from render.captions.kinds import GENERAL, THEMES, Theme
from render.captions.texts import LANGUAGES, STYLES, Language
from render.captions.wording import wording

CLASSES = ("elliptical", "lenticular", "spiral_early", "spiral_mid", "spiral_late", "irregular", "dwarf_elliptical")


def observed(number: int, found: str = "spiral_mid", share: float | None = None) -> Observation:
    r = random.Random(number)
    p = share if share is not None else r.choice([0.95, 0.7, 0.5])
    other = "lenticular" if found != "lenticular" else "elliptical"
    return Observation(
        f"NONESUCH {number}",
        f"id-{number}",
        found,
        found,
        {found: p, other: (1 - p) * 0.8},
        {name: r.random() for name in ("bar", "ring", "dust", "edge_on")},
        {
            "detected": True,
            "axis_ratio": r.uniform(0.2, 1),
            "position_angle_deg": r.uniform(0, 180),
            "half_light_radius": r.uniform(0.1, 0.3),
            "core_colour": r.uniform(-0.3, 0.5),
            "disc_colour": r.uniform(-1, 0.3),
            "neighbours_in_field": r.randrange(5),
        },
    )


@pytest.mark.parametrize("topic", [*CLASSES, "bar", "ring", "dust", "edge_on", "galaxy"])
def test_every_topic_has_reviewed_facts(topic: str) -> None:
    chosen = about(topic)
    assert 4 <= len(chosen) <= 8
    for fact in chosen:
        assert fact.source.startswith("http")
        assert fact.title
        assert isinstance(fact.read, date)
        assert len(fact.passage) > 20
        assert fact.text.endswith(".")
        assert fact.text not in fact.passage  # our words, not the source's


def test_two_hundred_of_one_class_do_not_read_like_a_template() -> None:
    for found in CLASSES:
        texts = facts_captioner().write([observed(n, found) for n in range(200)])
        assert len({t.caption for t in texts}) > 150
        assert len({t.description for t in texts}) > 150
        assert len({t.caption.split()[0] + t.caption.split()[1] for t in texts}) >= 5
        assert max(len(t.alt) for t in texts) <= 140
        assert all(t.alt.endswith(".") for t in texts)  # none was cut
        for word in ("None", " a elliptical", " a irregular", " a early", " a oval", "..", "  "):
            assert not any(word in f"{t.alt} {t.description} {t.caption}" for t in texts)


def test_the_same_exhibit_gets_the_same_words_in_any_batch() -> None:
    many = facts_captioner().write([observed(n) for n in range(20)])
    assert facts_captioner().write([observed(7)]) == [many[7]]


def test_doubt_and_a_broken_promise_are_told() -> None:
    unsure = Observation("N 1", "a", "irregular", "lenticular", {"lenticular": 0.36, "elliptical": 0.34})
    (texts,) = facts_captioner().write([unsure])
    assert texts.title.endswith("?")
    assert "asked for" in texts.caption
    assert "irregular" in texts.caption
    assert any(word in texts.caption for word in ("cannot tell", "neither is certain"))


def test_what_was_not_measured_is_not_mentioned() -> None:
    (bare,) = facts_captioner().write([Observation("NONESUCH 1", "x")])
    assert bare.alt
    assert "colour" not in bare.description
    assert "not been classified" in bare.caption


def test_a_walk_names_its_stops_and_returns() -> None:
    (texts,) = facts_captioner().write([Observation("W", "w", keyframes=("elliptical", "spiral_late"), frames=48)])
    assert "elliptical" in texts.title
    assert "late spiral" in texts.title
    assert "48 frames" in texts.caption


def test_captions_need_neither_torch_nor_openai() -> None:
    code = "import sys; sys.modules.update(torch=None, openai=None); import render.captions, render.captions.asking"
    subprocess.run([sys.executable, "-c", code], check=True)


def shape(table: object) -> object:
    """A wording without its words: which sentences there are and what is set into them."""
    if isinstance(table, dict):
        return {name: shape(value) for name, value in table.items()}
    sentences = table if isinstance(table, list) else [table]
    assert all(isinstance(one, str) and one == one.strip() for one in sentences)
    return sorted({label for one in sentences for label in re.findall(r"\{(\w+)\}", one)})


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_sentence_and_writes_every_kind(language: Language) -> None:
    """A page in Czech would break off, or go on in English."""
    assert shape(wording(language).tables) == shape(wording("en").tables)
    writer = facts_captioner(language)
    for theme, keys in THEMES.items():
        for key in keys:
            asked = Observation("NONESUCH 1", f"id-{key}", asked=key, thing="thing")
            walk = Observation("W", "w", keyframes=(key, key), frames=8)
            for texts in writer.write([asked, walk, *(observed(n, key) for n in range(12))]):
                words = f"{texts.title} {texts.alt} {texts.description} {texts.caption}"
                assert not re.search(r"None|_|\{|\}|\.\.|  ", words), theme
                assert len(texts.alt) <= 140
                assert texts.language == language
                if language == "ko":
                    assert not re.search(r"[A-Za-z]{3}", re.sub(r"[A-Z]{2,}", "", texts.description))


def test_a_style_changes_no_fact_and_no_figure() -> None:
    """For children, too, the share is the share."""
    for found in CLASSES:
        for number in range(10):
            figures = set()
            for style in STYLES:
                (texts,) = FactsCaptioner("pl", style).write([observed(number, found)])
                known = [in_language(facts()[one], "pl") for one in texts.facts]
                assert all(sentence in texts.caption for sentence in known if sentence)
                figures.add(
                    (tuple(texts.facts), tuple(re.findall(r"\d+", texts.caption)), texts.description, texts.title)
                )
            assert len(figures) == 1


@pytest.mark.parametrize("language", ["pl", "cs", "ko"])
def test_a_translated_fact_keeps_its_figures(language: Language) -> None:
    for name, text in translations(language).items():
        known = facts()[name]
        figures = [re.findall(r"\d+", re.sub(r"(?<=\d)[\s,.\u00a0](?=\d{3})", "", one)) for one in (text, known.text)]
        assert sorted(figures[0]) == sorted(figures[1]), name
        assert text != known.text


@pytest.mark.parametrize("theme", THEMES)
def test_every_class_of_a_collection_that_ships_has_facts(theme: Theme) -> None:
    for key in THEMES[theme]:
        topic = "dinosaur" if key == "dinosaur_other" else key
        for fact in (*about(topic, theme), *about(GENERAL[theme], theme)):
            assert fact.source.startswith("http")
            assert len(fact.passage) > 20
            assert fact.text.endswith(".")
        assert len(about(key, theme)) + len(about(GENERAL[theme], theme)) >= 2


def test_a_gas_giant_has_no_craters_and_a_moon_may_have() -> None:
    told = {}
    for key in ("gas_giant", "star", "moon"):
        asked = [Observation(f"N {n}", f"id-{n}", asked=key, thing="planet") for n in range(40)]
        told[key] = {fact for texts in facts_captioner().write(asked) for fact in texts.facts}
    assert not any(fact.startswith("planet-") for key in ("gas_giant", "star") for fact in told[key])
    assert any(fact.startswith("planet-craters") for fact in told["moon"])
    assert len(told["gas_giant"]) > 1
