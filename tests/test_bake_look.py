"""Templates and themes: a gallery looks as its maker wants, and a change rewrites the pages that it touches."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from baked import built, contents

from render.config import Gallery
from render.errors import NonesuchError
from render.resources import resource


def test_a_template_changes_the_pages_that_use_it(gallery: Gallery, tmp_path: Path) -> None:
    """Changed templates would show late, or a small change would rewrite everything."""
    templates = tmp_path / "templates"
    subprocess.run(["cp", "-r", str(resource("templates")), str(templates)], check=True)
    built(gallery, templates=templates)
    about = templates / "about.html"
    about.write_text(about.read_text().replace("None of this exists", "Nothing of this exists"))
    assert built(gallery, templates=templates).written == ["about/index.html"]
    macros = templates / "macros.html"
    macros.write_text(macros.read_text().replace('class="scale"', 'class="scale small"'))
    written = built(gallery, templates=templates).written
    assert "about/index.html" not in written


def test_a_gallery_has_its_own_look(gallery: Gallery) -> None:
    """Who wants another colour or another line would have to fork the program, or would lose it with the next bake."""
    built(gallery)
    before = contents(gallery.public)
    theme = gallery.folder / "theme"
    theme.mkdir()
    (theme / "style.css").write_text(":root { --accent: #7fd1c7; }")
    (theme / "home.html").write_text(
        '{% extends "shipped/home.html" %}{% block main %}{{ super() }}<p>Open until dawn.</p>{% endblock %}'
    )
    built(gallery)
    home = (gallery.public / "index.html").read_text()
    assert "Open until dawn." in home
    assert "This galaxy does not exist." in home
    page = (gallery.public / "galaxies/3.html").read_text()
    assert page.index("style.33333333.css") < page.index('href="../theme/style.css"')
    assert (gallery.public / "theme/style.css").read_text() == ":root { --accent: #7fd1c7; }"
    (theme / "home.html").write_text('{% extends "shipped/home.html" %}{% block main %}Closed.{% endblock %}')
    assert "index.html" in built(gallery).written
    (theme / "about.html").write_text("{% if %}")
    with pytest.raises(NonesuchError, match=r"theme/about\.html, line 1"):
        built(gallery)
    subprocess.run(["rm", "-r", str(theme)], check=True)
    built(gallery)
    assert contents(gallery.public) == before
