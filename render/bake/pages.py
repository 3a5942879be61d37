"""From templates to bytes: Jinja, compiled once, and which page depends on which template."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from render.bake.outputs import digest
from render.errors import NonesuchError

if TYPE_CHECKING:
    from jinja2 import Environment, Template

_REFERENCE = re.compile(r"""\{%-?\s*(?:extends|include|import|from)\s+["']([^"']+)["']""")


class Pages:
    """The templates of a folder. Jinja is imported when the first page is rendered: most bakes render few or none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment: Environment | None = None
        self._templates: dict[str, Template] = {}
        self.key = cache(self._key)

    def render(self, name: str, **context: Any) -> bytes:
        """One page. A name that the template uses and nobody gave is an error, not an empty place."""
        template = self._templates.get(name)
        if template is None:
            template = self._templates[name] = self._load(name)
        return template.render(context).encode()

    def everything(self) -> bytes:
        """Hash of all templates."""
        return digest(*(self.key(path.name) for path in sorted(self._folder.glob("*.html"))))

    def _key(self, name: str) -> bytes:
        """Hash of a template and of all that it extends, includes or imports."""
        todo, parts = [name], {}
        while todo:
            if (file := todo.pop()) not in parts:
                parts[file] = self._read(file)
                todo += _REFERENCE.findall(parts[file])
        return digest(*(part for file in sorted(parts) for part in (file, parts[file])))

    def _read(self, name: str) -> str:
        try:
            return (self._folder / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise NonesuchError(f"the template {self._folder / name} is missing: install nonesuch again.") from None

    def _load(self, name: str) -> Template:
        from jinja2 import TemplateError

        if self._environment is None:
            self._environment = _environment(self._folder)
        try:
            return self._environment.get_template(name)
        except TemplateError as error:
            raise NonesuchError(f"the template {self._folder / name} cannot be read: {error}.") from None


def _environment(folder: Path) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    class Quick(Environment):
        """Views are dictionaries: look there first, not for an attribute. A third of a page's time."""

        def getattr(self, obj: Any, attribute: str) -> Any:
            if type(obj) is dict and attribute in obj:
                return obj[attribute]
            return super().getattr(obj, attribute)

    return Quick(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
