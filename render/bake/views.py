"""From a row to what a template shows: words, shares as percentages, addresses relative to the site's root."""

from __future__ import annotations

from typing import Any

from render.bake.places import SHEET
from render.bake.rulers import ruler
from render.bake.source import Medium, Row
from render.bake.texts import texts_of
from render.bake.tongue import N_, _, day, decimal, spoken, voice
from render.bake.words import class_name, in_order, percent
from render.recipe import NOISE_METHOD

MIME = {"mp4": "video/mp4", "webm": "video/webm", "gif": "image/gif", "avif": "image/avif", "jpeg": "image/jpeg"}
MEASURES = {
    "axis_ratio": (N_("Axis ratio"), 2, N_("1 is round, 0 a line")),
    "half_light_radius": (N_("Half-light radius"), 2, N_("as a share of the picture's width")),
    "concentration": (N_("Concentration"), 2, N_("larger: more light in the middle")),
    "colour": (N_("Colour, red less blue"), 2, N_("larger: redder")),
}
FORMATS = {"h264": "MP4 (H.264)", "av1": "MP4 (AV1)"}
FALLBACK_COLOUR = "#8d8678"


def designation(number: int) -> str:
    """What a visitor reads: an acronym and a running number, which cannot be taken for a position in the sky."""
    return f"NONESUCH {number}"


def walk_designation(number: int) -> str:
    """Walks have a series of numbers of their own."""
    return _("Walk %(number)s") % {"number": number}


def page_of(slug: str, number: int) -> str:
    """The address of an exhibit's page, relative to the site's root: its permalink. Where exhibits share pages, its
    place on one.
    """
    return f"{sheet_of(slug, number)}#n{number}" if voice().sheets else f"{slug}/{number}.html"


def sheet_of(slug: str, number: int) -> str:
    """The address of the page that exhibits share."""
    first = (number - 1) // SHEET * SHEET + 1
    return f"{slug}/{first}-{first + SHEET - 1}.html"


def tile(row: Row, slug: str) -> dict[str, Any]:
    """What a grid, the home page and a shard show of an exhibit."""
    if row.tile is None or row.tile["spoken"] != (voice()[:3], slug):
        texts = texts_of(row)
        found = row.column("found")
        share = row.json("classes").get("probabilities", {}).get(found)
        row.tile = {
            "number": row.number,
            "designation": designation(row.number),
            "href": page_of(slug, row.number),
            "title": texts.get("title") or designation(row.number),
            "found": class_name(found),
            "share": share,
            "percent": "" if share is None else percent(share),
            "image": image(row, texts.get("alt") or _bare(row)),
            "spoken": (voice()[:3], slug),
        }
    return row.tile


def _bare(row: Row) -> str:
    """The alternative of a picture that has none."""
    return _("%(designation)s: a generated picture") % {"designation": designation(row.number)}


def image(row: Row, alt: str) -> dict[str, Any]:
    """Everything that a picture element needs."""
    display = row.json("display")
    avif = sorted((m.width, m.key) for m in row.media if m.role == "image" and m.format == "avif")
    fallback = max((m for m in row.media if m.role == "fallback"), key=lambda m: m.width, default=None)
    largest = max((m for m in row.media if m.role in ("image", "fallback")), key=lambda m: m.width, default=None)
    return {
        "avif": avif,
        "jpeg": fallback.key if fallback else (avif[-1][1] if avif else ""),
        "width": largest.width if largest else display.get("width", 0),
        "height": largest.height if largest else display.get("height", 0),
        "alt": alt,
        "language": texts_of(row).get("language", "en") if texts_of(row).get("alt") else spoken(),
        "placeholder": display.get("placeholder") or "",
        "colour": display.get("colour") or FALLBACK_COLOUR,
    }


def shard_entry(row: Row, slug: str) -> dict[str, Any]:
    """What the script of the home page reads of an exhibit."""
    view = tile(row, slug)
    picture = view["image"]
    return {
        "n": row.number,
        "u": view["href"],
        "t": view["title"],
        "d": view["designation"],
        "c": view["found"],
        "p": None if view["share"] is None else round(view["share"], 3),
        "s": {str(width): key for width, key in picture["avif"]},
        "j": picture["jpeg"],
        "w": picture["width"],
        "h": picture["height"],
        "col": picture["colour"],
        "alt": picture["alt"],
    }


