"""What the maker finds in the morning: ``report.json`` and ``report.html`` in the run's folder, and who is told.

Both name neither folders nor people of this machine, so they may be passed on. The page is one file that loads nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from render import __version__
from render.engine.ledger import spoken
from render.stages.record import Record
from render.stages.session import Session, stamp
from render.stages.throughput import plot, rate
from render.stages.wish import Wish

OUTCOMES = {
    "complete": "Everything that the gallery asks for is there.",
    "deadline": "The deadline came first.",
    "stopped": "It was asked to stop.",
    "lacking": "Not everything that the gallery asks for could be made.",
    "failed": "It ended with an error.",
}


def report_on(session: Session, record: Record, outcome: str, code: int, sentence: str = "") -> None:
    """Write both files and tell whoever asked to be told. What cannot be written or told is said, and is no failure:
    the exhibits are what a night is for.
    """
    from render.stages.webhook import tell  # urllib: a run that finds nothing to do does not wait for it

    told = report(session, record, outcome, code, sentence)
    try:
        _write(session.run_folder / "report.json", json.dumps(told, indent=1, ensure_ascii=False).encode())
        _write(session.run_folder / "report.html", page(told))
    except OSError as error:
        session.report.say(f"the report of run {session.run} could not be written: {error.strerror}.")
    problem = tell(told)
    if problem:
        session.report.say(problem)


def report(session: Session, record: Record, outcome: str, code: int, sentence: str = "") -> dict[str, Any]:
    """The report as plain JSON values: see docs/night.md."""
    ledger = session.ledger.as_json()
    numbers = [(*one, session.catalogue.number_at(*one[1:])) for one in sorted(record.slowest, reverse=True)]
    told = {
        "version": 1,
        "run": session.run,
        "gallery": session.gallery.title,
        "nonesuch": __version__,
        "ended": stamp(),
        "seconds": round(record.seconds, 1),
        "asked": _asked(session.wish),
        "outcome": outcome,
        "exit_code": code,
        "sentence": sentence,
        "device": session.machine,
        "pictures": record.frames,
        "rate": rate(record.frames, ledger),
        "collections": [
            {
                "slug": slug,
                "made": record.made[slug],
                "failed": record.failed[slug],
                "stopped": session.given_up.get(slug),
            }
            for slug in session.sources
        ],
        "ledger": ledger,
        "samples": record.samples,
        "slowest": [
            {"collection": slug, "kind": kind, "ordinal": ordinal, "number": number, "seconds": round(seconds, 3)}
            for seconds, slug, kind, ordinal, number in numbers
        ],
        "failures": [asdict(failure) for failure in record.failures],
        "failures_in_all": sum(record.failed.values()),
    }
    return told | {"before": _before(session, told)}


def page(told: dict[str, Any]) -> bytes:
    """The report as one page without scripts, every text in it escaped."""
    from render.bake.pages import Pages
    from render.resources import resource

    templates = resource("templates")
    css = (templates / "report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()  # nothing else is applied
    return Pages(templates).render(
        "report.html",
        report=told,
        css=css,
        policy=f"default-src 'none'; style-src 'sha256-{digest}'",
        outcome=OUTCOMES[told["outcome"]],
        plot=plot(told["samples"]),
        spoken=spoken,
    )


def _asked(wish: Wish) -> dict[str, Any]:
    until = wish.deadline.moment.isoformat(timespec="seconds").replace("+00:00", "Z") if wish.deadline else None
    return {"until": until, "count": wish.count, "endless": wish.endless, "retry": wish.retry}


def _before(session: Session, told: dict[str, Any]) -> dict[str, Any] | None:
    """The last night that drew something, and how this one differs from it."""
    for run in session.catalogue.runs():
        if run.id == session.run:
            continue
        try:
            last = json.loads((session.gallery.runs / str(run.id) / "report.json").read_text(encoding="utf-8"))
            facts = {name: last[name] for name in ("run", "pictures", "seconds", "rate", "failures_in_all")}
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if facts["pictures"] and all(isinstance(fact, int | float) for fact in facts.values()):
            names = ("pictures", "seconds", "rate", "failures_in_all")
            return facts | {"difference": {name: round((told[name] or 0) - facts[name], 3) for name in names}}
    return None


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}")
    temporary.write_bytes(data)
    temporary.replace(path)
