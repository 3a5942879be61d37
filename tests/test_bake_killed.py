"""The bake killed, and the bake on a machine that only publishes: what visitors see must stay whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import synthetic
from baked import COUNT, built, contents

from render.catalogue import FILE, Catalogue
from render.config import Gallery

ROOT = Path(__file__).resolve().parent.parent


BAKE = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "diffusers", "openai", "transformers"):
            raise ImportError(f"{name} is blocked")
sys.meta_path.insert(0, Blocked())
import socket
def refuse(*a, **k): raise RuntimeError("the network")
socket.socket.connect = socket.getaddrinfo = refuse
from pathlib import Path
from render.bake import bake
from render.config import load_gallery
report = bake(load_gallery(Path(sys.argv[1])), site=Path(sys.argv[2]))
print(len(report.written), report.kept)
"""


def child(gallery: Gallery) -> subprocess.Popen[str]:
    site = synthetic.built_site(gallery.folder.parent / "site")
    command = [sys.executable, "-c", BAKE, str(gallery.folder), str(site)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_bake_needs_neither_torch_nor_network(gallery: Gallery) -> None:
    """A small machine that only publishes would need gigabytes, or an evening without network would end in an error."""
    output, errors = child(gallery).communicate()
    assert not errors
    assert int(output.split()[0]) > COUNT


def test_killed_at_any_moment_the_site_is_whole(
    gallery: Gallery, parts: tuple[Path, list[synthetic.Picture]], tmp_path: Path
) -> None:
    """Visitors would see half a page, or a page that leads to nothing, until somebody notices."""
    built(gallery)
    for turn in range(6):
        number = COUNT + 1 + 20 * turn
        synthetic.fill(gallery.folder, parts[1], 20, first=number)
        process = child(gallery)
        time.sleep(0.35 + 0.07 * turn)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        for page in gallery.public.rglob("*.html"):
            assert page.read_text(encoding="utf-8").endswith("</html>\n"), f"{page} is cut off"
    _, errors = child(gallery).communicate()
    assert not errors, errors
    finished = contents(gallery.public)
    subprocess.run(["rm", "-r", str(gallery.public), str(gallery.folder / ".nonesuch")], check=True)
    built(gallery)
    assert contents(gallery.public) == finished


@pytest.mark.parametrize("at", ["staged", "decided", "new", "pages", "stale", "settled"])
def test_killed_at_each_step_the_next_bake_finishes(
    gallery: Gallery, parts: tuple[Path, list[synthetic.Picture]], at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The random moments above may miss the few steps that matter: here each of them is hit."""
    from render.bake.outputs import Outputs
    from render.bake.record import Record

    class Killed(BaseException):
        """What no handler of the program catches, as no handler sees SIGKILL."""

    def dying(*_: object, **__: object) -> None:
        raise Killed

    built(gallery)
    with Catalogue(gallery.folder / FILE, write=True) as catalogue:
        gone = catalogue.numbered("galaxies", 7)
        assert gone is not None
        catalogue.removed(gone.id, "asked to")
    synthetic.fill(gallery.folder, parts[1], 5, first=COUNT + 1)
    with monkeypatch.context() as patch:
        if at in ("new", "pages"):
            done: list[str] = []
            replace = os.replace

            def some(source: str, target: str) -> None:
                if len(done) == {"new": 1, "pages": 4}[at]:
                    raise Killed
                done.append(target)
                replace(source, target)

            patch.setattr("render.bake.outputs.os.replace", some)
        else:
            step = {"staged": "finish", "decided": "_apply", "stale": "_remove", "settled": "settle"}[at]
            patch.setattr(Record if at == "settled" else Outputs, step, dying)
        with pytest.raises(Killed):
            built(gallery)
    for page in gallery.public.rglob("*.html"):
        assert page.read_text(encoding="utf-8").endswith("</html>\n")
    built(gallery)
    finished = contents(gallery.public)
    assert b"NONESUCH 7 is not on show" in (gallery.public / "galaxies/7.html").read_bytes()
    assert f"galaxies/{COUNT + 5}.html" in finished
    subprocess.run(["rm", "-r", str(gallery.public), str(gallery.folder / ".nonesuch")], check=True)
    built(gallery)
    assert contents(gallery.public) == finished
