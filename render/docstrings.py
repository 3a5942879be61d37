"""What the string under a field of a class says: read from the source when somebody asks, not when the class is made.

pydantic's ``use_attribute_docstrings`` reads it at each start, for a sixth of the time that a command takes to begin.
"""

from __future__ import annotations

import ast
import inspect
from functools import cache
from itertools import pairwise
from textwrap import dedent


@cache
def meanings(model: type) -> dict[str, str]:
    """By name, of the fields of a class and of those that it inherits."""
    found: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if one.__module__.startswith("render."):
            found |= _meanings(one)
    return found


def _meanings(model: type) -> dict[str, str]:
    try:
        (tree,) = ast.parse(dedent(inspect.getsource(model))).body
    except OSError:  # installed without its source
        return {}
    assert isinstance(tree, ast.ClassDef)
    found = {}
    for field, text in pairwise(tree.body):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                found[name] = inspect.cleandoc(said)
    return found
