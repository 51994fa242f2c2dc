"""Updates that add a multiple of a matrix product to an array: they need no memory for the product.

Gradient descent replaces w by w - rate * (d.T @ x + decay * w), which is shrink * w + factor * (d.T @ x)
with two scalars. The tiles of the product can be added to w when they are done. What is not zero of a list is
added number by number, so that w is rounded as often as there are rows: only for a few of them, since many
small numbers, each less than the rounding, would all be lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..kinds import Function, Loop, Matrices
from .loops import Const, Expr, Load, Place, apply
from .program import Program
from .trace import Instruction, Symbol
from .tuning import ROUNDINGS, WIDEST
from .viewing import turns


@dataclass(frozen=True)
class Coefficient:
    """A sum of products of scalars: Python numbers, and Symbols without axes."""

    terms: tuple[tuple[float | Symbol, ...], ...]

    @property
    def is_one(self) -> bool:
        """Whether it is the number 1."""
        return self.terms == ((),)

    @property
    def symbols(self) -> list[Symbol]:
        """The scalars that are computed."""
        return [x for term in self.terms for x in term if isinstance(x, Symbol)]

    def times(self, x: float | Symbol) -> Coefficient:
        """Each term with one more scalar."""
        return Coefficient(tuple((x, *term) for term in self.terms))

    def expression(self, places: Mapping[Symbol, Place], dtype: np.dtype[Any]) -> Expr:
        """As an expression."""
        terms = []
        for term in self.terms:
            values: list[Expr] = [Load(places[x]) if isinstance(x, Symbol) else Const(x, dtype) for x in term]
            terms.append(_joined("*", values or [Const(1, dtype)]))
        return _joined("+", terms)


def _joined(operator: str, values: list[Expr]) -> Expr:
    total = values[0]
    for value in values[1:]:
        total = apply(Function(operator), total, value)
    return total


@dataclass(frozen=True)
class Update:
    """target = shrink * target + factor * left @ right, where left is the transpose of a matrix.

    Attributes:
        title: names of the primitives, in order.
    """

    target: Symbol
    shrink: Coefficient
    factor: Coefficient
    left: Symbol
    right: Symbol
    title: str

    def shrunk(self, places: Mapping[Symbol, Place], of: Place) -> Callable[[tuple[Expr, ...]], Expr] | None:
        """What an element of the target, or of it as one row, becomes before the product is added."""
        if self.shrink.is_one:
            return None
        shrink = self.shrink.expression(places, of.dtype)
        return lambda index: apply(Function("*"), Load(of, index), shrink)


def accumulated(
    program: Program,
    producers: Mapping[Symbol, Instruction],
    uses: Mapping[Symbol, int],
    listed: Callable[[Symbol], Symbol | None],
) -> dict[Symbol, Update]:
    """The updates of that form, by the symbol of the product, which nothing else uses.

    `listed` says which input's lists are the left operand, if any are.
    """
    found = {}
    updated = {target for target, _ in program.updates}
    for target, value in program.updates:
        if target.ndim != 2 or target.dtype.kind != "f":
            continue
        names: list[str] = []
        form = _form(value, target, producers, uses, names)
        products = [x for x in form or () if x is not target]
        if form is None or target not in form or len(products) != 1:
            continue
        left, right = producers[products[0]].args
        size, most = (target.shape[0], WIDEST) if listed(left) is None else (left.shape[1], ROUNDINGS)
        if size > most:
            continue
        behind = {left, right, producers[left].args[0]}
        if right in producers:
            behind.update(producers[right].symbols)
        if not behind & updated:
            title = ", ".join([producers[products[0]].primitive.name, *reversed(names)])
            found[products[0]] = Update(target, form[target], form[products[0]], left, right, title)
    return found


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
    kind, args = instruction.primitive.kind, instruction.args
    if instruction.matrices == Matrices():
        left = producers.get(args[0])
        turned = left is not None and args[0].ndim == 2 and turns(left)
        return {x: Coefficient(((),))} if turned else None
    operator = kind.formula.operator if isinstance(kind, Loop) else ""
    names.append(instruction.primitive.name)
    if operator == "*":
        scalars = [a for a in args if not isinstance(a, Symbol) or a.ndim == 0]
        others = [a for a in instruction.symbols if a.ndim]
        if len(scalars) != 1 or len(others) != 1:
            return None
        if isinstance(scalars[0], Symbol) and scalars[0].dtype != target.dtype:
            return None
        form = _form(others[0], target, producers, uses, names)
        return form and {key: c.times(scalars[0]) for key, c in form.items()}
    if operator not in ("+", "-"):
        return None
    total: dict[Symbol, Coefficient] = {}
    for position, arg in enumerate(args):
        form = _form(arg, target, producers, uses, names)
        if form is None:
            return None
        negative = operator == "-" and position == len(args) - 1
        for key, c in form.items():
            c = c.times(-1.0) if negative else c
            total[key] = Coefficient(total[key].terms + c.terms) if key in total else c
    return total
