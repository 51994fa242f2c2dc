"""Updates that add a multiple of a matrix product to an array: they need no buffer for the product.

Gradient descent replaces w by w - rate * (d.T @ x + decay * w), which is shrink * w + factor * (d.T @ x)
with two scalars. The tiles of the product can start from w instead of from zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .expression import literal
from .program import Program
from .trace import Instruction, Symbol

_WIDEST = 256  # rows of an update up to which its tiles read the left operand in place without much loss


@dataclass(frozen=True)
class Coefficient:
    """A sum of products of scalars: Python numbers, and Symbols without axes."""

    terms: tuple[tuple[float | Symbol, ...], ...]

    @property
    def is_one(self) -> bool:
        """Whether it is the number 1."""
        return self.terms == ((),)

    def times(self, x: float | Symbol) -> Coefficient:
        """Each term with one more scalar."""
        return Coefficient(tuple((x, *term) for term in self.terms))

    def text(self, buffers: Mapping[Symbol, str], dtype: np.dtype[Any]) -> str:
        """As Python, in parentheses if it is more than a name or a number."""
        terms = [
            " * ".join(buffers[x] if isinstance(x, Symbol) else literal(x, dtype) for x in term)
            or literal(1, dtype)
            for term in self.terms
        ]
        simple = len(terms) == 1 and len(self.terms[0]) == 1
        return terms[0] if simple else f"({' + '.join(terms)})"

    def names(self, buffers: Mapping[Symbol, str]) -> set[str]:
        """The variables in the text."""
        return {buffers[x] for term in self.terms for x in term if isinstance(x, Symbol)}


@dataclass(frozen=True)
class Update:
    """target = shrink * target + factor * left @ right, where left is the transpose of a matrix.

    Attributes:
        comment: names of the primitives, in order.
    """

    target: Symbol
    shrink: Coefficient
    factor: Coefficient
    left: Symbol
    right: Symbol
    comment: str


def accumulated(
    program: Program, producers: Mapping[Symbol, Instruction], uses: Mapping[Symbol, int]
) -> dict[Symbol, Update]:
    """The updates of that form, by the symbol of the product, which nothing else uses."""
    found = {}
    updated = {target for target, _ in program.updates}
    for target, value in program.updates:
        if target.ndim != 2 or target.dtype.kind != "f" or target.shape[0] > _WIDEST:
            continue
        names: list[str] = []
        form = _form(value, target, producers, uses, names)
        products = [x for x in form or () if x is not target]
        if form is None or target not in form or len(products) != 1:
            continue
        left, right = producers[products[0]].args
        behind = {left, right, producers[left].args[0], *producers_of(right, producers)}
        if not behind & updated:
            comment = ", ".join(["matmul", *reversed(names)])
            found[products[0]] = Update(target, form[target], form[products[0]], left, right, comment)
    return found


def producers_of(x: Symbol, producers: Mapping[Symbol, Instruction]) -> set[Symbol]:
    """The symbols that a value is computed from directly."""
    return {a for a in producers[x].args if isinstance(a, Symbol)} if x in producers else set()


def _form(
    x: Any,
    target: Symbol,
    producers: Mapping[Symbol, Instruction],
    uses: Mapping[Symbol, int],
    names: list[str],
) -> dict[Symbol, Coefficient] | None:
    """x as a sum of multiples of the target and of products, or None; notes the primitives in between."""
    if x is target:
        return {x: Coefficient(((),))}
    if not isinstance(x, Symbol) or x.shape != target.shape or x.dtype != target.dtype or uses[x] != 1:
        return None
    instruction = producers.get(x)
    if instruction is None:
        return None
    name, args = instruction.primitive.name, instruction.args
    if name == "matmul":
        left = producers.get(args[0])
        transposed = left is not None and left.primitive.name == "permute" and args[0].ndim == 2
        return {x: Coefficient(((),))} if transposed else None
    names.append(name)
    if name == "mul":
        scalars = [a for a in args if not isinstance(a, Symbol) or a.ndim == 0]
        others = [a for a in args if isinstance(a, Symbol) and a.ndim]
        if len(scalars) != 1 or len(others) != 1:
            return None
        if isinstance(scalars[0], Symbol) and scalars[0].dtype != target.dtype:
            return None
        form = _form(others[0], target, producers, uses, names)
        return form and {key: c.times(scalars[0]) for key, c in form.items()}
    if name not in ("add", "sub", "neg"):
        return None
    total: dict[Symbol, Coefficient] = {}
    for position, arg in enumerate(args):
        form = _form(arg, target, producers, uses, names)
        if form is None:
            return None
        negative = name == "neg" or (name == "sub" and position == 1)
        for key, c in form.items():
            c = c.times(-1.0) if negative else c
            total[key] = Coefficient(total[key].terms + c.terms) if key in total else c
    return total
