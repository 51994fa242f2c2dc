"""Eager kernels made of a formula: one pass over memory for floats, NumPy for what else there is."""

from __future__ import annotations

import ast
import functools
import importlib
import operator
import string
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .kernels import elementwise, scalar
from .kinds import FUNCTIONS, Formula, Function

_ON_ARRAYS: dict[str, Callable[..., Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow, "&": operator.and_, "|": operator.or_, "^": operator.xor,
    "<<": operator.lshift, ">>": operator.rshift, "~": operator.invert, "not": np.logical_not,
    "==": operator.eq, "!=": operator.ne, "<": operator.lt,
    "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "and": lambda a, b: np.where(a, b, a), "or": lambda a, b: np.where(a, a, b),
    "abs": np.absolute, "maximum": np.maximum, "minimum": np.minimum, "copysign": np.copysign,
    "floor": np.floor, "rint": np.rint, "sqrt": np.sqrt, "sign": np.sign,
    "greater": lambda a, b: (a > b) | ((a != a) & (b == b)),
    "less": lambda a, b: (a < b) | ((a != a) & (b == b)),
}  # fmt: skip

_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


class _Arrays:
    """A formula of whole arrays."""

    def constant(self, value: float) -> Any:
        return value

    def apply(self, function: Function, args: Sequence[Any]) -> Any:
        if function.name == "-" and len(args) == 1:
            return -args[0]
        found = _ON_ARRAYS.get(function.name) or getattr(elementwise, function.name)
        return found(*args)

    def select(self, condition: Any, yes: Any, no: Any) -> Any:
        return np.where(condition, yes, no)


_ARRAYS = _Arrays()


def of_arrays(formula: Formula, *operands: Any) -> Any:
    """The formula of arrays and numbers that broadcast, by NumPy: an operation at a time."""
    with np.errstate(all="ignore"):
        return formula.build(_ARRAYS, operands)


def array_kernel(name: str, formula: Formula, arity: int) -> Callable[..., Any]:
    """An eager kernel: (*arrays that broadcast) -> array, in one pass for one or two arrays of floats.

    For those it has, as the kernels of `elementwise`, an attribute `entry`.
    """
    if arity > 2 or formula.is_of_bits:  # there is no kernel of floats
        return functools.partial(of_arrays, formula)
    kernel = elementwise.unary if arity == 1 else elementwise.binary
    made: Any = kernel(
        f"{name} = {formula.text}",  # kernels are kept under it: it has to say all
        f"{formula.text}, elementwise.",
        lambda: scalar_function(name, formula, arity),
    )

    def run(*operands: Any) -> Any:
        dtypes = [x.dtype for x in operands if isinstance(x, np.ndarray)]
        if len(dtypes) == arity and dtypes[0] == dtypes[-1] and dtypes[0] in _FLOATS:
            return made(*operands)
        return of_arrays(formula, *operands)

    run.entry = made.entry  # type: ignore[attr-defined]
    return run


def scalar_function(name: str, formula: Formula, arity: int) -> Callable[..., Any]:
    """The formula as a function of scalars, float32 or float64, for Python and for compiled code."""
    hoisted = _Hoisted()
    body = ast.unparse(hoisted.visit(ast.parse(formula.text, mode="eval")))
    operands = ", ".join(string.ascii_lowercase[:arity])
    lines = ["def build(of):"]
    lines += [f"    constant_{k} = of.real({value!r})" for k, value in enumerate(hoisted.values)]
    lines += [f"    def formula({operands}):", f"        return {body}", "    return formula"]
    names: dict[str, Any] = {"__name__": __name__}
    for found in FUNCTIONS.values():
        names[found.name] = getattr(importlib.import_module(found.module or "builtins"), found.name)
    exec("\n".join(lines), names)
    build = names["build"]
    build.__name__ = f"{name} = {formula.text}"
    build.__doc__ = f"{formula.text}, elementwise."
    return scalar.formula(build)


class _Hoisted(ast.NodeTransformer):
    """Puts the constants of a formula before it, where they get their type."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def visit_Constant(self, node: ast.Constant) -> ast.Name:
        self.values.append(node.value)
        return ast.Name(f"constant_{len(self.values) - 1}", ast.Load())
