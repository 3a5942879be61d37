"""The preview: the baked site on this machine, as a web server would show it, reloading when something changes.

It listens on the loopback only and answers only to its own name, so that no page of another site can read it through a
visitor's browser (DNS rebinding). It knows GET and HEAD, ranges (videos need them), and nothing that writes.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, unquote, urlsplit

from render.bake.chrome import HEADER, header
from render.config import Gallery
from render.errors import NonesuchError
from render.watch import Say, Watch

MIME = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".wasm": "application/wasm",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".xml": "application/xml",
    ".txt": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".avif": "image/avif",
    ".webp": "image/webp",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".gif": "image/gif",
    ".mp4": "video/mp4",
    ".woff2": "font/woff2",
}
LIVE = "-live"  # below the base: no page of the site begins with a hyphen
SCRIPT = b"""const address = document.currentScript.src.replace(/[^/]*$/, "events");
new EventSource(address).onmessage = () => location.reload();
"""
HEARTBEAT = 10.0  # seconds after which a silent stream says that it is alive, and finds out whether anyone listens


class Preview(ThreadingHTTPServer):
    """A server of one folder on 127.0.0.1. `reload` tells every open page to load itself again."""

    daemon_threads = True

    def __init__(self, public: Path, port: int = 0, base: str = "/", policy: str = HEADER) -> None:
        self.public = public.resolve()
        self.base = base
        self.policy = policy
        self.turn = 0
        self.changed = threading.Condition()
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except OSError as error:
            raise NonesuchError(
                f"port {port} of this machine cannot be used ({error.strerror}): choose another with --port."
            ) from None

    def handle_error(self, request: object, client_address: object) -> None:
        """Silence when a browser went away in the middle of an answer; anything else is told as usual."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # the stub's private alias

    @property
    def address(self) -> str:
        """Where to look."""
        return f"http://127.0.0.1:{self.server_port}{self.base}"

    def reload(self) -> None:
        """Tell the open pages that the site has changed."""
        with self.changed:
            self.turn += 1
            self.changed.notify_all()

    def wait(self, seen: int) -> int:
        """The number of the last reload, as soon as it is not `seen` any more, or after a while; -1 at the end."""
        with self.changed:
            self.changed.wait_for(lambda: self.turn != seen, HEARTBEAT)
            return self.turn

    def server_close(self) -> None:
        """Stop listening, and let the waiting streams end."""
        super().server_close()
        with self.changed:
            self.turn = -1
            self.changed.notify_all()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "nonesuch"
    sys_version = ""
    server: Preview

    def do_GET(self) -> None:
        if not self._for_us():
            self._text(HTTPStatus.MISDIRECTED_REQUEST, "This preview answers to 127.0.0.1 and localhost only.\n")
            return
        path = urlsplit(self.path).path
        if not path.startswith(self.server.base):
            self._elsewhere(path)
        elif path == f"{self.server.base}{LIVE}/events":
            self._events()
        elif path == f"{self.server.base}{LIVE}/reload.js":
            self._bytes(HTTPStatus.OK, SCRIPT, MIME[".js"])
        else:
            self._file(path.removeprefix(self.server.base))

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the preview's terminal shows what was baked, not what was asked for."""

    def _for_us(self) -> bool:
        names = ("127.0.0.1", "localhost")
        return self.headers.get("Host", "") in [f"{name}:{self.server.server_port}" for name in names]

    def _elsewhere(self, path: str) -> None:
        if path in ("/", self.server.base.rstrip("/")):
            self._redirect(self.server.base)
        else:
            self._missing()

    def _file(self, path: str) -> None:
        found = _inside(self.server.public, unquote(path))
        if found is None:
            self._missing()
        elif found.is_dir():
            if path and not path.endswith("/"):
                self._redirect(f"{self.server.base}{quote(unquote(path))}/")
            else:
                self._send(found / "index.html")
        elif path.endswith("/"):
            self._missing()
        else:
            self._send(found)

    def _send(self, path: Path, status: HTTPStatus = HTTPStatus.OK) -> None:
        try:
            file = path.open("rb")
        except OSError:
            self._missing()
            return
        with file:
            mime = MIME.get(path.suffix, "application/octet-stream")
            if path.suffix == ".html":
                self._bytes(status, self._with_reload(file.read()), mime)
            else:
                self._ranged(file, os.fstat(file.fileno()).st_size, mime)

    def _with_reload(self, page: bytes) -> bytes:
        script = f'<script src="{self.server.base}{LIVE}/reload.js"></script>\n</body>'.encode()
        return page.replace(b"</body>", script, 1)

    def _ranged(self, file: BinaryIO, size: int, mime: str) -> None:
        """The file, or the one range of it that was asked for (RFC 9110, 14)."""
        wanted = _range(self.headers.get("Range"), size)
        if wanted is None:
            self._head(HTTPStatus.OK, mime, size)
            first, last = 0, size - 1
        elif wanted[0] > wanted[1]:
            self._head(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, mime, 0, ("Content-Range", f"bytes */{size}"))
            return
        else:
            first, last = wanted
            extra = ("Content-Range", f"bytes {first}-{last}/{size}")
            self._head(HTTPStatus.PARTIAL_CONTENT, mime, last - first + 1, extra)
        if self.command == "GET":
            file.seek(first)
            if last == size - 1:
                shutil.copyfileobj(file, self.wfile)
            else:
                self.wfile.write(file.read(last - first + 1))

    def _events(self) -> None:
        """A stream that says when to reload (server-sent events); it ends with the server or the page."""
        self.close_connection = True
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        seen = self.server.turn
        try:
            while seen >= 0:
                turn = self.server.wait(seen)
                self.wfile.write(b": still here\n\n" if turn == seen else b"data: reload\n\n")
                seen = turn
        except OSError:
            return  # the page was closed

    def _missing(self) -> None:
        page = self.server.public / "404.html"
        if page.is_file():
            self._bytes(HTTPStatus.NOT_FOUND, self._with_reload(page.read_bytes()), MIME[".html"])
        else:
            self._text(HTTPStatus.NOT_FOUND, "There is no such page.\n")

    def _redirect(self, to: str) -> None:
        self._head(HTTPStatus.MOVED_PERMANENTLY, MIME[".txt"], 0, ("Location", to))

    def _text(self, status: HTTPStatus, text: str) -> None:
        self._bytes(status, text.encode(), MIME[".txt"])

    def _bytes(self, status: HTTPStatus, body: bytes, mime: str) -> None:
        self._head(status, mime, len(body))
        if self.command == "GET":
            self.wfile.write(body)

    def _head(self, status: HTTPStatus, mime: str, length: int, *extra: tuple[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", mime)
        self.send_header("Content-Length", str(length))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Content-Security-Policy", self.server.policy)
        for name, value in extra:
            self.send_header(name, value)
        self.end_headers()


def _inside(public: Path, path: str) -> Path | None:
    """The file or folder of that address, or None when there is none or it lies outside the site."""
    parts = [part for part in path.split("/") if part]
    if any(part.startswith(".") or "\\" in part or "\0" in part or ":" in part for part in parts):
        return None
    try:
        found = public.joinpath(*parts).resolve(strict=True)
    except OSError:
        return None
    return found if found == public or found.is_relative_to(public) else None


def _range(header: str | None, size: int) -> tuple[int, int] | None:
    """First and last byte of ``bytes=…``; None for the whole file; first > last when it cannot be satisfied."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", header or "", re.ASCII)
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        count = int(match[2])
        return (max(0, size - count), size - 1) if count else (1, 0)
    first, last = int(match[1]), int(match[2]) if match[2] else size - 1
    if match[2] and last < first:
        return None  # RFC 9110: such a header is ignored
    return (first, min(last, size - 1)) if first < size else (1, 0)


def serve(gallery: Gallery, port: int = 8000, base: str | None = None, say: Say = print) -> None:
    """Bake what is due, then show the site until interrupted.

    base: the path under which to show it; where it will stand (``gallery.base``) when left out.
    """
    with Preview(gallery.public, port, base or gallery.about.base, header(gallery)) as server:
        watch = Watch(gallery, server.reload, say)
        watch.look()
        if not (gallery.public / "index.html").is_file():
            raise NonesuchError(f"{gallery.folder} has no pages yet: run `nonesuch make {gallery.folder}` first.")
        stop = threading.Event()
        watcher = threading.Thread(target=watch.run, args=(stop,), daemon=True)
        watcher.start()
        say(f"{gallery.title} is at {server.address} (Ctrl-C ends it)")
        try:
            server.serve_forever()
        finally:
            stop.set()
            watcher.join()
