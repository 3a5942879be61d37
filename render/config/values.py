"""What one setting may hold: text, a slug, an address, seeds, a device. Each check says what was expected."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from render import recipe
from render.errors import UsageError

LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
BASE = re.compile(r"/([A-Za-z0-9_~-][A-Za-z0-9._~-]*/)*")
ADDRESS = re.compile(rf"https?://{LABEL}(\.{LABEL})*(:(?P<port>[0-9]{{1,5}}))?(/[A-Za-z0-9._~/-]*)?")
DEVICE = re.compile(r"auto|cpu|mps|cuda(:[0-9]{1,2})?")
RESERVED = ("about", "api", "assets", "data", "exhibitions", "lab", "media", "models", "pages", "theme", "walks")
"""Folders of the baked site that belong to no collection."""
LONGEST_SLUG = 80  # slugs become names of files, which may have 255 bytes


def slug_of(name: str, otherwise: str) -> str:
    """A name as it may stand in addresses, accents left out; `otherwise` where nothing of it may."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or otherwise


UNITS = {"kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
SIZE = re.compile(r"(?P<number>\d{1,9}(?:\.\d{1,3})?) ?(?P<unit>[kmg]i?b)", re.IGNORECASE)


class Strict(BaseModel):
    """No key is ignored, nothing is converted, nothing changes later."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)


def _slug(value: str) -> str:
    if not SLUG.fullmatch(value):
        raise ValueError("expected small letters, digits and single hyphens between them, such as 'ring-galaxies'")
    if len(value) > LONGEST_SLUG:
        raise ValueError(f"expected at most {LONGEST_SLUG} characters")
    return value


def _own_folder(value: str) -> str:
    if value in RESERVED:
        raise ValueError(f"the site itself has a folder '{value}': choose another slug")
    return value


def _base(value: str) -> str:
    if not BASE.fullmatch(value):
        raise ValueError("expected a path that begins and ends with a slash, such as '/' or '/my-repository/'")
    return value


def _address(value: str) -> str:
    found = ADDRESS.fullmatch(value)
    if not found or not 1 <= int(found["port"] or 80) <= 65535:
        raise ValueError("expected a whole address, such as 'https://example.org/galaxies/'")
    return value


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("expected some text")
    return value


def _one_line(value: str) -> str:
    if any(unicodedata.category(character) == "Cc" for character in value):
        raise ValueError("expected one line of text, without control characters")
    if value and not value.strip():
        raise ValueError('expected some text, or ""')
    return value


def _seeds(value: str) -> str:
    try:
        recipe.Seeds.parse(value)
    except UsageError as error:
        raise ValueError(str(error).removesuffix(".")) from None
    return value


def _device(value: str) -> str:
    if not DEVICE.fullmatch(value):
        raise ValueError('expected "auto", "cpu", "mps", "cuda" or, for one GPU of several, "cuda:1"')
    return value


def size_of(text: str) -> int:
    """Bytes, of `900 MB`, `1 GB` or `512 MiB`."""
    found = SIZE.fullmatch(text)
    if found is None:
        raise ValueError("expected a size, such as '900 MB' or '1 GiB'")
    return int(float(found["number"]) * UNITS[found["unit"].lower()])


def _size(value: str) -> str:
    if size_of(value) < 1:
        raise ValueError("expected more than nothing")
    return value


Slug = Annotated[str, AfterValidator(_slug)]
CollectionSlug = Annotated[Slug, AfterValidator(_own_folder)]
Base = Annotated[str, AfterValidator(_base)]
Address = Annotated[str, AfterValidator(_address)]
Line = Annotated[str, AfterValidator(_one_line)]
Text = Annotated[str, AfterValidator(_not_blank), AfterValidator(_one_line)]
Seeds = Annotated[str, AfterValidator(_seeds)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Device = Annotated[str, AfterValidator(_device)]
Side = Annotated[int, Field(ge=64, le=4096)]
"""Pixels of a published picture's longer side."""
Size = Annotated[str, AfterValidator(_size)]
Language = Literal["en", "pl", "cs", "ko"]
Style = Literal["plain", "poetic", "children"]
