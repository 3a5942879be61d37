"""`make`: all stages in order, as often as further seeds are needed, and what came of it.

A stage that draws, looks or writes brings numpy, Pillow and more, and is imported when it is its turn: `bake` and
`import` start without them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from render.catalogue import Known
from render.config import Gallery
from render.config.steering import unusable
from render.engine.cause import cause
from render.engine.plan import missing
from render.engine.stop import Stop
from render.stages.atlas import atlas
from render.stages.finishing import bake, number
from render.stages.live import Live
from render.stages.morning import report_on
from render.stages.renaming import adopt
from render.stages.report import Report
from render.stages.session import MakeExecutor, Session, session
from render.stages.sharing import STAGES as OF_A_SHARE
from render.stages.sharing import left_of_share, refuse_share
from render.stages.walks import follow, left_out
from render.stages.wish import Wish

if TYPE_CHECKING:
    from render.engine.executor import Executor

ROUNDS = 8
"""How often further seeds are drawn in one run for what was left out or failed."""
MORE, MOST = 256, 8192
"""Exhibits that an endless night adds to a collection of priority 1 in its first round, and at most in a later one."""

STAGES = ("render", "classify", "evidence", "caption", "atlas", "bake")


def local_executor(gallery: Gallery, folders: Mapping[str, Path]) -> Executor:
    """What draws on this machine."""
    from render.stages import drawing

    return drawing.local_executor(gallery, folders)


@dataclass(frozen=True)
class Outcome:
    """What a run came to.

    lacking: by collection, what the gallery still wants; aside: what was set aside now; made: how many steps exhibits
    went forward; rebaked: whether ``public/`` changed; reached: whether it ended because its deadline had come.
    """

    shown: int
    lacking: dict[str, int] = field(default_factory=dict)
    aside: list[str] = field(default_factory=list)
    stopped: bool = False
    made: int = 0
    baked: str = ""
    rebaked: bool = False
    reached: bool = False

    @property
    def nothing(self) -> bool:
        """Whether all was as it should be before."""
        return not self.made and not self.rebaked

    @property
    def word(self) -> str:
        """How it ended, for its report."""
        if self.stopped:
            return "stopped"
        lacking = any(self.lacking.values())
        return ("deadline" if self.reached else "lacking") if lacking else "complete"

    @property
    def exit_code(self) -> int:
        """0 when everything that the gallery wants is there, or its deadline was reached; otherwise 3."""
        lacking = any(self.lacking.values()) and not self.reached
        return 3 if self.stopped or self.aside or lacking else 0


def make(
    gallery: Gallery,
    report: Report,
    stop: Stop | None = None,
    stages: Sequence[str] = STAGES,
    make_executor: MakeExecutor = local_executor,
    wish: Wish | None = None,
    again: bool = False,
) -> Outcome:
    """Do what is left of these stages. Killed at any moment, it goes on where it was when it is called again.

    again: whether texts that are there are written anew, and charts fitted anew. Of a share, only drawing and looking
    are done.
    """
    stop, wish = stop or Stop(), wish or Wish()
    if wish.share is None:
        refuse_share(gallery)
    else:
        stages = [stage for stage in stages if stage in OF_A_SHARE]
    live = Live(report, gallery.state, stop, wish.deadline)
    with session(gallery, live, make_executor, stop, wish) as opened, live.open(opened.ledger):
        try:
            outcome = _made(opened, stages, again)
        except Exception as error:
            if opened.begun:
                report_on(opened, live.record, "failed", 1, cause(error))
            raise
        if opened.begun:
            report_on(opened, live.record, outcome.word, outcome.exit_code, "; ".join(outcome.aside[:3]))
        return outcome


def _made(session: Session, stages: Sequence[str], again: bool) -> Outcome:
    adopt(session.gallery, session.catalogue)
    session.night.after = _after(session, stages)
    if "render" in stages:
        session.aside += left_out(session)
        session.aside += [f"collection '{slug}' was left out: {why}" for slug, why in unusable(session.gallery).items()]
    done = _rounds(session, stages)
    if "evidence" in stages and session.wish.share is None:
        from render.stages.together import together

        together(session)
    done += _words(session, stages, again)
    done += atlas(session, again) if "atlas" in stages else 0
    baked, rebaked = bake(session, stages) if "bake" in stages else ("", False)
    if done:
        session.report.ledger(session.ledger)
    return _outcome(session, stages, done, baked, rebaked)


def _after(session: Session, stages: Sequence[str]) -> list[str]:
    """The stages that follow the drawing and will have something to do."""
    if session.wish.deadline is None:
        return []
    from render.stages.looking import looked_at

    looking = [stage for stage in ("classify", "evidence") if stage in stages and looked_at(session, stage)]
    return [*looking, *(stage for stage in ("caption", "bake") if stage in stages)]


def _rounds(session: Session, stages: Sequence[str]) -> int:
    """Draw and look, and draw again for what was left out, or for more in an endless night; returns how much was done.

    A night with a deadline that knows no pace yet begins with one turn that goes through every stage.
    """
    done = 0
    if session.night.unknown and "render" in stages:
        done += _look(session, stages, turns=1)
        done += _words(session, stages)
        done += bake(session)[1] if done and "bake" in stages else 0
    for _ in range(ROUNDS):
        before = done
        done += _look(session, stages)
        if done == before or not _again(session, stages):
            break
    more = MORE
    while session.wish.endless and "render" in stages and not session.night.requested:
        _widen(session, more)
        drawn = _look(session, stages)
        done += drawn
        if not drawn:  # seeds have come to an end, or every collection was given up
            break
        more = min(2 * more, MOST)
    return done


def _look(session: Session, stages: Sequence[str], turns: int | None = None) -> int:
    """One round of drawing and looking; returns how much was done."""
    if not {"render", "classify", "evidence"} & set(stages):
        return 0
    from render.stages.drawing import render
    from render.stages.looking import classify, evidence

    done = render(session, turns) if "render" in stages else 0
    done += classify(session) if "classify" in stages else 0
    return done + (evidence(session) if "evidence" in stages else 0)


def _again(session: Session, stages: Sequence[str]) -> bool:
    """Whether further seeds are to be drawn for what was left out."""
    if session.wish.retry is not None or session.wish.share is not None or session.night.requested:
        return False
    looking = "evidence" in stages or "classify" in stages
    return "render" in stages and looking and _lacking(session)


def _words(session: Session, stages: Sequence[str], again: bool = False) -> int:
    """What makes looked-at exhibits shown ones; returns how much was done."""
    if "caption" not in stages:
        return 0
    from render.stages.captioning import caption

    return follow(session) + number(session) + caption(session, again)


def _widen(session: Session, more: int) -> None:
    """Let every collection want more than there is, by its priority."""
    there = Counter(one.collection for one in session.catalogue.known() if one.kind == "image" and one.counts)
    for slug, source in session.sources.items():
        settings = source.settings
        session.beyond[slug] = max(settings.count, there[slug] + more * settings.priority)


def _lacking(session: Session) -> bool:
    return any(missing(session.gallery, session.sources, session.catalogue.known()).values())


def _wanted(session: Session, known: Sequence[Known]) -> dict[str, int]:
    if session.wish.share is not None:
        return left_of_share(session, session.wish.share)
    return missing(session.gallery, session.sources, known)


def _outcome(session: Session, stages: Sequence[str], made: int, baked: str, rebaked: bool) -> Outcome:
    lacking = _wanted(session, list(session.catalogue.known())) if "render" in stages else {}
    shown = session.catalogue.shown()
    stopped, reached = session.stop.requested, session.night.reached
    return Outcome(shown, lacking, list(session.aside), stopped, made, baked, rebaked, reached)
