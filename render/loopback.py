"""A page of the maker's own: answered on the loopback only, behind a token, and to no other site's scripts.

Every address begins with a token that only the command's output shows, and requests under another host's name or from
another origin are refused, so that no page of another site can read or decide anything through the maker's browser (DNS
rebinding, cross-site requests).
"""

from __future__ import annotations

import json
import secrets
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from render.errors import NonesuchError

POLICY = (
    "default-src 'none'; img-src 'self'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


class Loopback(ThreadingHTTPServer):
    """A server on 127.0.0.1 whose addresses begin with a token. Port 0: any free one."""

    daemon_threads = True

    def __init__(self, handler: type[OwnPage], port: int = 0) -> None:
        self.token = secrets.token_urlsafe(24)
        self.done = threading.Event()
        try:
            super().__init__(("127.0.0.1", port), handler)
        except OSError as error:
            raise NonesuchError(
                f"port {port} of this machine cannot be used ({error.strerror}): choose another with --port."
            ) from None

    @property
    def address(self) -> str:
        """Where to look."""
        return f"http://127.0.0.1:{self.server_port}/{self.token}/"

    def until_done(self) -> None:
        """Serve until `done` is set, or until interrupted."""
        thread = threading.Thread(target=self.serve_forever, name="nonesuch-loopback", daemon=True)
        thread.start()
        try:
            while not self.done.wait(0.5):
                pass
        finally:
            self.shutdown()
            self.server_close()


class OwnPage(BaseHTTPRequestHandler):
    """One request of the maker's browser."""

    server: Loopback

    def asked_for(self) -> str | None:
        """What was asked for behind the token, without its query; None where the request was refused."""
        port = self.server.server_port
        origin = self.headers.get("Origin")
        here = {f"127.0.0.1:{port}", f"localhost:{port}"}
        if self.headers.get("Host") not in here or (origin and origin.removeprefix("http://") not in here):
            self.refuse(HTTPStatus.FORBIDDEN)
            return None
        token, _, path = self.path.partition("?")[0].lstrip("/").partition("/")
        if not secrets.compare_digest(token.encode(), self.server.token.encode()):
            self.refuse(HTTPStatus.FORBIDDEN)
            return None
        return path

    def said(self, largest: int) -> Any:
        """The JSON that was sent; None where there is none of at most `largest` bytes."""
        try:
            size = int(self.headers.get("Content-Length") or 0)
            return json.loads(self.rfile.read(size)) if 0 < size <= largest else None
        except (ValueError, RecursionError):
            return None

    def answer(self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        """Send an answer that no other page may frame or keep."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status: HTTPStatus, why: str = "") -> None:
        """Say no."""
        self.close_connection = True
        self.answer((why or status.phrase).encode(), "text/plain; charset=utf-8", status)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the addresses hold the token."""
