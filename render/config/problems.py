"""What is wrong with a ``gallery.toml``, as sentences: which key, what was expected, the nearest valid name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from render.docstrings import meanings

EXPECTED = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "dict_type": "a table",
    "int_from_float": "a whole number",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "too_short": "at least {min_length} of them",
    "too_long": "at most {max_length} of them",
}


def sentences(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """One sentence a problem, in the order of the file's types; a union's several complaints become one."""
    found: dict[tuple[int | str, ...], list[ErrorDetails]] = {}
    for detail in error.errors():
        path = tuple(part for part in detail["loc"] if isinstance(part, int) or not _names_a_type(part))
        found.setdefault(path, []).append(detail)
    whole = {path for path in found if any(other[: len(path)] == path and other != path for other in found)}
    return [f"{written(path)}: {_sentence(path, found[path], model)}" for path in found if path not in whole]


def written(path: Iterable[int | str]) -> str:
    """A place as a person would name it: ``collection 2, count``; tables are counted from 1."""
    parts: list[str] = []
    for part in path:
        if isinstance(part, int):
            parts[-1] = f"{parts[-1]} {part + 1}"
        else:
            parts.append(part)
    return ", ".join(parts)


def nearest(name: str, known: Sequence[str]) -> str:
    """``did you mean 'x'?`` when there is a close one, otherwise all of them."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else f"expected one of {', '.join(dict.fromkeys(known))}"


def _sentence(path: tuple[int | str, ...], details: list[ErrorDetails], model: type[BaseModel]) -> str:
    detail = details[0]
    kind, value = detail["type"], detail["input"]
    if kind == "extra_forbidden":
        return f"unknown key; {nearest(str(path[-1]), known_keys(model, path[:-1]))}"
    if kind == "missing":
        return f"is missing; {_about(model, path)}"
    literal = next((d for d in details if d["type"] == "literal_error"), None)
    if literal is not None and len(details) > 1:
        other = EXPECTED.get(details[-1]["type"], "text")
        return f"expected {literal['ctx']['expected']} or {other}, not {shown(value)}"
    if literal is not None and isinstance(value, str):
        return f"{shown(value)} is not known here; {nearest(value, _choices(literal))}"
    if kind in EXPECTED:
        return f"expected {EXPECTED[kind].format(**detail.get('ctx', {}))}, not {shown(value)}"
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    if kind != "value_error":  # pydantic's own words; a check of ours says all that is to be said, or begins so
        message = f"expected {message[0].lower()}{message[1:]}"
    return f"{message}, not {shown(value)}" if message.startswith("expected") else message


def known_keys(model: type[BaseModel], path: Iterable[int | str]) -> list[str]:
    """The keys that the table at `path` may have."""
    table = _table(model, path)
    return [field.alias or name for name, field in table.model_fields.items()]


def _table(model: type[BaseModel], path: Iterable[int | str]) -> type[BaseModel]:
    """The type of the table at `path`, followed through lists, unions and tables whose keys are free."""
    for part in path:
        field = next((f for n, f in model.model_fields.items() if (f.alias or n) == part), None)
        if field is not None:
            model = next(_models_in(field.annotation))
    return model


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _about(model: type[BaseModel], path: tuple[int | str, ...]) -> str:
    table = _table(model, path[:-1])
    name = next(n for n, f in table.model_fields.items() if (f.alias or n) == path[-1])
    return "it says: " + " ".join(meanings(table).get(name, "").split())


def _choices(literal: ErrorDetails) -> list[str]:
    return [part.strip("' ") for part in literal["ctx"]["expected"].replace(" or ", ", ").split(",")]


def shown(value: Any) -> str:
    """A value as it stands in the file, cut short where it is long."""
    text = repr(value) if not isinstance(value, bool) else str(value).lower()
    return text if len(text) <= 60 else text[:57] + "..."


def _names_a_type(part: str) -> bool:
    """Whether a part of pydantic's location is the name of a union's member, not a key of the file."""
    return part.startswith(("literal[", "list[", "function-", "constrained-"))
