"""The stage that looks at a collection as a whole, when exhibits of it were newly compared or taken off."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from render.catalogue.rows import Json
from render.errors import NonesuchError
from render.media import data_of_master
from render.stages.looking import judge_of, judges_here
from render.stages.session import Session
from render.weights import MODEL

if TYPE_CHECKING:
    from torch import Tensor

FIGURE = "evidence"


def together(session: Session) -> int:
    """Renew the figures of every collection whose checked exhibits are others than before; returns how many were.

    Near a deadline it leaves that to the next command: the site of this one comes first.
    """
    here = judges_here(session.gallery, session.gallery.evidence.judges)
    renewed = 0
    for slug, source in session.sources.items():
        found = judge_of(here, source)
        if found is None or session.stop.requested or session.night.late:
            continue
        folder, card = found
        rows = session.catalogue.compared(slug)
        state = _state([identity for identity, _ in rows], card.sha256.get(MODEL, ""))
        if not rows or session.catalogue.figures(slug).get(FIGURE, {}).get("of") == state:
            continue
        _renew(session, slug, rows, state, folder)
        renewed += 1
    session.catalogue.commit()
    return renewed


def _state(exhibits: list[str], detector: str) -> str:
    """Which exhibits the figures are of, and which detector looked."""
    return hashlib.sha256("\n".join([detector, *exhibits]).encode()).hexdigest()[:16]


def _renew(session: Session, slug: str, rows: list[tuple[str, bool]], state: str, folder: Path) -> None:
    import torch

    from render.evidence.judges import load_judge
    from render.evidence.together import Twins, bootstrap

    detector = load_judge(folder)
    card = session.sources[slug].card
    with session.ledger.stage("together") as account:

        def picture(place: int) -> Tensor:
            media = session.catalogue.media(rows[place][0])
            return torch.from_numpy(data_of_master(session.store, media, card))

        told: Json = {"of": state, "authentic": bootstrap([authentic for _, authentic in rows])}
        pairs: list[Twins] = []
        try:
            pairs = detector.twins(len(rows), picture)
            told["twins"] = [{**asdict(pair), "one": rows[pair.one][0], "other": rows[pair.other][0]} for pair in pairs]
        except NonesuchError as error:  # too many without faiss: the night's site is not given up for that
            session.report.say(f"evidence: no twins were looked for in {slug}: {error}")
        session.catalogue.figure(slug, FIGURE, told)
        account.items += len(rows)
    if pairs:
        session.report.say(f"evidence: {slug} has {len(pairs)} pairs of exhibits that are nearly the same picture.")
