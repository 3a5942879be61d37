"""``python -m render.cli`` is ``nonesuch``."""

from render.cli import main

main()
