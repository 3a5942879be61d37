"""The recipe is the exhibit's identity: a change in its spelling would orphan every exhibit that was ever made."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from render.errors import NonesuchError, UsageError
from render.recipe import Keyframe, Recipe, Seeds, Walk

PLAIN = Recipe(
    family="flow", weights="ab" * 32, seed=7, sampler="heun", steps=12, guidance=1.5, size=96, class_name="spiral_late"
)
LOOP = Walk("spline", 48, (Keyframe(1, "spiral_late"), Keyframe(2, "irregular"), Keyframe(3)))


def test_id_and_canonical_form_never_change():
    assert PLAIN.canonical() == (
        b'{"algorithm":1,"class_name":"spiral_late","family":"flow","guidance":1.5,"kind":"image",'
        b'"noise":"philox4x32-10/box-muller/1","sampler":"heun","seed":7,"size":96,"steps":12,"weights":"'
        + b"ab" * 32
        + b'"}'
    )
    assert PLAIN.id == "7be58ef6d82e329e28bd"


def test_whole_floats_are_spelt_as_a_browser_spells_them():
    assert replace(PLAIN, guidance=2).id == replace(PLAIN, guidance=2.0).id
    assert b'"guidance":2,' in replace(PLAIN, guidance=2.0).canonical()


def test_every_choice_changes_the_id():
    others = [
        replace(PLAIN, seed=8), replace(PLAIN, steps=13), replace(PLAIN, guidance=1.6), replace(PLAIN, size=128),
        replace(PLAIN, class_name=None), replace(PLAIN, source="efigi"), replace(PLAIN, sketch="00"),
        replace(PLAIN, prompt="a"), replace(PLAIN, truncation=0.7), replace(PLAIN, upscaler="cd"),
        replace(PLAIN, weights="ef" * 32), replace(PLAIN, algorithm=2), replace(PLAIN, noise="other"),
        replace(PLAIN, sampler="euler"), replace(PLAIN, family="gan"), replace(PLAIN, kind="walk", walk=LOOP),
    ]  # fmt: skip
    assert len({r.id for r in [PLAIN, *others]}) == len(others) + 1


@pytest.mark.parametrize(
    "recipe", [PLAIN, replace(PLAIN, kind="walk", walk=LOOP), replace(PLAIN, prompt="Ünïcode <b>")]
)
def test_json_round_trip(recipe):
    again = Recipe.from_json(recipe.canonical())
    assert again == recipe
    assert Recipe.from_json(json.loads(json.dumps(recipe.as_json()))).id == recipe.id


def test_a_keyframe_is_the_still_with_the_same_id():
    walk = replace(PLAIN, kind="walk", walk=Walk("great-circle", 8, (Keyframe(7, "spiral_late"), Keyframe(9))))
    assert walk.keyframe(0) == PLAIN


@pytest.mark.parametrize(
    "bad", ["{}", "[]", "not json", '{"family": 1, "colour": "red"}', PLAIN.canonical().replace(b"7", b"-7")]
)
def test_a_foreign_recipe_is_refused_in_one_sentence(bad):
    with pytest.raises(NonesuchError) as caught:
        Recipe.from_json(bad)
    assert "\n" not in str(caught.value)


def test_numbers_without_a_spelling_are_refused():
    with pytest.raises(UsageError):
        replace(PLAIN, guidance=float("nan"))
    with pytest.raises(UsageError):
        replace(PLAIN, seed=2**53)


@pytest.mark.parametrize(
    ("path", "count", "frames"),
    [("great-circle", 3, 9), ("spline", 2, 9), ("line", 3, 9), ("spline", 4, 3), ("plane", 4, 10), ("plane", 3, 9)],
)
def test_walks_that_cannot_close_are_refused(path, count, frames):
    with pytest.raises(UsageError):
        Walk(path, frames, tuple(Keyframe(i) for i in range(count)))


def test_seeds():
    assert Seeds.parse("1,2,5-8").listed == (1, 2, 5, 6, 7, 8)
    assert Seeds.parse(" 3 - 4 , 1").listed == (3, 4, 1)
    open_ended = Seeds.parse("9,100-")
    assert [open_ended.at(i) for i in range(4)] == [9, 100, 101, 102]
    assert Seeds.parse("4-5").at(2) is None


@pytest.mark.parametrize("bad", ["", "a", "1,,2", "-1", "5-2", "0-,4", "1.5", "0-99999999", "9007199254740993", "٣"])
def test_seeds_that_are_refused(bad):
    with pytest.raises(UsageError):
        Seeds.parse(bad)
