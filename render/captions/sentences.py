"""Texts in whole sentences: every language and every collection but plain English about galaxies (see `compose.py`)."""

from __future__ import annotations

from render.captions.facts import Fact, about, in_language
from render.captions.kinds import general
from render.captions.texts import ALT_LIMIT, TITLE_LIMIT, Language, Observation, Style, Texts
from render.captions.wording import Wording, wording
from render.captions.words import (
    DISCS,
    HALF,
    HINTED,
    LIKELY,
    SEEN,
    SURE,
    Choice,
    colour,
    direction,
    extent,
    outline,
    probability,
    runner_up,
)

FEATURES = ("bar", "ring", "dust")


def sentence_texts(observation: Observation, language: Language, style: Style) -> Texts:
    """The texts of one image or walk."""
    words, choice = wording(language), Choice(observation.id)
    if observation.keyframes:
        return _walk(observation, words, choice, style)
    chosen = chosen_facts(observation, choice, language)
    told = [in_language(fact, language) or "" for fact in chosen]
    caption = [*_verdict(observation, words, choice, style), *_measured(observation, words, choice), *told]
    return Texts(
        title=_title(observation, words),
        alt=_alt(observation, words, choice),
        description=" ".join(_description(observation, words, choice)),
        caption=" ".join([*caption, words.pick(choice, "closing", style)]),
        facts=[fact.id for fact in chosen],
        language=language,
        style=style,
    )


def chosen_facts(observation: Observation, choice: Choice, language: Language) -> list[Fact]:
    """One or two: about the class that was found, or else asked for, and about a feature or all of the kind."""
    theme = observation.theme
    if theme is None:
        return []
    share = probability(observation)
    key = observation.found if share is None or share >= HALF else None
    key = key or (observation.asked if observation.found is None else None)
    special = [name for name in (*FEATURES, "edge_on") if observation.attribute(name) >= SEEN]
    whole = general(theme, key)
    topics = [key or whole, choice.of("topic", special) if special else whole]
    found = [about(topic, theme, language) for topic in dict.fromkeys(topics) if topic]
    return [options[choice.index(f"fact {n}", len(options))] for n, options in enumerate(found) if options]


def _subject(observation: Observation, words: Wording) -> str:
    return words.label(observation.found or observation.asked) or observation.thing


def _doubtful(observation: Observation, limit: float) -> bool:
    share = probability(observation)
    return share is not None and share < limit


def _title(observation: Observation, words: Wording) -> str:
    label = _subject(observation, words)
    mark = "?" if _doubtful(observation, HALF) else ""
    return f"{label[:1].upper()}{label[1:]}{mark}"[:TITLE_LIMIT]


def _alt(observation: Observation, words: Wording, choice: Choice) -> str:
    name = "unsure" if _doubtful(observation, LIKELY) else "sure" if observation.theme else "bare"
    return words.pick(choice, "alt", name, **{"class": _subject(observation, words)})[:ALT_LIMIT]


def _description(observation: Observation, words: Wording, choice: Choice) -> list[str]:
    """Layout, shape and tilt, colours, structure, what else is near: as far as it was measured."""
    ratio, told = observation.number("axis_ratio"), words.tables
    parts = [words.pick(choice, "layout", observation.theme or "other")]
    for table, name in (
        ("shape", outline(ratio)),
        ("lies", direction(observation.number("position_angle_deg"), ratio)),
        ("extent", extent(observation.number("half_light_radius"))),
    ):
        parts += [told[table][name]] if name else []
    whole = colour(observation.number("colour"))
    core = colour(observation.number("core_colour")) or whole
    disc = colour(observation.number("disc_colour")) or whole
    if core and disc:
        labels = {"core": words.colour(core), "disc": words.colour(disc)}
        parts.append(words.pick(choice, "colour", "one" if core == disc else "two", **labels))
    parts += _structure(observation, words, choice)
    others = observation.number("neighbours_in_field")
    if others is not None:
        parts.append(told["field"][str(int(others)) if others < 4 else "many"])
    return parts


