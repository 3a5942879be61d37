"""A local page of contact sheets, on which a person rejects pictures of a training set by click and key.

It listens on the loopback only. Every address begins with a token that only the command's output shows, and requests
under another host's name are refused, so that no page of another site can read the pictures or decide for the person
(DNS rebinding). Every decision is written to the csv at once.
"""

from __future__ import annotations

import csv
import io
import json
import secrets
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from PIL import Image

from render.training.rejecting import read_decisions, write_decisions

STATIC = Path(__file__).with_name("sheet")
KINDS = {
    "index.html": "text/html; charset=utf-8",
    "review.js": "text/javascript; charset=utf-8",
    "review.css": "text/css; charset=utf-8",
}
POLICY = "default-src 'none'; img-src 'self'; script-src 'self'; style-src 'self'; connect-src 'self'"
LARGEST = 1000  # bytes of a decision


class Review(ThreadingHTTPServer):
    """One set, looked through by one person. folder: with images.npy and index.csv; decisions: the csv that is kept."""

    daemon_threads = True

    def __init__(self, folder: Path, decisions: Path, port: int = 0) -> None:
        self.images = np.load(folder / "images.npy", mmap_mode="r")
        with (folder / "index.csv").open(newline="", encoding="utf-8") as file:
            self.names = [row.get("was") or row["file"] for row in csv.DictReader(file)]
        self.path, self.decisions = decisions, read_decisions(decisions)
        self.token = secrets.token_urlsafe(24)
        self.done = threading.Event()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def address(self) -> str:
        """Where to look."""
        return f"http://127.0.0.1:{self.server_port}/{self.token}/"

    def decide(self, index: int, kept: bool) -> None:
        """Keep a decision, at once and for good."""
        with self._lock:
            self.decisions[self.names[index]] = kept
            write_decisions(self.path, self.decisions)

    def wait(self) -> int:
        """Serve until the person is done; returns how many pictures are rejected.

        Those that were left standing count as kept from then on.
        """
        thread = threading.Thread(target=self.serve_forever, name="nonesuch-review", daemon=True)
        thread.start()
        try:
            while not self.done.wait(0.5):
                pass
        finally:
            self.shutdown()
            self.server_close()
        self.decisions |= {name: self.decisions.get(name, True) for name in self.names}
        write_decisions(self.path, self.decisions)
        return sum(not self.decisions[name] for name in self.names)


class _Handler(BaseHTTPRequestHandler):
    server: Review

    def do_GET(self) -> None:
        path = self._path()
        if path is None:
            return
        if path == "pictures.json":
            decided = self.server.decisions
            told = [
                {"index": i, "name": name, "kept": decided.get(name, True)} for i, name in enumerate(self.server.names)
            ]
            self._answer(json.dumps(told).encode(), "application/json")
        elif path.startswith("picture/") and (index := self._index(path[8:].removesuffix(".png"))) is not None:
            buffer = io.BytesIO()
            Image.fromarray(self.server.images[index]).save(buffer, "PNG")
            self._answer(buffer.getvalue(), "image/png")
        elif (name := path or "index.html") in KINDS:
            self._answer((STATIC / name).read_bytes(), KINDS[name])
        else:
            self._refuse(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        path = self._path()
        if path is None:
            return
        try:
            size = int(self.headers.get("Content-Length") or 0)
            said = json.loads(self.rfile.read(size)) if 0 < size <= LARGEST else None
        except ValueError:
            said = None
        if path == "done" and said == {}:
            self._answer(b"{}", "application/json")
            self.server.done.set()
        elif path == "decide" and isinstance(said, dict) and isinstance(said.get("kept"), bool):
            index = self._index(str(said.get("index")))
            if index is None:
                self._refuse(HTTPStatus.BAD_REQUEST)
                return
            self.server.decide(index, said["kept"])
            self._answer(b"{}", "application/json")
        else:
            self._refuse(HTTPStatus.BAD_REQUEST)

    def _path(self) -> str | None:
        """What was asked for behind the token; None where the request was refused."""
        port = self.server.server_port
        origin = self.headers.get("Origin")
        here = {f"127.0.0.1:{port}", f"localhost:{port}"}
        if self.headers.get("Host") not in here or (origin and origin.removeprefix("http://") not in here):
            self._refuse(HTTPStatus.FORBIDDEN)
            return None
        token, _, path = self.path.lstrip("/").partition("/")
        if not secrets.compare_digest(token.encode(), self.server.token.encode()):
            self._refuse(HTTPStatus.FORBIDDEN)
            return None
        return path

    def _index(self, text: str) -> int | None:
        known = text.isascii() and text.isdigit() and len(text) < 10 and int(text) < len(self.server.names)
        return int(text) if known else None

    def _answer(self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def _refuse(self, status: HTTPStatus) -> None:
        self.close_connection = True
        self._answer(status.phrase.encode(), "text/plain; charset=utf-8", status)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the addresses hold the token."""
