"""Texts from the reviewed facts and from what was measured: the same exhibit, the same words, no network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from render.captions.facts import Fact, about
from render.captions.sentences import sentence_texts
from render.captions.texts import ALT_LIMIT, Language, Observation, Style, Texts, never
from render.captions.walks import walk_texts
from render.captions.words import (
    DISCS,
    HALF,
    HINTED,
    LIKELY,
    SEEN,
    SPIRALS,
    SURE,
    Choice,
    article,
    colour,
    direction,
    extent,
    joined,
    noun,
    outline,
    percent,
    probability,
    runner_up,
    sentence,
)

INVENTED = (
    "No scale, no north, no distance: nothing was observed.",
    "A drawing by a network, not an observation.",
    "Nothing was observed, so there is no distance and no age to give.",
    "It was computed, not found.",
    "There is no such place to point a telescope at.",
)


class FactsCaptioner:
    """The default captioner: deterministic, offline, and free of torch."""

    remote = False

    def __init__(self, language: Language = "en", style: Style = "plain") -> None:
        self._language, self._style = language, style

    def write(self, observations: Sequence[Observation]) -> list[Texts]:
        """Texts for each observation, in order."""
        return [self._texts(one) for one in observations]

    def each(
        self, observations: Iterable[Observation], stopped: Callable[[], bool] = never
    ) -> Iterator[tuple[Observation, Texts]]:
        """Texts for each observation, in order; a stop waits for them all, since they take no time."""
        return ((one, self._texts(one)) for one in observations)

    def _texts(self, observation: Observation) -> Texts:
        if (self._language, self._style, observation.theme) != ("en", "plain", "galaxies"):
            return sentence_texts(observation, self._language, self._style)
        return walk_texts(observation) if observation.keyframes else image_texts(observation)


def image_texts(observation: Observation) -> Texts:
    """The texts of one image."""
    choice = Choice(observation.id)
    chosen = chosen_facts(observation, choice)
    caption = [*verdict(observation, choice), *measured(observation, choice), *(fact.text for fact in chosen)]
    if choice.index("closing", 3) == 0:
        caption.append(choice.of("invented", INVENTED))
    return Texts(
        title=title(observation),
        alt=alt(observation, choice),
        description=description(observation, choice),
        caption=" ".join(sentence(part) for part in caption),
        facts=[fact.id for fact in chosen],
    )


def named(observation: Observation) -> str:
    """The class with what stands out: `barred late spiral`, `late spiral seen from the edge`."""
    name = noun(observation.found)
    if observation.attribute("bar") >= SEEN and observation.found in DISCS and not edge_on(observation):
        name = f"barred {name}"
    return f"{name} seen from the edge" if edge_on(observation) else name


def edge_on(observation: Observation) -> bool:
    """Whether it is drawn as a disc from its side: by the classifier, and not against the ruler."""
    ratio = observation.number("axis_ratio")
    return observation.found in DISCS and observation.attribute("edge_on") >= SEEN and (ratio is None or ratio < 0.5)


def title(observation: Observation) -> str:
    """`Barred late spiral`; with a question mark where the class is a guess."""
    name, share = named(observation), probability(observation)
    doubtful = observation.found is not None and share is not None and share < HALF
    return f"{name[:1].upper()}{name[1:]}{'?' if doubtful else ''}"


def alt(observation: Observation, choice: Choice) -> str:
    """What is seen, as short as a label; parts are left out from the end until it fits."""
    shape = outline(observation.number("axis_ratio"))
    core, disc = colours(observation)
    name = named(observation)
    subject = article(f"{shape} {name}" if shape and "edge" not in name else name)
    if (share := probability(observation)) is not None and share < LIKELY:
        subject = article(f"{shape} galaxy" if shape else "galaxy") + f", perhaps {article(noun(observation.found))},"
    paint = None
    if core and disc:
        paint = f"{core} throughout" if core == disc else f"{core} in the middle, {disc} further out"
    parts = [p for p in (paint, lying(observation), extent(observation.number("half_light_radius"))) if p]
    ground = choice.of("alt ground", ("on a black sky", "against black", "on black"))
    while True:
        text = sentence(", ".join([f"{subject} {ground}", *parts]))
        if len(text) <= ALT_LIMIT or not parts:
            return text[:ALT_LIMIT]
        parts.pop()


def lying(observation: Observation) -> str | None:
    """Which way the object points, where it has a long axis."""
    return direction(observation.number("position_angle_deg"), observation.number("axis_ratio"))


def colours(observation: Observation) -> tuple[str | None, str | None]:
    """Of the middle and of what lies around it; the whole's colour where only that was measured."""
    whole = colour(observation.number("colour"))
    return colour(observation.number("core_colour")) or whole, colour(observation.number("disc_colour")) or whole


