"""A real HTTP server on the loopback that speaks chat completions as scripted: what the tests of the captions share."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GOOD = {
    "title": "A spiral",
    "alt": "A spiral on black.",
    "description": "It has arms.",
    "caption": "Probably a spiral.",
    "facts": [1],
}


def reply(**changes: Any) -> str:
    """A reply that may be shown, but for the changes."""
    return json.dumps(GOOD | changes)


@dataclass(frozen=True)
class Line:
    """One answer. status 0: the connection is dropped. cut: so many bytes are promised and not sent; wait: seconds."""

    status: int = 200
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int = 0
    wait: float = 0.0
    whole: bool = False  # the text is the whole body, not what the model said


Script = Callable[[dict[str, Any], int], Line]
"""From a request's body and its number to the answer."""


def completion(text: str, tokens: tuple[int, int] = (400, 100)) -> dict[str, Any]:
    """A chat completion, as a server sends it."""
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens)}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    return {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice], "usage": usage}


@dataclass
class Heard:
    """What the server was asked: bodies, headers, when; and how many were under way at once at most."""

    address: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    most: int = 0

    @property
    def raw(self) -> str:
        return json.dumps([self.bodies, self.headers])


@contextmanager
def server(script: Script | list[Line]) -> Iterator[Heard]:
    """A server that answers as scripted; the last line of a list repeats."""
    heard, lock, now = Heard(), threading.Lock(), [0]
    answer = script if callable(script) else lambda body, number: script[min(number, len(script)) - 1]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with lock:
                heard.bodies.append(body)
                heard.headers.append({k.lower(): v for k, v in self.headers.items()})
                heard.times.append(time.monotonic())
                now[0] += 1
                heard.most = max(heard.most, now[0])
                number = len(heard.bodies)
            try:
                self._answer(answer(body, number))
            finally:
                with lock:
                    now[0] -= 1

        def _answer(self, line: Line) -> None:
            time.sleep(line.wait)
            if line.status == 0:
                self.close_connection = True
                return
            plain = line.whole or line.status != 200
            sent = (line.text if plain else json.dumps(completion(line.text))).encode()
            self.send_response(line.status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(sent)))
            for name, value in line.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(sent[: len(sent) - line.cut])
            if line.cut:
                self.close_connection = True

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the asker gave up: that is what some tests are about

        def log_message(self, *_: object) -> None:
            return

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    threading.Thread(target=running.serve_forever, daemon=True).start()
    heard.address = f"http://127.0.0.1:{running.server_port}/v1"
    try:
        yield heard
    finally:
        running.shutdown()
        running.server_close()
