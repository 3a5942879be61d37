"""Link previews (Open Graph): a picture of 1200 by 630 with the exhibit, its designation and the site's one sentence.

What stands on the picture is part of its pixels, so the word that nothing of this exists goes wherever it goes,
also where metadata is thrown away. A preview weighs as much as all other files of its exhibit together, so
``bake.previews`` says who gets one; where there is none, links show the exhibit's own picture.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from render.bake import views
from render.bake.chrome import Assets, Chrome, code_key
from render.bake.outputs import Outputs, Rank, digest
from render.bake.source import Medium, Row

if TYPE_CHECKING:
    from PIL import Image, ImageFont

WIDTH, HEIGHT = 1200, 630  # what the large services ask for (1.91 to 1)
MARGIN = 56
FADE = 96
GROUND, TEXT, QUIET, ACCENT = "#07080c", "#ece7dd", "#9aa0ad", "#e8b35a"
SENTENCE_SIZE, LINE_SIZE = 68, 26


def preview_of(slug: str, number: int) -> str:
    """The address of an exhibit's preview, relative to the site's root."""
    return f"{slug}/{number}-preview.jpg"


def picture_of_links(row: Row, chrome: Chrome, composed: bool) -> dict[str, Any]:
    """What a link to an exhibit shows elsewhere: its preview where one is composed, else its own picture."""
    if composed:
        address = f"{chrome.site['address']}{preview_of(chrome.slug, row.number)}"
        return {"address": address, "width": WIDTH, "height": HEIGHT}
    image = views.tile(row, chrome.exhibits)["image"]
    return {"address": chrome.at(image["jpeg"]), "width": image["width"], "height": image["height"]}


class Previews:
    """Offers the previews of one collection."""

    def __init__(self, chrome: Chrome, assets: Assets, out: Outputs, store: Callable[[str], bytes], which: str) -> None:
        self._chrome = chrome
        self._assets = assets
        self._out = out
        self._store = store
        self.which = which

    def view(self, row: Row, home: bool = False) -> dict[str, Any]:
        """A link's picture."""
        return picture_of_links(row, self._chrome, self._wanted(home))

    def offer(self, row: Row, home: bool = False) -> None:
        """Offer an exhibit's preview, if it is to have one: it speaks the site's first language."""
        if not self._chrome.home and self._wanted(home) and (source := _largest(row)) is not None:
            key = digest(code_key(), self._chrome.key, self._assets.key, source.key)
            path = preview_of(self._chrome.slug, row.number)
            self._out.offer(path, Rank.NEW, key, lambda: self._compose(row, source))

    def _wanted(self, home: bool) -> bool:
        return self.which == "all" or (home and self.which == "home")

    def _compose(self, row: Row, medium: Medium) -> bytes:
        from PIL import Image, ImageDraw

        from render.provenance import read_mark, xmp_packet

        stored = self._store(medium.key)
        canvas = Image.new("RGB", (WIDTH, HEIGHT), GROUND)
        with Image.open(io.BytesIO(stored)) as picture:
            canvas.paste(_fitted(picture.convert("RGB")), (WIDTH - HEIGHT, 0), _fade())
        draw = ImageDraw.Draw(canvas)
        room = WIDTH - HEIGHT - 2 * MARGIN
        sentence = _lines(self._chrome.collection["sentence"], self._font("serif", SENTENCE_SIZE), room)
        top = HEIGHT // 2 - len(sentence) * SENTENCE_SIZE // 2
        for line in sentence:
            draw.text((MARGIN, top), line, TEXT, self._font("serif", SENTENCE_SIZE))
            top += round(1.1 * SENTENCE_SIZE)
        draw.text((MARGIN, MARGIN), views.designation(row.number), ACCENT, self._font("mono", LINE_SIZE))
        small = self._font("sans", LINE_SIZE)
        foot = _lines(self._chrome.site["footnote"], small, room)
        for line in reversed(foot):
            draw.text((MARGIN, HEIGHT - MARGIN - LINE_SIZE * (len(foot) - foot.index(line))), line, QUIET, small)
        mark = read_mark(stored)
        out = io.BytesIO()
        extra = {"xmp": xmp_packet(mark)} if mark else {}
        canvas.save(out, "JPEG", quality=80, optimize=True, progressive=True, **extra)
        return out.getvalue()

    def _font(self, name: str, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        """The site's own typeface; Pillow's where this build of the site has none."""
        from PIL import ImageFont

        file = self._assets.name(f"{name}.woff2")
        return ImageFont.truetype(self._assets.folder / file, size) if file else ImageFont.load_default(size)


def _largest(row: Row) -> Medium | None:
    return max((m for m in row.media if m.role in ("image", "fallback")), key=lambda m: m.width, default=None)


def _fitted(picture: Image.Image) -> Image.Image:
    """The picture in a square as high as the preview, whole, on the ground's colour."""
    from PIL import Image, ImageOps

    fitted = ImageOps.contain(picture, (HEIGHT, HEIGHT), Image.Resampling.LANCZOS)
    return ImageOps.pad(fitted, (HEIGHT, HEIGHT), color=GROUND)


def _fade() -> Image.Image:
    """A mask that lets the picture rise out of the ground on its left side: no edge beside the words."""
    from PIL import Image

    mask = Image.new("L", (HEIGHT, HEIGHT), 255)
    rise = Image.linear_gradient("L").rotate(90).resize((FADE, HEIGHT))
    mask.paste(rise, (0, 0))
    return mask


def _lines(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, room: int) -> list[str]:
    """The text in lines that are at most `room` pixels wide, if its words are."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
