"""How long a visitor's drawing takes in the browser, and whether its memory grows with the number of drawings.

    python benchmarks/drawings.py PUBLIC [--count 200] [--threads]

PUBLIC is a baked site with a page to draw on, served as a host would. Headless Chromium without a GPU draws a ring with
other noise each time, as WebAssembly: in one thread, or with --threads in as many as the page takes where it is
isolated. Memory is the resident set of the page's process, its worker and their WebAssembly included, after the page
was told that memory is short: what is no longer needed is collected, and Chromium drops the scaled pictures that it
keeps in case they are shown again (without a GPU half a MiB a drawing, which is its cache and not the page's).
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "benchmarks")]

from browsing import chromium
from visit import hosted

from render.errors import NonesuchError

PATIENCE = 300_000  # milliseconds, for the first: it loads the network
ROWS = 8
PAUSE = 500  # milliseconds in which memory is given back
ISOLATED = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}
SAID = "document.querySelector('[data-say]').textContent"


def resident(session: Any) -> float:
    """MiB of the largest process that shows pages: this one, beside Chromium's own spare."""
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    sizes = [status(one["id"]) for one in processes if one["type"] == "renderer"]
    return max(sizes) / 1024


def isolated(route: Any) -> None:
    """The file, with the headers that let a page share memory between threads."""
    got = route.fetch()
    route.fulfill(response=got, headers=got.headers | ISOLATED)


def status(pid: int) -> int:
    """KiB of a process's resident set."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def measure(public: Path, count: int, threads: bool) -> None:
    """Print a table of memory by drawings, and the time of one."""
    pages = [page for page in sorted(public.glob("*/draw/index.html")) if "data-visit" in page.read_text("utf-8")]
    if not pages:
        raise NonesuchError(f"{public} has no page to draw on whose drawings are classified: bake one with galaxies.")
    path = pages[0].parent.relative_to(public).as_posix()
    seconds = []
    with hosted(public) as address, chromium() as browser:
        context = browser.new_context(service_workers="block")
        page = context.new_page()
        if threads:
            page.route("**/*", isolated)
        session, inside = browser.new_browser_cdp_session(), context.new_cdp_session(page)
        page.goto(f"{address}{path}/")
        page.locator("[data-shape=ring]").click()
        print("| drawings | resident, MiB |\n|---|---|")
        for drawing in range(1, count + 1):
            page.wait_for_selector("[data-save]:visible", timeout=PATIENCE)
            page.wait_for_selector("[data-classes] tr.found", timeout=PATIENCE)
            seconds.append(float(page.evaluate(SAID).split(" s, ")[0].removeprefix("Drawn here in ")))
            if drawing == 1 or drawing % max(1, count // ROWS) == 0:
                inside.send("Memory.simulatePressureNotification", {"level": "critical"})
                inside.send("HeapProfiler.collectGarbage")
                page.wait_for_timeout(PAUSE)
                print(f"| {drawing} | {resident(session):.0f} |", flush=True)
            page.evaluate("document.querySelector('[data-save]').hidden = true")
            page.locator("[data-again]").click()
        how = page.evaluate(SAID)
    print(f"\nA drawing: {statistics.median(seconds):.1f} s, median of {count}. {how.partition('it. ')[2] or how}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("public", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--threads", action="store_true")
    arguments = parser.parse_args()
    try:
        measure(arguments.public, arguments.count, arguments.threads)
    except NonesuchError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
