"""Texts of a walk, from the classes of its keyframes."""

from __future__ import annotations

from render.captions.texts import ALT_LIMIT, TITLE_LIMIT, Observation, Texts
from render.captions.words import Choice, article, joined, noun, sentence

CLOSING = (
    "No galaxy changes like this: the steps between are the network's, not nature's.",
    "It is a path through a network, not through time; galaxies do not turn into one another so.",
)


def walk_texts(observation: Observation) -> Texts:
    """A closed loop: where it begins, what it passes, and that it returns. A plane: what lies in its corners."""
    choice = Choice(observation.id)
    stops = [noun(key) for key in observation.keyframes]
    return _plane(observation, choice, stops) if observation.moves == "plane" else _loop(observation, choice, stops)


def _plane(observation: Observation, choice: Choice, stops: list[str]) -> Texts:
    names = list(dict.fromkeys(stops))
    corners = joined([article(name) for name in names]) if len(names) > 1 else f"four drawings of {article(names[0])}"
    title = sentence(f"between {corners}").rstrip(".")
    alt = sentence(f"{observation.frames} galaxies in a square, which change from corner to corner, between {corners}")
    if len(alt) > ALT_LIMIT:
        alt = sentence(f"{observation.frames} galaxies in a square, which change from corner to corner")
    description = f"galaxies side by side in a square, each a little unlike those beside it; in the corners {corners}"
    caption = choice.of(
        "plane",
        (
            f"a plane through the network's latent space, between {corners}",
            f"all that lies between {corners}, as the network has it",
        ),
    )
    return Texts(
        title=title if len(title) <= TITLE_LIMIT else "Between four drawings",
        alt=alt,
        description=sentence(description),
        caption=f"{sentence(caption)} {choice.of('walk closing', CLOSING)}",
    )


def _loop(observation: Observation, choice: Choice, stops: list[str]) -> Texts:
    changed = [name for i, name in enumerate(stops) if i == 0 or name != stops[i - 1]]
    if len(changed) > 1 and changed[-1] == changed[0]:
        changed.pop()  # the loop closes anyway
    same = len(changed) == 1
    route = f"one {stops[0]} to another" if same else " to ".join(article(name) for name in changed)
    title = sentence(f"from {route}").rstrip(".")
    if len(title) > TITLE_LIMIT:
        title = sentence(f"from {article(changed[0])}, by {len(changed) - 1} others, and back").rstrip(".")
    alt = sentence(f"a galaxy changes from {route} and back, on black")
    if observation.moves == "swirl":
        alt = sentence(f"the light of a galaxy drifts and turns, from {route} and back, on black")
    if len(alt) > ALT_LIMIT:
        alt = sentence(f"a galaxy changes shape through {len(changed)} kinds and back, on black")
    through = f"several drawings of {article(stops[0])}" if same else joined([article(name) for name in changed])
    frames = f" in {observation.frames} frames" if observation.frames else ""
    description = sentence(f"one galaxy at the centre of a black square changes without a cut, through {through}")
    if observation.moves == "swirl":
        description = sentence(f"light drifts in threads over a black square and turns into {through}, without a cut")
    caption = choice.of(
        "walk",
        (
            f"a closed loop through the network's latent space{frames}, by way of {through}",
            f"a walk{frames} through what the network knows, passing {through}",
        ),
    )
    if observation.moves == "morph":
        caption = f"the same noise{frames}, drawn as {through}: only what the network was asked for changes"
    elif observation.moves == "swirl":
        caption = f"a walk{frames} by way of {through}, the light of which drifts on computed currents"
    closing = choice.of("walk closing", CLOSING)
    return Texts(
        title=title,
        alt=alt,
        description=f"{description} The last frame leads back to the first.",
        caption=f"{sentence(caption)} {closing}",
    )