def description(observation: Observation, choice: Choice) -> str:
    """Layout, shape and tilt, colours, arms and features, background: two to five sentences."""
    middle = [painted(observation, choice), structure(observation, choice)]
    if choice.index("order", 2):
        middle.reverse()
    parts = [layout(observation, choice), *middle, background(observation, choice)]
    return " ".join(sentence(part) for part in parts if part)


def layout(observation: Observation, choice: Choice) -> str:
    shape, way = outline(observation.number("axis_ratio")), lying(observation)
    form = article(f"{shape} shape") if shape else "a single galaxy"
    form += f", {way}" if way else ""
    if (size := extent(observation.number("half_light_radius"))) is not None:
        form += f", {size}" if not way else f" and {size}"
    return choice.of(
        "layout",
        (
            f"{form}, alone at the centre of a black square",
            f"in the middle of the picture lies {form}",
            f"the picture holds {form}, centred on black",
            f"a black square; at its centre, {form}",
            f"one object sits at the centre: {form}",
        )
        if observation.number("neighbours_in_field") == 0
        else (
            f"in the middle of the picture lies {form}",
            f"the picture centres on {form}",
            f"the main object is {form}",
        ),
    )


def painted(observation: Observation, choice: Choice) -> str | None:
    core, disc = colours(observation)
    if not core or not disc:
        return None
    around = "disc" if observation.found in DISCS else "outskirts"
    if around == "disc":
        if core == disc:
            same = (f"core and disc are both {core}", f"it is {core} from the core to the rim")
            return choice.of("same colour", same)
        return choice.of(
            "two colours",
            (
                f"the core is {core}, the disc {disc}",
                f"{article(core)} core gives way to {article(disc)} disc",
                f"its colour goes from {core} at the core to {disc} in the disc",
                f"around {article(core)} core the disc is {disc}",
            ),
        )
    if core == disc:
        return choice.of("same colour", (f"it is {core} all over", f"its light is {core} from the middle to the edge"))
    return choice.of(
        "two colours",
        (f"the middle is {core}, the outskirts {disc}", f"its light is {core} within and {disc} further out"),
    )


ARMS = {
    "spiral_early": (
        "arms, where they can be made out, lie close around a large bright middle",
        "the arms are faint and wound tightly about the core",
        "tight arms hug a broad core and blur into the disc",
    ),
    "spiral_mid": (
        "arms unwind from the core and can be followed into the disc",
        "the arms are moderately open, brighter than the disc between them",
        "curved arms leave the core and thin out towards the rim",
    ),
    "spiral_late": (
        "the arms are loose and patchy, and the core is small",
        "open, ragged arms leave little room for a core",
        "the disc breaks up into loose arms and knots",
    ),
}
SMOOTH = {
    "elliptical": (
        "the light fades evenly outwards, without arms",
        "nothing breaks the glow: no arms, no disc edge",
        "it brightens smoothly to the centre and has no other structure",
    ),
    "lenticular": (
        "a bright bulge sits in a smooth disc without arms",
        "the disc is plain: a bulge, a fading rim and no arms",
        "there seem to be no arms, only a bulge and an even disc",
    ),
    "irregular": (
        "its light is uneven, in patches rather than arms",
        "no centre commands it; brighter patches lie as they fell",
        "the outline is ragged and follows no simple pattern",
    ),
    "dwarf_elliptical": (
        "a faint, even glow with hardly any centre",
        "the light is thin and smooth, and ends without an edge",
        "it is a soft patch, barely brighter in the middle",
    ),
}


def structure(observation: Observation, choice: Choice) -> str | None:
    """Arms or their absence, with the features that the classifier named; hedged where the class is doubtful."""
    if observation.found is None:
        return None
    share = probability(observation)
    features = [f for name in ("bar", "ring", "dust") if (f := feature(observation, name))]
    if edge_on(observation):
        text = choice.of(
            "edge",
            ("it is seen from its edge, so arms cannot be made out", "seen from the side it shows a disc and no arms"),
        )
    else:
        options = ARMS.get(observation.found) or SMOOTH.get(observation.found)
        if options is None:
            return None
        text = choice.of("structure", options)
        if share is not None and share < LIKELY:
            seen = "arms" if observation.found in SPIRALS else "structure"
            text = choice.of("unsure", (f"little can be said of its {seen}", f"its {seen} cannot be told for certain"))
    if not features:
        return text
    return f"{text}; {choice.of('there', ('there is', 'one sees'))} {joined(features)}"


