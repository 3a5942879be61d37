"""A local page of contact sheets, on which a person rejects pictures of a training set by click and key.

It answers as `render.loopback` says. Every decision is written to the csv at once.
"""

from __future__ import annotations

import csv
import io
import json
import threading
from http import HTTPStatus
from pathlib import Path

import numpy as np
from PIL import Image

from render.loopback import Loopback, OwnPage
from render.training.rejecting import read_decisions, write_decisions

STATIC = Path(__file__).with_name("sheet")
KINDS = {
    "index.html": "text/html; charset=utf-8",
    "review.js": "text/javascript; charset=utf-8",
    "review.css": "text/css; charset=utf-8",
}
LARGEST = 1000  # bytes of a decision


class Review(Loopback):
    """One set, looked through by one person. folder: with images.npy and index.csv; decisions: the csv that is kept."""

    def __init__(self, folder: Path, decisions: Path, port: int = 0) -> None:
        self.images = np.load(folder / "images.npy", mmap_mode="r")
        with (folder / "index.csv").open(newline="", encoding="utf-8") as file:
            self.names = [row.get("was") or row["file"] for row in csv.DictReader(file)]
        self.path, self.decisions = decisions, read_decisions(decisions)
        self._lock = threading.Lock()
        super().__init__(_Handler, port)

    def decide(self, index: int, kept: bool) -> None:
        """Keep a decision, at once and for good."""
        with self._lock:
            self.decisions[self.names[index]] = kept
            write_decisions(self.path, self.decisions)

    def wait(self) -> int:
        """Serve until the person is done; returns how many pictures are rejected.

        Those that were left standing count as kept from then on.
        """
        self.until_done()
        self.decisions |= {name: self.decisions.get(name, True) for name in self.names}
        write_decisions(self.path, self.decisions)
        return sum(not self.decisions[name] for name in self.names)


class _Handler(OwnPage):
    server: Review

    def do_GET(self) -> None:
        path = self.asked_for()
        if path is None:
            return
        if path == "pictures.json":
            decided = self.server.decisions
            told = [
                {"index": i, "name": name, "kept": decided.get(name, True)} for i, name in enumerate(self.server.names)
            ]
            self.answer(json.dumps(told).encode(), "application/json")
        elif path.startswith("picture/") and (index := self._index(path[8:].removesuffix(".png"))) is not None:
            buffer = io.BytesIO()
            Image.fromarray(self.server.images[index]).save(buffer, "PNG")
            self.answer(buffer.getvalue(), "image/png")
        elif (name := path or "index.html") in KINDS:
            self.answer((STATIC / name).read_bytes(), KINDS[name])
        else:
            self.refuse(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        path = self.asked_for()
        if path is None:
            return
        said = self.said(LARGEST)
        if path == "done" and said == {}:
            self.answer(b"{}", "application/json")
            self.server.done.set()
        elif path == "decide" and isinstance(said, dict) and isinstance(said.get("kept"), bool):
            index = self._index(str(said.get("index")))
            if index is None:
                self.refuse(HTTPStatus.BAD_REQUEST)
                return
            self.server.decide(index, said["kept"])
            self.answer(b"{}", "application/json")
        else:
            self.refuse(HTTPStatus.BAD_REQUEST)

    def _index(self, text: str) -> int | None:
        known = text.isascii() and text.isdigit() and len(text) < 10 and int(text) < len(self.server.names)
        return int(text) if known else None
