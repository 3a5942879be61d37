"""The key of a server: from the environment or from a file outside the gallery, and nowhere else."""

from __future__ import annotations

import os
import re
from pathlib import Path

from pydantic import SecretStr

KEY, KEY_FILE = "OPENAI_API_KEY", "OPENAI_API_KEY_FILE"
PRINTABLE = re.compile(r"[!-~]{1,500}")
"""What can stand in an HTTP header: anything else would come back in the HTTP library's complaint, key and all."""


def find_key(gallery: Path | None = None) -> tuple[SecretStr | None, str]:
    """The key, or None and the end of a sentence that says why there is none.

    gallery: a folder that may be published, in which a key has no place.
    """
    text, place = os.environ.get(KEY, "").strip(), KEY
    if not text:
        named = os.environ.get(KEY_FILE)
        if not named:
            return None, f"{KEY} is not set (nor {KEY_FILE})"
        place = f"the file that {KEY_FILE} names"
        path = Path(named).resolve()
        if gallery is not None and path.is_relative_to(gallery.resolve()):
            return None, f"{place} lies in the gallery's folder, which may be published: move it out of there"
        try:
            text = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeError):
            return None, f"{place} cannot be read"
    if not PRINTABLE.fullmatch(text):
        return None, f"{place} holds no key: one line of letters, figures and signs was expected"
    return SecretStr(text), ""


def redacted(text: str, key: SecretStr | None) -> str:
    """A server's words without the key, which it may repeat, and without half characters, which no file can hold."""
    if key is not None:
        text = text.replace(key.get_secret_value(), "[key]")
    return text.encode("utf-8", "replace").decode()