def feature(observation: Observation, name: str) -> str | None:
    strength = observation.attribute(name)
    if name in ("bar", "ring") and (edge_on(observation) or observation.found not in DISCS):
        return None
    words = {"bar": "a bar across the core", "ring": "a ring", "dust": "a dark band of dust"}[name]
    return words if strength >= SEEN else f"perhaps {words}" if strength >= HINTED else None


def background(observation: Observation, choice: Choice) -> str | None:
    count = observation.number("neighbours_in_field")
    if count is None:
        return None
    if count == 0:
        return choice.of(
            "empty", ("the sky around it is empty", "nothing else stands in the field", "the rest is black")
        )
    number = (
        ("", "one other point of light", "two other sources", "three other sources")[int(count)] if count < 4 else ""
    )
    number = number or "several other sources"
    verb = "shares" if count == 1 else "share"
    return choice.of("field", (f"{number} {verb} the field", f"the field also holds {number}"))


def verdict(observation: Observation, choice: Choice) -> list[str]:
    """The class with its doubt in words, and what was asked for where that differs."""
    if observation.found is None:
        return [f"{observation.designation} has not been classified"]
    share, name = probability(observation), article(named(observation))
    if share is None:
        text = f"the classifier calls this {name}"
    elif share >= SURE:
        text = choice.of(
            "sure",
            (
                f"{name}, says the classifier, at {percent(share)}",
                f"the classifier takes this for {name}, with a probability of {percent(share)}",
                f"{name}: the classifier gives that {percent(share)}",
                f"to the classifier this is {name} ({percent(share)})",
            ),
        )
    elif share >= LIKELY:
        text = choice.of(
            "likely",
            (
                f"probably {name}; the classifier gives that {percent(share)}",
                f"this is probably {name}, at {percent(share)}",
                f"the classifier leans to {name}, with a probability of {percent(share)}",
            ),
        )
    else:
        text = unsure(observation, choice, share, name)
    return [text, *promised(observation, choice)]


def unsure(observation: Observation, choice: Choice, share: float, name: str) -> str:
    other = runner_up(observation)
    if other is None:
        return f"perhaps {name}, at {percent(share)}; the classifier cannot tell"
    rival = f"{article(noun(other[0]))} ({percent(other[1])})"
    return choice.of(
        "unsure verdict",
        (
            f"perhaps {name} ({percent(share)}), perhaps {rival}: the classifier cannot tell",
            f"the classifier cannot tell {name} ({percent(share)}) from {rival} here",
            f"{name} at {percent(share)}, or {rival}; neither is certain",
        ),
    )


def promised(observation: Observation, choice: Choice) -> list[str]:
    """Asked is not found: told as it is."""
    if observation.asked is None or observation.asked == observation.found:
        return []
    wanted = article(noun(observation.asked))
    return [
        choice.of(
            "asked",
            (f"the network had been asked for {wanted}", f"what was asked for was {wanted}", f"asked for: {wanted}"),
        )
    ]


def measured(observation: Observation, choice: Choice) -> list[str]:
    """One measurement with what it means, where there is one."""
    options = []
    if (ratio := observation.number("axis_ratio")) is not None:
        options += [
            f"its short axis measures {ratio:.2f} of the long one, where 1 is round",
            f"it is {ratio:.2f} times as wide as it is long",
        ]
    if (radius := observation.number("half_light_radius")) is not None:
        share = f"{100 * radius:.0f}\u202f%"
        options.append(f"the inner half of its light reaches out to {share} of the picture's width")
    core, disc = observation.number("core_colour"), observation.number("disc_colour")
    if core is not None and disc is not None and abs(core - disc) >= 0.1:
        side = "redder" if core > disc else "bluer"
        options.append(
            f"the core is {side} than its surroundings by {abs(core - disc):.1f} magnitudes, red against blue"
        )
    return [choice.of("measured", options)] if options else []


def chosen_facts(observation: Observation, choice: Choice) -> list[Fact]:
    """One or two facts: about a feature that is plain to see, and about the class."""
    topics = [name for name in ("bar", "ring", "dust") if observation.attribute(name) >= SEEN]
    topics = [name for name in topics if name == "dust" or feature(observation, name)]
    if edge_on(observation):
        topics.append("edge_on")
    certain = (share := probability(observation)) is None or share >= HALF
    chosen = []
    if about(topic := observation.found if observation.found and certain else "galaxy"):
        chosen.append(about(topic)[choice.index("fact", len(about(topic)))])
    if topics:
        special = about(choice.of("topic", topics))
        chosen.append(special[choice.index("special fact", len(special))])
    return chosen
