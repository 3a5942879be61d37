"""``{% trans %}`` in templates, said when a template is compiled and not whenever a page is made.

The tag is Jinja's own (https://jinja.palletsprojects.com/en/stable/extensions/#i18n-extension), and Babel extracts its
messages with Jinja's own extractor. Each language has an environment of its own, so a page costs the same in all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from jinja2 import nodes
from jinja2.ext import Extension, InternationalizationExtension

if TYPE_CHECKING:
    from jinja2 import Environment

    from render.bake.tongue import Tongue

_LINE = re.compile(r"\s*\n\s*")
_PLACE = re.compile(r"%\((\w+)\)s")


def folded(tongue: Tongue | None) -> type[Extension]:
    """The tag for templates of one language; None is English, whose texts stay as they stand, line by line."""

    class Folded(InternationalizationExtension):
        def __init__(self, environment: Environment) -> None:
            super().__init__(environment)
            if tongue is not None:
                environment.filters["plural_place"] = tongue.place

        def _make_node(
            self,
            singular: str,
            plural: str | None,
            context: str | None,
            variables: dict[str, nodes.Expr],
            plural_expr: nodes.Expr | None,
            vars_referenced: bool,
            *_: Any,
        ) -> nodes.Output:
            if not vars_referenced:  # then Jinja's extractor leaves a sign for per cent alone, which its parser doubles
                singular = singular.replace("%%", "%")
            if plural is None or plural_expr is None:
                return nodes.Output(_pieces(_said(tongue, singular), variables))
            if tongue is None:
                place, forms = plural_expr, [singular, plural]
                tests: list[nodes.Expr] = [nodes.Compare(place, [nodes.Operand("eq", nodes.Const(1))])]
            else:
                forms = list(tongue.forms(_message(singular), _message(plural)))
                place = nodes.Filter(plural_expr, "plural_place", [], [], None, None)
                tests = [nodes.Compare(place, [nodes.Operand("eq", nodes.Const(n))]) for n in range(len(forms) - 1)]
            told: nodes.Expr = nodes.Concat(_pieces(forms[-1], variables))
            for test, form in zip(reversed(tests), reversed(forms[:-1]), strict=True):
                told = nodes.CondExpr(test, nodes.Concat(_pieces(form, variables)), told)
            return nodes.Output([told])

    return Folded


def _said(tongue: Tongue | None, text: str) -> str:
    return text if tongue is None else tongue.said(_message(text))


def _message(text: str) -> str:
    """The text as the catalogues have it: on one line, as Jinja's extractor trims it."""
    return _LINE.sub(" ", text.strip())


def _pieces(text: str, variables: dict[str, nodes.Expr]) -> list[nodes.Expr]:
    """A message's text and what is set into it, in its order."""
    parts: list[nodes.Expr] = []
    for position, piece in enumerate(_PLACE.split(text)):
        if position % 2:
            parts.append(variables[piece])
        elif piece:
            parts.append(nodes.TemplateData(piece.replace("%%", "%")))
    return parts
