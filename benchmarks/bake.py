"""How long the bake takes and how much memory: cold, nothing changed, one more exhibit.

    python benchmarks/bake.py [1000 10000]

A synthetic catalogue with everything that the stages fill in. Every exhibit has its own four media files, as in a real
gallery (hard links to a few encoded pictures), and three real neighbours' pictures. Each bake is a process of its own;
its memory is the peak of the process. On a machine that does something else too, the CPU seconds say more.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
CHILD = """
import json, resource, sys
from pathlib import Path
from render.bake import bake
from render.config import load_gallery
report = bake(load_gallery(Path(sys.argv[1])))
used = resource.getrusage(resource.RUSAGE_SELF)
figures = {"bake": report.seconds, "cpu": used.ru_utime + used.ru_stime, "mib": used.ru_maxrss / 1024}
print(json.dumps({**figures, "written": report.written, "removed": report.removed}))
"""


def bake_once(folder: Path) -> dict:
    """One bake in a fresh process: its report, with the whole process's seconds."""
    started = time.perf_counter()
    command = [sys.executable, "-c", CHILD, str(folder)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return {**json.loads(done.stdout), "process": time.perf_counter() - started}


def measure(count: int) -> None:
    """Print the three rows of one gallery size."""
    import synthetic

    folder = Path(tempfile.mkdtemp(prefix="bake-"))
    try:
        synthetic.gallery(folder, count)
        shown = synthetic.pictures(folder / "store", [synthetic.spiral(seed) for seed in range(4)])
        synthetic.fill(folder, shown, count, own=True)
        rows = [("cold", bake_once(folder)), ("unchanged", bake_once(folder))]
        synthetic.fill(folder, shown, 1, first=count + 1, own=True)
        rows.append(("one more", bake_once(folder)))
    finally:
        shutil.rmtree(folder)
    for name, row in rows:
        seconds = f"{row['bake']:.2f} | {row['process']:.2f} | {row['cpu']:.2f}"
        print(
            f"| {count:,} | {name} | {seconds} | {row['mib']:.0f} | {len(row['written']):,} | {len(row['removed'])} |"
        )
    print(f"\nWritten for one more: {', '.join(rows[-1][1]['written'])}\n", file=sys.stderr)


if __name__ == "__main__":
    print("| exhibits | bake | s | s with Python's start | CPU s of that | peak MiB | pages written | removed |")
    print("|---|---|---|---|---|---|---|---|")
    for argument in sys.argv[1:] or ["1000", "10000"]:
        measure(int(argument))
