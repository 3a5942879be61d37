"""Captions from a server that is not ours: litellm's proxy, an independent OpenAI-compatible program.

It wants a virtual environment of its own, since it brings its own `openai`. Name that environment's folder in
NONESUCH_LITELLM; where there is none in it yet, it is made there by pip, in a version from before the releases of
March 2026 with stolen credentials (1.82.7 and 1.82.8).
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from pydantic import SecretStr
from talking import reply
from test_captions import observed

from render.captions.dialogue import Voice
from render.captions.paid import Paid
from render.captions.server import ServerCaptioner, Terms

VERSION = "litellm[proxy]==1.81.13"
MASTER = "sk-loopback-only"  # without one the proxy does not start
CONFIG = """
model_list:
  - model_name: well-behaved
    litellm_params: {{ model: openai/none, api_key: none, mock_response: {good} }}
  - model_name: liar
    litellm_params: {{ model: openai/none, api_key: none, mock_response: {bad} }}
general_settings:
  master_key: {master}
"""


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running proxy."""
    if not (named := os.environ.get("NONESUCH_LITELLM")):
        pytest.skip("litellm's proxy was not asked for (set NONESUCH_LITELLM to a folder for its virtual environment)")
    home, folder = Path(named), tmp_path_factory.mktemp("litellm")
    program = home / "bin" / "litellm"
    if not program.is_file():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        made = subprocess.run(
            [home / "bin/pip", "install", "-q", "--only-binary", ":all:", VERSION], capture_output=True
        )
        if made.returncode:
            pytest.skip(f"{VERSION} cannot be installed here: {made.stderr.decode()[-200:]}")
    quoted = [json.dumps(text) for text in (reply(), reply(caption="Andromeda, seen from here."))]
    (folder / "config.yaml").write_text(CONFIG.format(good=quoted[0], bad=quoted[1], master=MASTER))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, "--config", "config.yaml", "--port", str(port), "--host", "127.0.0.1"]
    own = {"PATH": f"{home / 'bin'}:/usr/bin:/bin", "HOME": str(folder)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=own, stdout=log, stderr=log)
    try:
        wait(process, f"http://127.0.0.1:{port}/health/liveliness", folder / "log")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(30)


def wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    for _ in range(240):  # seconds: it imports for a minute on a busy machine
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            with urlopen(address, timeout=5):
                return
        except (URLError, OSError):
            time.sleep(1)
    pytest.fail(f"the proxy did not start: {log.read_text()[-2000:]}")


def captioner(address: str, model: str, key: str = MASTER) -> ServerCaptioner:
    terms = Terms(timeout=60, retries=1, concurrency=2)
    return ServerCaptioner(Voice(model, address), Paid(None), (SecretStr(key), ""), terms)


def test_an_independent_server_understands_us_and_we_it(proxy: str) -> None:
    writer = captioner(proxy, "well-behaved")
    texts = writer.write([observed(n) for n in range(3)])
    assert [t.author for t in texts] == ["well-behaved"] * 3
    assert all(t.caption.startswith("Probably a spiral. ") for t in texts)
    assert writer.paid.spent().tokens_in > 0, "it counts tokens, and we read them"


def test_its_lies_are_refused_and_its_refusals_understood(proxy: str) -> None:
    liar = captioner(proxy, "liar")
    (texts,) = liar.write([observed(1)])
    assert (texts.author, texts.awaits, liar.paid.spent().answers) == ("facts", None, 2)
    (texts,) = captioner(proxy, "well-behaved", key="sk-wrong").write([observed(1)])
    assert (texts.author, texts.awaits) == ("facts", "server")
    (texts,) = captioner(proxy, "no-such-model").write([observed(1)])
    assert (texts.author, texts.awaits) == ("facts", "server")