def splendour(row: Row) -> float:
    """How well an exhibit opens a visit: surely a spiral, large, and bright enough not to drown in the sky's grain."""
    shares: dict[str, float] = row.json("classes").get("probabilities", {})
    spiral = sum(share for name, share in shares.items() if name in ("spiral_early", "spiral_mid"))
    measured = row.json("measurements")
    size, light = (float(measured.get(name) or 0) for name in ("half_light_radius", "brightness"))
    return spiral + 2 * min(size, 0.2) + 1.5 * min(light, 0.4)


def bars(row: Row) -> list[dict[str, Any]]:
    """All classes with their probabilities, in the order of the sequence; the found one is marked."""
    found = row.column("found")
    shares: dict[str, float] = row.json("classes").get("probabilities", {})
    return [
        {"name": class_name(key), "share": shares[key], "percent": percent(shares[key]), "found": key == found}
        for key in in_order(shares)
    ]


def downloads(row: Row, slug: str) -> list[dict[str, str]]:
    """The largest picture of each format, or a walk's loops, under a name that says what it is."""
    best: dict[str, Medium] = {}
    for medium in row.media:
        if medium.role in ("image", "fallback", "video", "gif") and (
            medium.format not in best or medium.width > best[medium.format].width
        ):
            best[medium.format] = medium
    files = [
        {
            "key": medium.key,
            "name": f"nonesuch-{slug}-{row.number}.{medium.key.rpartition('.')[2]}",
            "label": f"{FORMATS.get(form, form.upper())}, {medium.width}\u202fpx, {_size(medium.bytes)}",
        }
        for form, medium in sorted(best.items(), key=lambda item: -item[1].width)
    ]
    files += [_outline(medium, row, slug) for medium in row.media if medium.role == "outline"]
    return files + [_map(medium, row, slug) for medium in row.media if medium.role == "map"]


def _outline(medium: Medium, row: Row, slug: str) -> dict[str, str]:
    """A silhouette's outline, crisp at any size."""
    name = f"nonesuch-{slug}-{row.number}.svg"
    return {"key": medium.key, "name": name, "label": f"SVG, {_size(medium.bytes)}"}


def _map(medium: Medium, row: Row, slug: str) -> dict[str, str]:
    """A planet's map, for globes and game engines."""
    size = f"{medium.width}\u202f×\u202f{medium.height}\u202fpx, {_size(medium.bytes)}"
    name = f"nonesuch-{slug}-{row.number}-map.{medium.key.rpartition('.')[2]}"
    return {"key": medium.key, "name": name, "label": f"{_('Map (equirectangular)')}, {size}"}


def surface(row: Row) -> dict[str, Any] | None:
    """A planet's map with how its globe hangs in the picture; None for what is no surface."""
    medium = next((m for m in row.media if m.role == "map"), None)
    if medium is None:
        return None
    aspect = row.json("display").get("globe", {})
    recipe = row.json("recipe")
    globe = {**aspect, "seed": recipe.get("seed"), "class": recipe.get("class_name")} if aspect else {}
    return {"key": medium.key, "width": medium.width, "height": medium.height, "globe": globe, "hung": hung(aspect)}


def shape(row: Row) -> dict[str, Any] | None:
    """What was measured of a galaxy's shape, from which the browser guesses its depth; None where nothing was found."""
    measured = row.json("measurements")
    names = ("axis_ratio", "position_angle_deg", "half_light_radius")
    if not measured.get("detected") or not all(isinstance(measured.get(name), int | float) for name in names):
        return None
    return {**{name: measured[name] for name in names}, "class": row.column("found")}


REPEATED = ("euler", "ab2", "ancestral")
"""The samplers that the site's script knows too (``site/src/draw/flow.ts``)."""
CHANGED = ("sketch", "mask", "strength", "prompt")
"""What a recipe may hold that the script does not repeat. Of two stages it repeats the first."""


def again(row: Row, drawn: dict[str, str]) -> dict[str, Any] | None:
    """The recipe as the visitor's browser repeats it; None where it cannot.

    drawn: what the collection's visitors can draw with (`Studio.told`).
    """
    recipe = row.json("recipe")
    known = recipe.get("noise") == NOISE_METHOD and recipe.get("algorithm") == 1 and recipe.get("sampler") in REPEATED
    if not known or recipe.get("weights") != drawn.get("weights") or any(name in recipe for name in CHANGED):
        return None
    if recipe.get("away", "") not in ("", drawn.get("away")):
        return None
    source = {"seed": recipe["seed"], "class": recipe.get("class_name") or "", "source": recipe.get("source") or ""}
    told = {"from": source, "between": 0, **{name: recipe[name] for name in ("sampler", "steps", "guidance")}}
    told |= {"symmetry": recipe.get("symmetry", 0), "away": recipe.get("away", "")}
    enlarged = recipe["size"] if "upscaler" in recipe else 0
    return {"recipe": told, "pixels": "" if enlarged else row.column("pixel_hash") or "", "enlarged": enlarged, **drawn}


