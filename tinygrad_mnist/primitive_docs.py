"""What a primitive says of itself: its docstring and its signature, made of its declaration."""

from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np

from .kinds import Loop, name_of


class Description:
    """The docstring of the class on the class, and of a primitive on the primitive."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __get__(self, primitive: Any, owner: type) -> str:
        return self._text if primitive is None else _description(primitive)


class Parameters:
    """The signature of a primitive; the class has that of its `__init__`."""

    def __get__(self, primitive: Any, owner: type) -> inspect.Signature | None:
        if primitive is None:
            return None
        words = operand_words(primitive.arity)
        more = [] if isinstance(primitive.kind, Loop) else ["*params"]
        kinds = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL
        named = [inspect.Parameter(word.lstrip("*"), kinds[word[0] == "*"]) for word in [*words, *more]]
        return inspect.Signature(named)


def operand_words(arity: int) -> tuple[str, ...]:
    """What descriptions call the operands of a primitive."""
    return ("x",) if arity == 1 else ("a", "b", "c", "d", "e", "f")[:arity]


def _description(primitive: Any) -> str:
    """The docstring of a primitive, made of its declaration."""
    words = operand_words(primitive.arity)
    if not isinstance(primitive.kind, Loop) or any(len(case) > len(words) for case in primitive.cases):
        items = "".join(f"    {word}: as the rule for its shape and dtype says\n" for word in words)
        items += "    params: axes, shapes, or what else it takes\n"
        return f"The primitive {primitive.name}, {name_of(primitive.kind)}.\n\nArgs:\n{items}"
    formula = (
        re.sub(r"\ba\b", "x", primitive.kind.formula.text) if len(words) == 1 else primitive.kind.formula.text
    )
    result = primitive.infer(*(np.empty(0, np.int64) for _ in words))[1]
    kept = {
        "f": "float32 or float64, which the result has; integers and bools count as float32",
        "b": "any dtype",
    }
    dtypes = kept.get(result.kind, "any dtype that it is defined for, which the result has")
    shapes = "any shape" if len(words) == 1 else "any shape that broadcasts with the others"
    items = "".join(f"    {word}: {shapes}; {dtypes}\n" for word in words)
    answer = "\n\nThe result is bool." if result.kind == "b" else ""
    slopes = "" if primitive.differentiable else "\n\nIt has no derivative."
    return f"{formula}, of each element.{answer}{slopes}\n\nArgs:\n{items}"
