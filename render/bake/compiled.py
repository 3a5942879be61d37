"""Compiled templates are kept, since compiling takes as long as hundreds of pages: one file each, by Jinja's own cache.

They are code, so they lie where nobody else can put any: in the folder of the system's temporary one that Jinja makes
for one user and refuses where another owns it or may write to it. Without such a folder, or room in it, templates are
compiled as they are needed.
"""

from __future__ import annotations

from contextlib import suppress

from jinja2 import __version__
from jinja2.bccache import Bucket, FileSystemBytecodeCache

from render.bake.chrome import code_key
from render.bake.outputs import digest
from render.bake.tongue import words_key
from render.captions.texts import Language


class Compiled(FileSystemBytecodeCache):
    """The cache for templates of one language. Jinja compares a template's text; its tags depend on more."""

    def __init__(self, language: Language) -> None:
        """Raises RuntimeError where there is no safe folder."""
        super().__init__()
        self._salt = digest(code_key(), __version__, language, words_key(language)).hex()

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        """Another one for another version of this program, of Jinja or of the language's words."""
        return super().get_cache_key(f"{self._salt} {name}", filename)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """A disk that is full or may not be written to costs time only."""
        with suppress(OSError):
            super().dump_bytecode(bucket)


def compiled(language: Language) -> Compiled | None:
    """The cache, where there can be one."""
    try:
        return Compiled(language)
    except (RuntimeError, OSError):
        return None
