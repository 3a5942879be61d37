"""What pages say of a comparison: one set of words for galaxies, one for everything else, whose real pictures are
called originals.
"""

from __future__ import annotations

from dataclasses import dataclass

from render.bake.tongue import N_
from render.display import SKY
from render.weights import Card


@dataclass(frozen=True)
class Words:
    """Messages; `share` is set into nearer and farther. unlike: where something is farther than nearly all are."""

    label: str
    copy: str
    unranked: str
    usual: str
    nearer: str
    farther: str
    unlike: str
    picture: str
    authentic: str
    alarms: str
    same: str
    heading: str = ""


GALAXIES = Words(
    label=N_("Dots: these three. Band: where nine in ten real galaxies have their own nearest; tick: the median."),
    copy=N_(
        "It can be laid upon a real galaxy better than other real galaxies can: probably a copy. "
        "It is shown because the gallery keeps such pictures."
    ),
    unranked=N_("Compared with the real galaxies that the generator learned from: none is as near as a copy would be."),
    usual=N_(
        "As far from the nearest real galaxy as such galaxies usually are from their own nearest. "
        "A drawing by a network, not an observation."
    ),
    nearer=N_(
        "Nearer to a real galaxy than most real galaxies are to their own nearest "
        "(%(share)s of them lie nearer still), yet farther than a copy would be."
    ),
    farther=N_(
        "Farther from every real galaxy than most real galaxies are from their own nearest "
        "(%(share)s of them lie nearer)."
    ),
    unlike=N_(
        "Unlike any training galaxy: farther from every real one than 99 in a hundred of those are from their own "
        "nearest. What is said of its class is worth little."
    ),
    picture=N_("Real galaxy"),
    authentic=N_("Exhibits farther from their nearest real galaxy than that one from its own"),
    alarms=N_("Real galaxies of the test fold wrongly taken for copies"),
    same=N_("The same of real galaxies of the test fold"),
)
ORIGINALS = Words(
    label=N_("Dots: these three. Band: where nine in ten originals have their own nearest; tick: the median."),
    copy=N_(
        "It agrees with an original better than the originals do with one another: probably a copy. "
        "It is shown because the gallery keeps such pictures."
    ),
    unranked=N_("Compared with the originals that the generator learned from: none is as near as a copy would be."),
    usual=N_("As far from the nearest original as the originals usually are from their own nearest."),
    nearer=N_(
        "Nearer to an original than most originals are to their own nearest (%(share)s of them lie nearer still), "
        "yet farther than a copy would be."
    ),
    farther=N_(
        "Farther from every original than most originals are from their own nearest (%(share)s of them lie nearer)."
    ),
    unlike=N_(
        "Farther from every original than most originals are from their own nearest (%(share)s of them lie nearer)."
    ),
    picture=N_("An original"),
    authentic=N_("Exhibits farther from their nearest original than that one from its own"),
    alarms=N_("Originals that were kept out and wrongly taken for copies"),
    same=N_("The same of originals that were kept out"),
    heading=N_("Nearest originals that were learned from"),
)
MEASURED = {
    "outlines": N_(
        "Laid upon each other as well as can be, turned, mirrored and stretched a little: the number is the share of "
        "the area under either that is not under both."
    ),
    "bodies": N_(
        "The number is how different they look: colours, and how much structure there is of every width. Beside it, "
        "parts of the map were looked for on every original, at all longitudes and in both hands."
    ),
}
"""What a distance is, by the family of the judge."""
HOW = {
    "outlines": N_(
        "Silhouettes are laid upon every original that the generator learned from, turned, mirrored, stretched and "
        "shifted until they share as much of their area as they can. What shares as much as a copy would counts as one."
    ),
    "bodies": N_(
        "Maps of surfaces are held beside every original that the generator learned from: by their look, and part by "
        "part, at all longitudes and in both hands. A map that shares a part with one as a copy would counts as a copy."
    ),
}
"""How the judges that are no networks look."""


PICTURES = "pictures"


def kind_of(judge: Card | None) -> str:
    """What kind of comparison it is: that of a judge that is no network, by its family; "pictures" by a copy detector
    of anything but galaxies; nothing for theirs, and where nobody compared.
    """
    if judge is None or judge.family in HOW:
        return judge.family if judge else ""
    return "" if judge.mapping.name == SKY else PICTURES


def words_of(kind: str) -> Words:
    """The words that go with a kind of comparison (`kind_of`)."""
    return ORIGINALS if kind in HOW or kind == PICTURES else GALAXIES
