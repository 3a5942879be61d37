"""The report's pictures: shapes side by side, spectra, and every distance beside its floor. PNG, small."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from render.plausibility.report import Report
from render.plausibility.shape import MEASURES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REAL, GENERATED = "0.55", "#c2410c"
NAMES = {
    "colour": "colour, red over blue, mag",
    "concentration": "concentration, 5 log(r80 / r20)",
    "asymmetry": "asymmetry",
    "gini": "Gini",
    "half_light_radius": "half-light size, of the width",
    "sky": "sky, grain (white is 1)",
}


def draw(report: Report, folder: Path) -> list[str]:
    """Write the plots into a folder, which is made; returns their names."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {
        "shapes.png": _shapes(report),
        "spectrum.png": _spectrum(report),
        "distances.png": _distances(report),
        "told-apart.png": _told_apart(report),
    }
    for name, figure in drawn.items():
        figure.savefig(folder / name, format="png", dpi=90, metadata={"Software": None})
    return list(drawn)


def _figure(width: float, height: float) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _shapes(report: Report) -> Figure:
    figure = _figure(9, 4.6)
    for column, name in enumerate(MEASURES):
        axes = figure.add_subplot(2, 3, column + 1)
        real, made = (looks.shape[:, column] for looks in (report.real, report.generated))
        real, made = real[np.isfinite(real)], made[np.isfinite(made)]
        both = np.concatenate([real, made])
        low, high = (float(np.quantile(both, q)) for q in (0.005, 0.995)) if len(both) else (0.0, 1.0)
        edges = np.linspace(low, high, 25).tolist()
        axes.hist(np.clip(real, low, high), edges, density=True, color=REAL, alpha=0.6, label="real")
        made = np.clip(made, low, high)
        axes.hist(made, edges, density=True, histtype="step", linewidth=1.6, color=GENERATED, label="generated")
        axes.set_xlabel(NAMES[name], fontsize=9)
        axes.set_yticks([])
        if not column:
            axes.legend(frameon=False, fontsize=8)
    return figure


def _spectrum(report: Report) -> Figure:
    figure = _figure(7, 3.6)
    axes = figure.add_subplot()
    for looks, colour, label in ((report.real, REAL, "real"), (report.generated, GENERATED, "generated")):
        power = looks.spectrum
        frequency = np.arange(1, power.shape[1] + 1)
        low, high = np.quantile(power, (0.25, 0.75), axis=0)
        axes.fill_between(frequency, low, high, color=colour, alpha=0.2, linewidth=0)
        axes.plot(frequency, power.mean(axis=0), color=colour, label=label)
    axes.set(xscale="log", yscale="log", xlabel="cycles across the picture", ylabel="power of the light")
    axes.legend(frameon=False)
    return figure


def _distances(report: Report) -> Figure:
    """Each distance over the median of its floor: dots are real halves, the diamond is generated beside real."""
    told = {name: one for name, one in report.figures["distances"].items() if one and not name.startswith("kernel")}
    figure = _figure(8, 0.6 + 0.34 * len(told))
    axes = figure.add_subplot()
    random = np.random.default_rng(0)
    for row, (name, one) in enumerate(reversed(told.items())):
        middle = one["real"].get("median") or 1.0
        floor = np.array(report.floors[name]) / middle
        axes.scatter(floor, row + random.uniform(-0.16, 0.16, len(floor)), s=6, color=REAL, linewidths=0)
        axes.scatter([one["generated"] / middle], [row], s=36, color=GENERATED, marker="D", linewidths=0)
    axes.set_yticks(range(len(told)), list(reversed(told)))
    axes.set(xscale="log", xlabel="distance over the median distance of two real halves")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("{x:g}")
    axes.tick_params(axis="x", which="both", labelsize=7)
    return figure


def _told_apart(report: Report) -> Figure:
    from sklearn.metrics import roc_curve

    figure = _figure(4.4, 4.2)
    axes = figure.add_subplot()
    for answers, colour, label in (
        (report.trees_floor, REAL, "two real halves"),
        (report.trees, GENERATED, "generated, real"),
    ):
        wrong, right, _ = roc_curve(answers.truth, answers.scores)
        axes.plot(wrong, right, color=colour, label=label)
    axes.plot([0, 1], [0, 1], color="0.85", linewidth=1, zorder=0)
    axes.set(xlabel="real ones called generated", ylabel="generated ones found", aspect="equal")
    axes.legend(frameon=False, loc="lower right")
    return figure
