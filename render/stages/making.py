"""`make`: all stages in order, as often as further seeds are needed, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from render.config import Gallery
from render.engine.plan import missing
from render.engine.stop import Stop
from render.stages.captioning import caption
from render.stages.drawing import local_executor, render
from render.stages.finishing import bake, number
from render.stages.looking import classify, evidence
from render.stages.report import Report
from render.stages.session import MakeExecutor, Session, session
from render.stages.walks import follow

ROUNDS = 8
"""How often further seeds are drawn for near-copies and failures in one run."""

STAGES = ("render", "classify", "evidence", "caption", "bake")


@dataclass(frozen=True)
class Outcome:
    """What a run came to.

    lacking: by collection, what the gallery still wants; aside: what was set aside now; made: how many steps exhibits
    went forward; rebaked: whether ``public/`` changed.
    """

    shown: int
    lacking: dict[str, int] = field(default_factory=dict)
    aside: list[str] = field(default_factory=list)
    stopped: bool = False
    made: int = 0
    baked: str = ""
    rebaked: bool = False

    @property
    def nothing(self) -> bool:
        """Whether all was as it should be before."""
        return not self.made and not self.rebaked

    @property
    def exit_code(self) -> int:
        """0 when everything that the gallery wants is there, otherwise 3."""
        return 3 if self.stopped or self.aside or any(self.lacking.values()) else 0


def make(
    gallery: Gallery,
    report: Report,
    stop: Stop | None = None,
    stages: Sequence[str] = STAGES,
    make_executor: MakeExecutor = local_executor,
    again: bool = False,
) -> Outcome:
    """Do what is left of these stages. Killed at any moment, it goes on where it was when it is called again.

    again: whether texts that are there are written anew.
    """
    with session(gallery, report, make_executor, stop) as opened:
        done = _rounds(opened, stages)
        if "caption" in stages:
            done += follow(opened) + number(opened) + caption(opened, again)
        baked, rebaked = bake(opened) if "bake" in stages else ("", False)
        if done:
            report.ledger(opened.ledger)
        return _outcome(opened, stages, done, baked, rebaked)


def _rounds(session: Session, stages: Sequence[str]) -> int:
    """Draw and look, and draw again for what was left out; returns how much was done."""
    done = 0
    for _ in range(ROUNDS):
        before = done
        done += render(session) if "render" in stages else 0
        done += classify(session) if "classify" in stages else 0
        done += evidence(session) if "evidence" in stages else 0
        if (
            done == before
            or "render" not in stages
            or session.stop.requested
            or "evidence" not in stages
            or not _lacking(session)
        ):
            break
    return done


def _lacking(session: Session) -> bool:
    return any(missing(session.gallery, session.sources, session.catalogue.known()).values())


def _outcome(session: Session, stages: Sequence[str], made: int, baked: str, rebaked: bool) -> Outcome:
    known = list(session.catalogue.known())
    lacking = missing(session.gallery, session.sources, known) if "render" in stages else {}
    shown = sum(one.state == "shown" for one in known)
    return Outcome(shown, lacking, list(session.aside), session.stop.requested, made, baked, rebaked)