def hung(aspect: dict[str, Any]) -> str:
    """What of the picture is arithmetic on the seed, in a sentence."""
    if not aspect:
        return ""
    phase, lean = abs(aspect.get("phase", 0)), aspect.get("lean", 0)
    return _(HUNG[aspect.get("phase", 0) > 0, bool(aspect.get("rings"))]) % {
        "phase": decimal(phase, 0),
        "lean": decimal(abs(lean), 0),
    }


HUNG = {
    (True, False): N_(
        "The network drew this map. Its globe is computed from it: lit from the right at a phase of %(phase)s°, "
        "the axis leaning by %(lean)s°, as the seed says."
    ),
    (False, False): N_(
        "The network drew this map. Its globe is computed from it: lit from the left at a phase of %(phase)s°, "
        "the axis leaning by %(lean)s°, as the seed says."
    ),
    (True, True): N_(
        "The network drew this map. Its globe is computed from it: lit from the right at a phase of %(phase)s°, "
        "the axis leaning by %(lean)s°, as the seed says; the rings were computed too, with gaps and brightness from "
        "the seed."
    ),
    (False, True): N_(
        "The network drew this map. Its globe is computed from it: lit from the left at a phase of %(phase)s°, "
        "the axis leaning by %(lean)s°, as the seed says; the rings were computed too, with gaps and brightness from "
        "the seed."
    ),
}
"""By whether the light comes from the right, and whether there are rings."""


CHOICES = (
    *(N_("Algorithm"), N_("Class name"), N_("Family"), N_("Guidance"), N_("Kind"), N_("Mask"), N_("Negative")),
    *(N_("Noise"), N_("Prompt"), N_("Sampler"), N_("Seed"), N_("Size"), N_("Sketch"), N_("Source"), N_("Steps")),
    *(N_("Strength"), N_("Truncation"), N_("Upscaler"), N_("Weights")),
)
"""What a recipe may name, for the catalogues."""


def recipe(row: Row) -> list[tuple[str, str]]:
    """The recipe, one line a choice; classes and hashes in words short enough for a label."""
    lines = [(_("Exhibit"), row.id)]
    for name, value in row.json("recipe").items():
        if name == "walk":
            lines += [(_("Path"), str(value["path"])), (_("Frames"), str(value["frames"]))]
            lines += [(_("Keyframe"), _keyframe(one)) for one in value.get("keyframes", [])]
            lines += [(f"{_('Swirl')}, {part}", str(number)) for part, number in (value.get("swirl") or {}).items()]
        elif not isinstance(value, dict | list):
            lines.append((_(name.replace("_", " ").capitalize()), str(value)))
    if made := row.column("made_at"):
        lines.append((_("Made"), day(str(made)[:10])))
    return lines


def _keyframe(value: dict[str, Any]) -> str:
    parts = [
        _("seed %(seed)s") % {"seed": value["seed"]},
        class_name(value.get("class_name")),
        value.get("source") or "",
    ]
    parts += [f"“{value['prompt']}”"] if value.get("prompt") else []
    return ", ".join(part for part in parts if part)


def lasting(seconds: float) -> str:
    """How long a film is: ``2 s``, ``5 min 20 s``."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}\u202fmin {rest}\u202fs" if minutes else f"{max(1, rest)}\u202fs"


def _size(count: int) -> str:
    return f"{count / 1024 / 1024:.1f}\u202fMiB" if count >= 1 << 20 else f"{max(1, round(count / 1024))}\u202fKiB"


def measurements(row: Row, real: dict[str, Any]) -> list[dict[str, Any]]:
    """What was measured on the picture, each with what the number means.

    real: quantiles of the same measurements of real galaxies, by measurement, where the classifier's card has them.
    """
    values = row.json("measurements")
    lines = []
    for key, (name, digits, meaning) in MEASURES.items():
        if isinstance(value := values.get(key), int | float):
            label = _("%(name)s: dot, this picture; band, nine in ten real galaxies; tick, their median.")
            label %= {"name": _(name)}
            scale = ruler(real.get(key, {}), [value], label)
            lines.append({"name": _(name), "value": decimal(value, digits), "meaning": _(meaning), "ruler": scale})
    return lines
