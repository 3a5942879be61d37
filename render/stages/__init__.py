"""The stages: render, classify, evidence, caption, bake. The only room that knows all others and writes rows."""

from render.stages.making import STAGES, Outcome, make
from render.stages.report import Report, for_people
from render.stages.wish import Wish

__all__ = ["STAGES", "Outcome", "Report", "Wish", "for_people", "make"]
