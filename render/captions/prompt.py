"""What a model is told: measurements with their doubt, numbered facts, how to write; and what it may draw on."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from render.captions.facts import Fact, about, in_language
from render.captions.grounding import Given
from render.captions.kinds import GENERAL
from render.captions.numerals import DIGITS, value_of
from render.captions.texts import (
    ALT_LIMIT,
    CAPTION_LIMIT,
    DESCRIPTION_LIMIT,
    TITLE_LIMIT,
    Language,
    Observation,
    Style,
)
from render.captions.words import HINTED, SEEN, colour, direction, noun, outline, percent, probability, runner_up

NAMES: dict[Language, str] = {"en": "English", "pl": "Polish", "cs": "Czech", "ko": "Korean"}
STYLE: dict[Style, str] = {
    "plain": "Plain, exact, a little dry: the label beside a picture in a museum.",
    "poetic": "Quiet and rhythmic, with one image at most: the label beside a picture in a museum, by a poet.",
    "children": "For children of eight: short sentences, everyday words, friendly, never silly.",
}
INSTRUCTIONS = """\
You write labels for generated pictures of things that do not exist. Language: {language}. {style}
Use only what the input says. Hedge as its probabilities do, and name no class but the one that was \
found, or another of the input beside it. Claim no distance, age, size or mass; \
name no real object, catalogue, place, person or telescope; do not say that the thing exists or was seen.
Write no number, neither in figures nor in words nor as a Roman numeral, that the input's "seen" does not hold; \
better none at all. Sentence case; no capitals within a sentence; plain text without markup, links or emoji.
Reply with one JSON object and nothing else:
"title": at most {title} characters, without a full stop; "alt": at most {alt} characters, only what is seen; \
"description": what is seen, two to five sentences, at most {description} characters; \
"caption": one to three sentences of your own, at most {caption} characters, which do not repeat the facts; \
"facts": the numbers of the {facts} of the list that suit best (they are printed after your caption as they stand)."""
FEATURES = {"bar": "bar", "ring": "ring", "dust": "dust lane", "edge_on": "seen from its edge"}
ARMS = {"spiral_early": "tightly wound", "spiral_mid": "moderately open", "spiral_late": "loose and patchy"}
OFFERED = 8
"""Facts in the list, at most."""


@dataclass(frozen=True)
class Prompt:
    """The messages of one exhibit, what they give, and the facts in the order of their numbers."""

    messages: list[dict[str, Any]]
    given: Given
    facts: list[Fact]


def prompt(observation: Observation, language: Language, style: Style, picture: bool = False) -> Prompt:
    """What the model is told about one image. picture: whether it gets the picture too."""
    seen = known(observation)
    offered = offer(observation, language)
    listed = [{"number": n, "text": in_language(fact, language)} for n, fact in enumerate(offered, 1)]
    told = json.dumps({"seen": seen, "facts": listed}, ensure_ascii=False, indent=1)
    content: str | list[dict[str, Any]] = told
    jpeg = observation.picture() if picture and observation.picture is not None else None
    if jpeg is not None:
        image = base64.b64encode(jpeg).decode()
        link = {"url": f"data:image/jpeg;base64,{image}", "detail": "low"}
        content = [{"type": "text", "text": told}, {"type": "image_url", "image_url": link}]
    system = INSTRUCTIONS.format(
        language=NAMES[language],
        style=STYLE[style],
        title=TITLE_LIMIT,
        alt=ALT_LIMIT,
        description=DESCRIPTION_LIMIT,
        caption=CAPTION_LIMIT,
        facts="two facts" if len(listed) > 1 else "facts",
    )
    messages: list[dict[str, Any]] = [{"role": "system", "content": system}, {"role": "user", "content": content}]
    return Prompt(messages, given(observation, seen), offered)


def given(observation: Observation, seen: dict[str, Any]) -> Given:
    """What a text may draw on: the numbers that were measured, and the words of the input."""
    told = json.dumps(seen, ensure_ascii=False)
    values = {value for figures in DIGITS.findall(told) if (value := value_of(figures)) is not None}
    if observation.number("half_light_radius") is not None:
        values.add(Decimal("0.5"))  # "half of its light"
    other = runner_up(observation) if observation.found else None
    keys = (observation.found, observation.asked, other and other[0], *observation.keyframes)
    classes = frozenset(key for key in keys if key)
    return Given(told, frozenset(values), observation.found, classes, observation.theme)


def known(observation: Observation) -> dict[str, Any]:
    """What was found and measured, in words and rounded to what it is worth."""
    seen: dict[str, Any] = {"designation": observation.designation, "kind": observation.thing}
    if observation.keyframes:
        plane = "a square of pictures, which lie between these corners"
        loop = "a film, a closed loop that passes through"
        seen[plane if observation.moves == "plane" else loop] = [noun(key) for key in observation.keyframes]
        return seen
    seen["class"] = {name: value for name, value in _class(observation).items() if value}
    seen["measured"] = {name: value for name, value in _measured(observation).items() if value is not None}
    seen["features"] = _features(observation)
    return {name: value for name, value in seen.items() if value}


def _class(observation: Observation) -> dict[str, Any]:
    share, other = probability(observation), runner_up(observation)
    return {
        "found": noun(observation.found) if observation.found else "not classified",
        "probability, calibrated on real pictures": percent(share) if share is not None else None,
        "next likely": f"{noun(other[0])}, {percent(other[1])}" if other else None,
        "asked for": noun(observation.asked) if observation.asked else None,
    }


def _measured(observation: Observation) -> dict[str, Any]:
    ratio, radius = observation.number("axis_ratio"), observation.number("half_light_radius")
    concentration, others = observation.number("concentration"), observation.number("neighbours_in_field")
    whole = observation.number("colour")
    core, disc = observation.number("core_colour"), observation.number("disc_colour")
    return {
        "outline": outline(ratio),
        "axis ratio (short by long)": None if ratio is None else f"{ratio:.2f}",
        "lies": direction(observation.number("position_angle_deg"), ratio),
        "half of the light within, share of the picture's width": None if radius is None else f"{100 * radius:.0f} %",
        "concentration of the light": None if concentration is None else f"{concentration:.1f}",
        "colour": colour(whole),
        "colour of the core": colour(core),
        "colour around it": colour(disc),
        "other sources in the picture": None if others is None else f"{others:.0f}",
    }


def _features(observation: Observation) -> dict[str, str]:
    """Bar, ring, dust, edge and arms, as far as they were judged."""
    found = {
        FEATURES.get(name, name.replace("_", " ")): "seen"
        if strength >= SEEN
        else "perhaps"
        if strength >= HINTED
        else "not seen"
        for name, strength in observation.attributes.items()
    }
    if observation.found in ARMS and observation.attribute("edge_on") < SEEN:
        found["arms"] = ARMS[observation.found]
    return found


def offer(observation: Observation, language: Language) -> list[Fact]:
    """The reviewed facts that suit: about the class, then about what stands out."""
    theme, key = observation.theme, observation.found or observation.asked or next(iter(observation.keyframes), None)
    if theme is None:
        return []
    topics = [key or GENERAL[theme], *(name for name in FEATURES if observation.attribute(name) >= SEEN)]
    found = [fact for topic in topics for fact in about(topic, theme, language)]
    return found[:OFFERED]
