"""From templates to bytes: Jinja, compiled once, and which page depends on which template."""

from __future__ import annotations

import re
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING, Any

from render.bake.outputs import digest
from render.bake.tongue import SOURCE, number, tongue
from render.captions.texts import Language
from render.errors import NonesuchError

if TYPE_CHECKING:
    from jinja2 import Environment, Template

_REFERENCE = re.compile(r"""\{%-?\s*(?:extends|include|import|from)\s+["']([^"']+)["']""")
_TO_FOLDER = re.compile(r'(<a\b[^>]*?\bhref="(?![a-z][a-z+.-]*:)[^"?#]*/)(?=["#])')
"""A link to a folder, which a server answers with the page in it."""


@dataclass(frozen=True)
class Page:
    """A page with all that it shows: work for the press."""

    template: str
    context: dict[str, Any]

    def __call__(self, pages: Pages) -> bytes:
        return pages.render(self.template, **self.context)


SHIPPED = "shipped/"
"""Before a template's name: the one of that name that ships, whatever the gallery has."""


class Pages:
    """The templates of a folder. Jinja is imported when the first page is rendered: most bakes render few or none.

    own: a folder whose templates stand in for those of the same name. from_disk: pages are read without a server.
    """

    def __init__(self, folder: Path, own: Path | None = None, from_disk: bool = False) -> None:
        self.folder = folder
        self.own = own
        self.from_disk = from_disk
        self._environments: dict[str, Environment] = {}  # by language
        self._templates: dict[tuple[str, str], Template] = {}
        self.key = cache(self._key)

    def render(self, name: str, **context: Any) -> bytes:
        """One page, in the language that its ``site`` says. A name that the template uses and nobody gave is an error,
        not an empty place.

        Raises NonesuchError with the template's line for whatever a template does wrong.
        """
        try:
            language: Language = context["site"]["language"] if "site" in context else SOURCE
            template = self._templates.get((language, name))
            if template is None:
                template = self._templates[language, name] = self._load(name, language)
            page = template.render(context)
            return (_TO_FOLDER.sub(r"\1index.html", page) if self.from_disk else page).encode()
        except Exception as error:  # a template may divide by zero or call what is no function, like any program
            where = self._where(name, error)
            raise NonesuchError(f"the template {where}: {_mistake(error)}; mend it there.") from error

    def everything(self) -> bytes:
        """Hash of all templates."""
        folders = [self.folder, self.own] if self.own else [self.folder]
        return digest(*(self.key(name) for name in sorted({p.name for one in folders for p in one.glob("*.html")})))

    def _key(self, name: str) -> bytes:
        """Hash of a template and of all that it extends, includes or imports."""
        todo, parts = [(name, "")], dict[str, str]()
        while todo:
            file, asked_by = todo.pop()
            if file not in parts:
                parts[file] = self._read(file, asked_by)
                todo += ((other, f", which {file} names,") for other in _REFERENCE.findall(parts[file]))
        return digest(*(part for file in sorted(parts) for part in (file, parts[file])))

    def _read(self, name: str, asked_by: str) -> str:
        own = self.own / name if self.own else None
        try:
            if own is not None and own.is_file():
                return own.read_text(encoding="utf-8")
            return (self.folder / name.removeprefix(SHIPPED)).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise NonesuchError(
                f"the template {self.folder / name}{asked_by} is missing: put it there, or install nonesuch again."
            ) from None
        except UnicodeDecodeError as error:
            raise NonesuchError(f"the template {self.folder / name} is not UTF-8 ({error}): save it so.") from None

    def _load(self, name: str, language: Language) -> Template:
        if language not in self._environments:
            self._environments[language] = _environment(self.folder, self.own, language)
        return self._environments[language].get_template(name)

    def _where(self, name: str, error: Exception) -> str:
        """Template and line of a mistake; Jinja gives its templates frames of their own in the traceback."""
        from jinja2 import TemplateSyntaxError

        if isinstance(error, TemplateSyntaxError):
            return f"{error.filename or self.folder / name}, line {error.lineno}"
        folders = (self.folder, self.own)
        frames = [f for f in extract_tb(error.__traceback__) if Path(f.filename).parent in folders]
        return f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else str(self.folder / name)


def _mistake(error: Exception) -> str:
    from jinja2 import TemplateError, TemplateNotFound

    if isinstance(error, TemplateNotFound):
        return f"there is no template '{error.name}'"
    text = (error.message if isinstance(error, TemplateError) else None) or str(error) or "no reason given"
    plain = text.splitlines()[0].rstrip(".")
    return plain if isinstance(error, TemplateError) else f"{type(error).__name__}: {plain}"


def _environment(folder: Path, own: Path | None, language: Language) -> Environment:
    from html import escape as escape_html
    from types import CodeType

    from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined, Template
    from markupsafe import Markup, escape

    from render.bake.compiled import compiled
    from render.bake.folding import folded

    escape_text = lru_cache(4096)(escape_html)  # most pieces of a page were on the last one too

    def quick_escape(value: Any) -> str:
        """What markupsafe escapes, without wrapping every piece of a page in an object. A fifth of a page's time."""
        if type(value) is str:
            return escape_text(value)
        if type(value) is Markup:
            return value
        return str(value) if type(value) in (int, float) else escape(value)

    class QuickTemplate(Template):
        @classmethod
        def from_code(
            cls,
            environment: Environment,
            code: CodeType,
            globals: MutableMapping[str, Any],
            uptodate: Callable[[], bool] | None = None,
        ) -> Template:
            template = super().from_code(environment, code, globals, uptodate)
            template.root_render_func.__globals__["escape"] = quick_escape  # a name that compiled templates import
            return template

    class Quick(Environment):
        """Views are dictionaries: look there first, not for an attribute. A third of a page's time."""

        template_class = QuickTemplate

        def getattr(self, obj: Any, attribute: str) -> Any:
            if type(obj) is dict and attribute in obj:
                return obj[attribute]
            return super().getattr(obj, attribute)

    spoken = tongue(language)
    made = Quick(
        extensions=[folded(spoken)],
        loader=ChoiceLoader(
            [
                FileSystemLoader([own, folder] if own else [folder]),
                PrefixLoader({SHIPPED.rstrip("/"): FileSystemLoader(folder)}),
            ]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        bytecode_cache=compiled(language),
    )
    made.filters["number"] = number
    made.globals["words_of_scripts"] = lambda kind: Markup(_in_script(spoken.scripts(kind))) if spoken else ""
    return made


def _in_script(text: str) -> str:
    """JSON that may stand between the tags of a script."""
    return text.replace("<", "\\u003c").replace("&", "\\u0026")