def _structure(observation: Observation, words: Wording, choice: Choice) -> list[str]:
    """Arms or their absence, and features: of galaxies that were classified."""
    found = observation.found
    if found is None or found not in words.tables["structure"]:
        return []
    ratio = observation.number("axis_ratio")
    edge = found in DISCS and observation.attribute("edge_on") >= SEEN and (ratio is None or ratio < 0.5)
    unsure = _doubtful(observation, LIKELY)
    parts = [words.pick(choice, "structure", "edge" if edge else "unsure" if unsure else found)]
    for name in FEATURES:
        strength = observation.attribute(name)
        if strength < HINTED or (name != "dust" and (edge or found not in DISCS)):
            continue
        parts.append(words.tables["features"][name][0 if strength >= SEEN else 1])
    return parts


def _verdict(observation: Observation, words: Wording, choice: Choice, style: Style) -> list[str]:
    """The class with its doubt, and what was asked for where that differs."""
    asked = words.label(observation.asked)
    if observation.found is None:
        labels = {"asked": asked, "designation": observation.designation}
        return [words.verdict(choice, style, "alone" if asked else "none", **labels)]
    share, other = probability(observation), runner_up(observation)
    labels = {"class": words.label(observation.found)}
    if share is None:
        name = "told"
    else:
        labels["percent"] = words.percent(share)
        name = "sure" if share >= SURE else "likely" if share >= LIKELY else "unsure"
        if name == "unsure" and other is not None:
            name, labels = "rival", labels | {"other": words.label(other[0]), "rival": words.percent(other[1])}
    told = [words.verdict(choice, style, name, **labels)]
    if observation.asked not in (None, observation.found):
        told.append(words.verdict(choice, style, "asked", asked=asked))
    return told


def _measured(observation: Observation, words: Wording, choice: Choice) -> list[str]:
    """One measurement with what it means, where there is one."""
    options: list[tuple[str, dict[str, str]]] = []
    if (ratio := observation.number("axis_ratio")) is not None:
        options.append(("ratio", {"ratio": words.number(ratio, 2)}))
    if (radius := observation.number("half_light_radius")) is not None:
        options.append(("radius", {"radius": words.percent(radius)}))
    core, disc = observation.number("core_colour"), observation.number("disc_colour")
    if core is not None and disc is not None and abs(core - disc) >= 0.1:
        options.append(("redder" if core > disc else "bluer", {"step": words.number(abs(core - disc), 1)}))
    if not options:
        return []
    name, labels = options[choice.index("measured", len(options))]
    return [words.pick(choice, "measured", name, **labels)]


def _walk(observation: Observation, words: Wording, choice: Choice, style: Style) -> Texts:
    """A closed loop: its stations as labels, and that it returns. A plane: what is in its corners."""
    part = "plane" if observation.moves == "plane" else "walk"
    labels = [words.label(key) or observation.thing for key in observation.keyframes]
    stops = " → ".join(label for n, label in enumerate(labels) if n == 0 or label != labels[n - 1])
    if part == "plane":
        stops = ", ".join(dict.fromkeys(labels))
    title = f"{stops[:1].upper()}{stops[1:]}"
    alt = words.pick(choice, part, "alt", stops=stops)
    caption = words.pick(choice, part, "caption", stops=stops)
    return Texts(
        title=title if len(title) <= TITLE_LIMIT else f"{labels[0][:1].upper()}{labels[0][1:]} → … → {labels[-1]}",
        alt=alt if len(alt) <= ALT_LIMIT else words.pick(choice, part, "many"),
        description=words.pick(choice, part, "description", stops=stops),
        caption=f"{caption} {words.pick(choice, 'walk', 'closing')}",
        language=words.language,
        style=style,
    )
