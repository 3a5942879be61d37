"""The report as a page of Markdown, for ``docs/quality.md`` or beside a gallery: the command writes it, nobody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from render.plausibility.plots import draw
from render.plausibility.report import Report

NOTE = "<!-- Written by `nonesuch report`; do not edit. -->"
WORDS = {
    "colour": "colour (magnitudes of red over blue)",
    "concentration": "concentration",
    "asymmetry": "asymmetry",
    "gini": "Gini coefficient",
    "half_light_radius": "half-light size (of the width)",
    "sky": "sky (grain of the empty frame)",
    "spectrum": "power spectrum, all frequencies (mean abs. log10 of the ratio)",
    "fine spectrum": "power spectrum, fine half",
}
READING = """\
A distance between two finite sets is never nought, not even between two random halves of one set. So every figure has
its floor beside it: the same figure between random halves of real pictures, the median of {splits} splits and the value
that 95 of a hundred lie below. *As far* is the share of those splits that lie at least as far apart as generated and
real. The first six rows are Wasserstein-1 distances, in the unit of what is measured."""


def write(report: Report, name: str, title: str, page: Path) -> None:
    """Write the page, and its plots into a folder of its name beside it; `name` is the model or collection."""
    folder = page.with_suffix("")
    plots = draw(report, folder)
    text = markdown(report.figures, name, title, [f"{folder.name}/{plot}" for plot in plots])
    page.write_text(text + "\n", encoding="utf-8")


def markdown(figures: dict[str, Any], name: str, title: str, plots: list[str]) -> str:
    """The whole page. title: what stands as its heading."""
    shapes, spectrum, far, told_apart = plots
    return "\n\n".join(
        [
            f"# {title}",
            NOTE,
            _about(figures, name),
            READING.format(splits=figures["splits"]),
            _table(figures["distances"]),
            f"![Distances over their floors]({far})",
            _kernel(figures),
            "## Shapes",
            f"![Histograms of the six measurements]({shapes})",
            "## Spectrum",
            f"![Power spectra; bands hold half of the pictures]({spectrum})",
            "## Told apart",
            _judges(figures),
            f"![How the trees tell them apart]({told_apart})",
            *_learned(figures),
        ]
    )


def _about(figures: dict[str, Any], name: str) -> str:
    classes = ", ".join(f"{count} {one}" for one, count in figures["classes"].items())
    lines = [
        f"{figures['generated']} pictures of `{name}` beside {figures['real']} real ones of fold 1 of "
        f"`{figures['set']}`, in the same classes ({classes}) and the same pixels: {figures['pixels']}.",
        figures["unseen"],
        *(f"Space `{space}`: {what}." for space, what in figures["spaces"].items()),
    ]
    return "  \n".join(lines)


def _table(distances: dict[str, Any]) -> str:
    rows = ["| distance | generated | real halves | 95 % | as far |", "|---|---|---|---|---|"]
    for name, one in distances.items():
        if not one:
            continue
        floor = one["real"]
        cells = [_number(one["generated"]), *(_number(floor.get(key)) for key in ("median", "95"))]
        rows.append(f"| {_words(name)} | {' | '.join(cells)} | {one['real_as_far']:.0%} |")
    return "\n".join(rows)


def _words(name: str) -> str:
    kind, _, space = name.partition(" ")
    if kind in ("frechet", "kernel"):
        return f"{'Fréchet' if kind == 'frechet' else 'kernel'} distance in `{space}`"
    return WORDS.get(name, name)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def _kernel(figures: dict[str, Any]) -> str:
    """The kernel distance's floor is nought, so no ratio can be told: a distance that anybody sees stands beside it."""
    apart = figures.get("between_classes")
    if not apart:
        return "The kernel distance is unbiased: its floor is nought, so it is told beside nothing."
    both = zip(apart["classes"], apart["pictures"], strict=True)
    one, other = (f"{count} real pictures of {name}" for name, count in both)
    told = "; ".join(f"{value:.3g} in `{space}`" for space, value in apart["kernel"].items())
    return (
        "The kernel distance is unbiased: its floor is nought, so it has no ratio to it. "
        f"For a scale: between {one} and {other} it is {told}."
    )


def _judges(figures: dict[str, Any]) -> str:
    trees, network = figures["trees"], figures.get("network")
    lines = [
        "Two judges were taught on four fifths of the pictures and asked about the last fifth, five times over; "
        "50 % right is guessing.",
        "",
        "| judge | right | 95 % interval | area under the curve | real halves |",
        "|---|---|---|---|---|",
        _judge("boosted trees on components, spectrum and shape", trees, trees["floor"].get("median")),
    ]
    if network:
        lines.append(_judge("small network on pixels", network, network.get("floor", {}).get("right")))
    return "\n".join(lines)


def _learned(figures: dict[str, Any]) -> list[str]:
    """What is known of copies and of classes; nothing where nothing is."""
    told = []
    if copies := figures.get("copies"):
        rows = [
            f"| {name} | {one['near_copies']} of {one['pictures']} | {one['authentic']:.1%} | "
            f"{one['interval'][0]:.1%} to {one['interval'][1]:.1%} |"
            for name, one in copies.items()
        ]
        told += [
            "## Copied",
            "Authentic is what lies farther from its nearest picture of those that were learned from than that one "
            "lies from its own nearest. The real ones here were never learned from.",
            "\n".join(["| | near-copies | authentic | 95 % interval |", "|---|---|---|---|", *rows]),
        ]
    if asked := figures.get("class_agreement"):
        told += [
            "## Classes",
            f"The classifier finds the class that was asked for in {asked['generated']:.1%}, and that of the experts "
            f"in {asked['real']:.1%} of real pictures, classes weighing alike.",
        ]
    return told


def _judge(name: str, told: dict[str, Any], floor: float | None) -> str:
    low, high = told["right_interval_95"]
    beside = "" if floor is None else f"{floor:.1%}"
    return f"| {name} | {told['right']:.1%} | {low:.1%} to {high:.1%} | {told['area']:.3f} | {beside} |"
