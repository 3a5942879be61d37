"""How far the path's answers can be believed: fitted on fold 2, tested on fold 1, both kept in the card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from render.classify.classes import STAGES
from render.classify.path import DWARF, FIRST_DISC, NODES, Calibration, Step, featured, stage_probabilities, steps
from render.training.classifier_figures import Floats, ranks

ALMOST = 1e-6


@dataclass(frozen=True)
class Answers:
    """What an ensemble says of some pictures, and what the experts did.

    classes: calibrated probabilities (n, 7); stages: mean logits (n, 18); heads: the members' strengths (m, n, 13);
    wanted_stages: soft (n, 18), zero outside of T_inf to T_sup; wanted: the experts' strengths (n, 13), -1 unknown.
    """

    classes: Tensor
    stages: Tensor
    heads: Tensor
    wanted_stages: Tensor
    wanted: Tensor


def fit_path(answers: Answers) -> Calibration:
    """Temperature and variances of least misfit on pictures that nothing was trained on."""
    grid = np.exp(np.linspace(np.log(0.2), np.log(5), 161))
    temperature = min(grid, key=lambda t: _log_loss(answers, float(t)))
    variance = {name: _variance(answers, head) for name, head in NODES.items()}
    return Calibration(round(float(temperature), 4), variance)


def path_figures(answers: Answers, calibration: Calibration) -> dict[str, Any]:
    """For the card: how good stages and steps are on pictures that nothing was fitted on."""
    over = stage_probabilities(answers.classes, answers.stages, calibration.temperature)
    told = [steps(answers.heads[:, i], calibration) for i in range(len(over))]
    return {
        "stages": _stage_figures(over, answers, _log_loss(answers, calibration.temperature)),
        "featured": _featured_figures(over, answers.wanted_stages),
        "steps": {name: _step_figures([one[name] for one in told], answers.wanted[:, h]) for name, h in NODES.items()},
    }


def _log_loss(answers: Answers, temperature: float) -> float:
    over = stage_probabilities(answers.classes, answers.stages, temperature)
    return float(-(answers.wanted_stages * over.clamp_min(ALMOST).log()).sum(dim=1).mean())


def _variance(answers: Answers, head: int) -> tuple[float, float, float]:
    """Least squares without negative terms (Lawson & Hanson 1974) of the squared errors."""
    from scipy.optimize import nnls

    known = answers.wanted[:, head] >= 0
    mine = answers.heads[:, known, head].double()
    mean, spread = mine.mean(dim=0), mine.var(dim=0, correction=0)
    terms = torch.stack([torch.ones_like(mean), mean * (1 - mean), spread], dim=1).numpy()
    errors = (mean - answers.wanted[known, head]).square().numpy()
    constant, middle, members = (round(float(value), 6) for value in nnls(terms, errors)[0])
    return constant, middle, members


def _stage_figures(over: Tensor, answers: Answers, loss: float) -> dict[str, Any]:
    """Of galaxies that are no dwarf ellipticals: distance of the mean stage from the expert's, in stages, and how often
    the middle 80 % hold it; of all: how often the most probable stage is one that the expert would accept.
    """
    truth = answers.wanted_stages.argmax(dim=1)
    place = torch.tensor(STAGES)
    usual = place[truth] != DWARF
    disc = over[usual][:, : len(STAGES) - 1]
    disc = disc / disc.sum(dim=1, keepdim=True).clamp_min(ALMOST)
    mean = (disc * place[:-1]).sum(dim=1)
    below = disc.cumsum(dim=1).gather(1, truth[usual][:, None])[:, 0]
    before = below - disc.gather(1, truth[usual][:, None])[:, 0]
    accepted = answers.wanted_stages.gather(1, over.argmax(dim=1, keepdim=True))[:, 0] > 0
    always = answers.wanted_stages.mean(dim=0, keepdim=True).clamp_min(ALMOST).log()
    return {
        "n": len(over),
        "accepted": round(float(accepted.float().mean()), 4),
        "mean_error": round(float((mean - place[truth[usual]]).abs().mean()), 4),
        "middle_80_holds": round(float(((below > 0.1) & (before < 0.9)).float().mean()), 4),
        "log_loss": round(loss, 4),
        "log_loss_of_shares": round(float(-(answers.wanted_stages * always).sum(dim=1).mean()), 4),
    }


def _featured_figures(over: Tensor, wanted: Tensor) -> dict[str, Any]:
    stages = torch.tensor(STAGES)[wanted.argmax(dim=1)]
    truth = ((stages >= FIRST_DISC) & (stages < DWARF)).double()
    mine = featured(over).double()
    return {
        "n": len(truth),
        "share": round(float(truth.mean()), 4),
        "accuracy": round(float(((mine > 0.5) == (truth > 0.5)).double().mean()), 4),
        "brier": round(float((mine - truth).square().mean()), 4),
        "brier_of_share": round(float(truth.var(correction=0)), 4),
    }


def _step_figures(told: list[Step], wanted: Tensor) -> dict[str, Any]:
    known = np.flatnonzero(wanted.numpy() >= 0)
    theirs: Floats = wanted.double().numpy()[known]
    mine: Floats = np.array([told[i].strength for i in known])
    sigma: Floats = np.array([told[i].uncertainty for i in known])
    if len(np.unique(theirs)) < 2 or len(np.unique(mine)) < 2:
        return {"n": len(known)}  # nothing to rank
    error = np.abs(mine - theirs)
    return {
        "n": len(known),
        "rank_correlation": round(float(np.corrcoef(ranks(mine), ranks(theirs))[0, 1]), 4),
        "mean_error": round(float(error.mean()), 4),
        "mean_error_of_median": round(float(np.abs(theirs - np.median(theirs)).mean()), 4),
        "within_one": round(float((error <= sigma).mean()), 4),
        "within_two": round(float((error <= 2 * sigma).mean()), 4),
    }
