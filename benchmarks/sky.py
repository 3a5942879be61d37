"""How long the sky takes to lay out and to bake, and how smoothly a browser pans it.

    python benchmarks/sky.py [10000]

A synthetic gallery of that many exhibits, each with files of its own. Headless Chromium without a GPU draws WebGL in
software: its frames are the worst case.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
FRAMES = """async () => {
  const guide = document.querySelector('[data-guide]');
  const box = guide.getBoundingClientRect();
  const at = (kind, x) => guide.dispatchEvent(new PointerEvent(kind, {
    pointerId: 1, button: 0, isPrimary: true, clientX: box.x + x, clientY: box.y + 200, bubbles: true }));
  guide.setPointerCapture = () => undefined; // of a made-up pointer there is nothing to capture
  at('pointerdown', 200);
  const times = [];
  let last = performance.now();
  for (let i = 0; i < 60; i++) {
    at('pointermove', 200 + 3 * i);
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    times.push(now - last);
    last = now;
  }
  at('pointerup', 380);
  return times.sort((a, b) => a - b);
}"""


def measure(count: int) -> None:
    """Print one row."""
    import synthetic
    from browsing import chromium, served

    from render.bake import bake
    from render.stages import Report, make

    folder = Path(tempfile.mkdtemp(prefix="sky-"))
    try:
        gallery = synthetic.gallery(folder, count)
        shown = synthetic.pictures(folder / "store", [synthetic.spiral(seed) for seed in range(64)])
        synthetic.fill(folder, shown, count, own=True)
        bake(gallery)
        started = time.perf_counter()
        make(gallery, Report(), stages=["atlas"])
        laid = time.perf_counter()
        bake(gallery)
        baked = time.perf_counter()
        with chromium() as browser, served(gallery.public) as address:
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"{address}galaxies/sky/")
            page.wait_for_load_state("networkidle")
            times = page.evaluate(FRAMES)
    finally:
        shutil.rmtree(folder)
    middle, slow = times[len(times) // 2], times[int(0.95 * len(times))]
    print(f"| {count:,} | {laid - started:.1f} | {baked - laid:.1f} | {middle:.0f} | {slow:.0f} |")


if __name__ == "__main__":
    print("| exhibits | laid out, s | baked with all pages again, s | frame, ms, median | 95 % |")
    print("|---|---|---|---|---|")
    for argument in sys.argv[1:] or ["10000"]:
        measure(int(argument))
