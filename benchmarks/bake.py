"""How long the bake takes and how much memory: cold, nothing changed, one more exhibit.

    python benchmarks/bake.py [10000 30000 100000]

A synthetic catalogue with everything that the stages fill in. Every exhibit has its own four media files, as in a real
gallery (hard links to a few encoded pictures), and three real neighbours' pictures. Each bake is a process of its own;
its memory is the peak of the largest process. On a machine that does something else too, the CPU seconds say more.
The last lines say what a further exhibit costs, from each size to the next: where time is linear and memory flat, that
is as much each time, and next to nothing. A hundred thousand are some 1.3 million files and 5 GB in the temporary
folder.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(Path(__file__).resolve().parent)]

from processes import Run, installed, run

COLUMNS = (
    *("exhibits", "bake", "s", "s with Python's start", "CPU s of that"),
    *("peak MiB", "CPU ms each", "files written", "removed"),
)
CHILD = """
import json, sys
from pathlib import Path
from render.bake import bake
from render.config import load_gallery
report = bake(load_gallery(Path(sys.argv[1])))
print(json.dumps({"bake": report.seconds, "files": report.files, "gone": report.gone, "written": report.written[:30]}))
"""


def bake_once(folder: Path) -> tuple[Run, dict[str, Any]]:
    """One bake in a fresh process: what it took, and its report."""
    done = run([sys.executable, "-c", CHILD, str(folder)], ROOT)
    return done, json.loads(done.said)


def measure(count: int) -> Run:
    """Print the three rows of one gallery size; returns the cold one."""
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
    for name, (took, told) in rows:
        seconds = f"{told['bake']:.2f} | {took.seconds:.2f} | {took.cpu:.2f} | {took.mib:.0f}"
        each = f"{1000 * took.cpu / count:.2f}"
        print(f"| {count:,} | {name} | {seconds} | {each} | {told['files']:,} | {told['gone']} |", flush=True)
    print(f"\nWritten for one more: {', '.join(rows[-1][1][1]['written'])}\n", file=sys.stderr)
    return rows[0][1][0]


if __name__ == "__main__":
    installed(ROOT)
    print(f"| {' | '.join(COLUMNS)} |\n|{len(COLUMNS) * '---|'}")
    cold = {count: measure(count) for count in sorted(map(int, sys.argv[1:] or ["1000", "10000"]))}
    for (few, less), (many, more) in pairwise(cold.items()):
        cpu, memory = 1000 * (more.cpu - less.cpu) / (many - few), 1024 * (more.mib - less.mib) / (many - few)
        print(f"\nCold, each exhibit beyond {few:,} up to {many:,}: {cpu:.2f} ms of CPU, {memory:.2f} KiB.")
