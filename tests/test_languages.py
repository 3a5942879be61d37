"""Pages in Polish, Czech and Korean: every message has its words, and no page mixes languages without saying so."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import browsing
import pytest
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po
from browsing import playwright

from render.bake import bake
from render.bake.tongue import FORMS, UNREVIEWED, decimal, file_of, ngettext, number, per_cent, speaking
from render.config import load_gallery

ROOT = Path(__file__).parent.parent
PLACE = re.compile(r"%\((\w+)\)s|\{(\w+)\}")
BENT = {"title", "many"}
"""What a collection holds: other languages bend such a word, so a translation may do without it."""
ALL = 'languages = ["en", "pl", "cs", "ko"]\n'


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> dict[Any, Any]:
    """What templates, code and scripts say, by Babel's own extractors; docs/languages.md has the same command."""
    out = tmp_path_factory.mktemp("pot") / "nonesuch.pot"
    said = ["-q", "extract", "-F", str(ROOT / "templates/locale/babel.cfg"), "--ignore-dirs", "node_modules dist .*"]
    kept = ["-k", "N_", "-k", "N", "-k", "t", "-k", "tn:1,2", "-o", str(out)]
    CommandLineInterface().run(["pybabel", *said, *kept, str(ROOT)])
    with out.open("rb") as file:
        return {one.id: one for one in read_po(file) if one.id}


@pytest.mark.parametrize("language", FORMS)
def test_every_message_has_its_words_and_keeps_what_is_set_into_them(language: str, messages: dict[Any, Any]) -> None:
    with file_of(language).open("rb") as file:
        catalogue = read_po(file, locale=language)
    told = {one.id: one.string for one in catalogue if one.id}
    assert len(messages) > 500  # the extractors have read all three kinds of source
    assert told.keys() == messages.keys()
    for source, translation in told.items():
        forms = (translation,) if isinstance(source, str) else translation
        assert isinstance(source, str) or len(forms) == len(FORMS[language]), source
        singular = source if isinstance(source, str) else source[0]
        plural = source if isinstance(source, str) else source[1]
        for form in forms:
            assert form.strip(), source
            places = {name for pair in PLACE.findall(form) for name in pair if name}
            wanted = {name for pair in PLACE.findall(plural) for name in pair if name}
            assert places <= wanted, (source, form)
            assert wanted - places <= BENT | ({"n"} if singular != plural else set()), (source, form)
    assert UNREVIEWED[language]  # and what the pages say of that


def test_plurals_and_numbers_are_those_of_the_language() -> None:
    def frames(language: Any, count: int) -> str:
        with speaking(language):
            return ngettext("%(n)s frame", "%(n)s frames", count) % {"n": count}

    assert [frames("en", n) for n in (0, 1, 2)] == ["0 frames", "1 frame", "2 frames"]
    assert [frames("pl", n) for n in (1, 3, 5, 12, 22)] == [
        "1 klatka",
        "3 klatki",
        "5 klatek",
        "12 klatek",
        "22 klatki",
    ]
    assert [frames("cs", n) for n in (1, 3, 5, 22)] == ["1 snímek", "3 snímky", "5 snímků", "22 snímků"]
    assert [frames("ko", n) for n in (1, 2)] == ["프레임 1개", "프레임 2개"]
    with speaking("pl"):
        assert (number(12345), decimal(0.5, 2), per_cent(0.25)) == ("12\xa0345", "0,50", "25%")
    assert (number(12345), decimal(0.5, 2), per_cent(0.25)) == ("12,345", "0.50", "25\u202f%")


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory, public: Path) -> Path:
    """The site that other tests look at, in four languages."""
    folder = tmp_path_factory.mktemp("spoken") / "gallery"
    shutil.copytree(public.parent, folder)
    settings = folder / "gallery.toml"
    settings.write_text(
        settings.read_text(encoding="utf-8").replace("[gallery]\n", f"[gallery]\n{ALL}"), encoding="utf-8"
    )
    bake(load_gallery(folder))
    return folder / "public"


def test_the_first_language_stands_where_it_stood_and_the_others_in_their_folders(spoken: Path, public: Path) -> None:
    def pages(site: Path) -> set[str]:
        return {path.relative_to(site).as_posix() for path in site.rglob("*.html")}

    plain, all_ = pages(public), pages(spoken)
    mine = {path for path in all_ if not path.startswith(("pl/", "cs/", "ko/"))}
    assert mine == plain
    polish = {path.removeprefix("pl/") for path in all_ if path.startswith("pl/")}
    assert polish < plain  # no page that English lacks
    single = {path for path in plain - polish if not re.fullmatch(r"galaxies/\d+\.html", path)}
    assert single == {"404.html", "offline.html"}  # exhibits are not multiplied; a host has one 404
    for path in ("index.html", "galaxies/gallery/index.html"):
        assert "hreflang" not in (public / path).read_text(encoding="utf-8")
        assert "data-words" not in (public / path).read_text(encoding="utf-8")


def test_a_page_says_its_language_where_the_others_are_and_who_has_not_read_it(spoken: Path) -> None:
    gallery = (spoken / "pl/galaxies/gallery/index.html").read_text(encoding="utf-8")
    assert '<html lang="pl"' in gallery
    for language, there in (("en", ""), ("x-default", ""), ("pl", "pl/"), ("cs", "cs/"), ("ko", "ko/")):
        assert f'hreflang="{language}" href="../../../{there}galaxies/gallery/">' in gallery
    assert '<a href="../../../cs/galaxies/gallery/" hreflang="cs" lang="cs">čeština</a>' in gallery
    assert UNREVIEWED["pl"] in gallery
    assert "galaktyka spiralna" in gallery  # the captioner's own name of the class
    assert 'href="../../../galaxies/1.html"' in gallery  # exhibits are where they were
    assert 'lang="en"' not in re.sub(
        r'<(a|link)[^>]*hreflang="en"( lang="en")?', "", gallery
    )  # alternatives are told anew, by rule
    home = (spoken / "ko/index.html").read_text(encoding="utf-8")
    assert "이 은하는 존재하지 않습니다." in home
    exhibit = (spoken / "galaxies/1.html").read_text(encoding="utf-8")
    assert '<html lang="en"' in exhibit
    assert 'rel="alternate" hreflang' not in exhibit  # it has no counterpart, so it names none
    assert 'hreflang="pl" lang="pl">polski</a>' in exhibit  # and still leads back to Polish


@pytest.mark.browser
@pytest.mark.skipif(browsing.CHROMIUM is None, reason="Debian's chromium is not installed: no browser was driven")
def test_scripts_speak_the_language_of_the_page_without_asking_for_more(browser: Any, spoken: Path) -> None:
    with (
        browsing.served(spoken, "/any-repo/") as address,
        browsing.sound(browser) as page,
    ):
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{address}pl/galaxies/gallery/")
        playwright.expect(page.locator("[data-sieve]")).to_contain_text("zachowane lub nie")
        assert not [one for one in asked if "locale" in one or one.endswith(".po")]
        page.goto(f"{address}pl/")
        playwright.expect(page.locator("[data-hint]")).to_have_text("albo naciśnij spację")
        before = browsing.shown(page)
        page.locator("[data-another]").click()
        browsing.after(page, before)
        classes = "galaktyka|karłowata"
        playwright.expect(page.locator("[data-class]")).to_have_text(re.compile(classes))
        assert page.evaluate("document.querySelector('.exposure').alt") != ""
