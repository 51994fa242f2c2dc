"""Weights by columns: the same program, with some captured matrices held as their transposes.

A product that skips zeros reads, for each number that is not zero, a column of the weights: the numbers of a
column must lie side by side. So must those of the gradient and of what an optimiser remembers, which meet the
weights element by element. They are all turned; where something else uses one of them, it is turned back.
Columns begin where lines of the cache do: behind each lie numbers that nobody looks at.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from ..kinds import Contract, Loop, Matrices, View
from .listing import Source, middle, weight, whole_lines
from .program import Program, simplified
from .trace import Instruction, Internal, Symbol
from .viewing import turns

_TURN = Internal("turn", View(lambda index, shape: (index[1], index[0])), 1)


def _turn_and_fill(gap: int) -> Internal:
    """A turn with a gap between the parts, and with whole lines; what stands in a gap nobody looks at."""

    def at(index: tuple[Any, ...], shape: tuple[int, ...]) -> tuple[Any, ...]:
        row, rows = index[0], shape[1] + gap
        is_second = (row + rows - middle(shape[1], gap) - gap // 2) // rows
        return index[1], row - gap * is_second if gap else row

    kind = View(at, inside=lambda index, shape: [index[1] < shape[0]], outside=lambda: 0.0)
    return Internal("turn", kind, 1)


def _turn_back(gap: int) -> Internal:
    """The turn of that."""

    def at(index: tuple[Any, ...], shape: tuple[int, ...]) -> tuple[Any, ...]:
        column, depth = index[1], shape[0] - gap
        is_second = (column + depth - middle(depth, gap)) // depth
        return column + gap * is_second, index[0]

    return Internal("turn", View(at), 1) if gap else _TURN


def turned(program: Program, listed: Mapping[Symbol, Source]) -> tuple[Program, tuple[int, ...]]:
    """The program for weights of `listed` inputs by columns, and which of the captured arrays are so."""
    turning = _Turning(program, listed)
    return turning.program(), tuple(k for k, x in enumerate(program.captured) if x in turning.family)


class _Turning:
    def __init__(self, program: Program, listed: Mapping[Symbol, Source]) -> None:
        self.old, self.listed = program, listed
        self.gap = max((source.gap for source in listed.values()), default=0)
        self.producers = program.producers()
        self.weighs: dict[Symbol, Symbol] = {}  # by the result of a product, the weight that is turned there
        for i in program.instructions:
            found = weight(i, self.producers, program.captured) if self._is_listed(i.args[0:1]) else None
            if found and found[1]:
                self.weighs[i.result] = found[0]
        self.family = {*self.weighs.values(), *(i.result for i in program.instructions if self._is_slope(i))}
        self._grow()
        self.new: dict[Symbol, Symbol] = {}
        self.made: list[Instruction] = []
        self._back: set[Symbol] = set()

    def _is_listed(self, args: Iterable[object]) -> bool:
        return any(x is y for x in args for y in self.listed)

    def _is_slope(self, i: Instruction) -> bool:
        """Whether it is d.T @ x."""
        return i.matrices == Matrices() and self._is_listed(i.args[1:2]) and not self._is_listed(i.args[:1])

    def _grow(self) -> None:
        """Take in what meets the family element by element, and what is replaced by one of it."""
        before = -1
        while len(self.family) > before:
            before = len(self.family)
            for i in self.old.instructions:
                if isinstance(i.primitive.kind, Loop) and i.result.ndim == 2:
                    alike = all(a.size == 1 or a.shape == i.result.shape for a in i.symbols)
                    if alike and any(a in self.family for a in i.symbols):
                        self.family |= {i.result}
                elif self._is_turned_slope(i):
                    self.family |= {i.result}
            pairs = self.old.updates
            self.family |= {x for x, new in pairs if new in self.family and new.shape == x.shape}

    def _is_turned_slope(self, i: Instruction) -> bool:
        """Whether it is the turn of a product x.T @ d."""
        inner = self.producers.get(i.args[0]) if i.args and isinstance(i.args[0], Symbol) else None
        left = self.producers.get(inner.args[0]) if inner and inner.matrices == Matrices() else None
        return left is not None and self._is_listed(left.args[:1]) and turns(left) and turns(i)

    def program(self) -> Program:
        old = self.old
        for x in old.captured:
            if x in self.family:
                self.new[x] = Symbol(f"{x.name}_by_columns", self._shape(x), x.dtype)
        for i in old.instructions:
            self._instruction(i)
        outputs = [self._as_it_was(x) for x in old.outputs]
        updates = [
            (self.new[x], self._turned(new)) if x in self.family else (x, self._as_it_was(new))
            for x, new in old.updates
        ]
        captured = [self.new.get(x, x) for x in old.captured]
        return simplified(self.made, old.arguments, captured, outputs, updates)

    def _instruction(self, i: Instruction) -> None:
        args: tuple[Any, ...]
        if i.result in self.weighs:
            self._product(i, self._turned(self.weighs[i.result]))
        elif self._is_slope(i):
            d = self.producers[i.args[0]].args[0]
            x = i.args[1]
            left = self._added(_TURN, (x,), f"{x.name}_turned", x.shape[::-1], i)
            plain = Internal(i.primitive.name, Contract(i.primitive.kind.call, Matrices()), 2)
            args = left, self._as_it_was(d)
            self.new[i.result] = self._added(plain, args, i.result.name, self._shape(i.result), i)
        elif i.result in self.family and isinstance(i.primitive.kind, Loop):
            args = tuple(self._turned(a) if isinstance(a, Symbol) and a.size > 1 else a for a in i.args)
            self.new[i.result] = self._added(i.primitive, args, i.result.name, self._shape(i.result), i)
        elif i.result in self.family:
            self.new[i.result] = self._wide(i)
        else:
            args = tuple(self._as_it_was(a) if isinstance(a, Symbol) else a for a in i.args)
            self.made.append(dataclasses.replace(i, args=args))

    def _shape(self, x: Symbol) -> tuple[int, int]:
        """The shape that a matrix has by columns, each of whole lines."""
        return x.shape[1] + self.gap, whole_lines(x.shape[0], x.dtype)

    def _wide(self, i: Instruction) -> Symbol:
        """The gradient of a weight that is turned already, as it comes or in wider rows."""
        product = self.producers[i.args[0]]
        name = f"{i.result.name}_by_columns"
        return self._added(product.primitive, product.args, name, self._shape(i.result), i)

    def _product(self, i: Instruction, weights: Symbol) -> None:
        kind = i.primitive.kind
        form = Matrices(biased=kind.split.biased)
        plain = Internal(i.primitive.name, Contract(kind.call, form), i.primitive.arity)
        args = (i.args[0], weights, *map(self._as_it_was, i.args[2:]))
        self.made.append(Instruction(plain, args, i.result, i.origin))

    def _turned(self, x: Symbol) -> Symbol:
        """A matrix by columns."""
        if x not in self.new:
            y = Symbol(f"{x.name}_by_columns", self._shape(x), x.dtype)
            turn = _TURN if y.shape == x.shape[::-1] else _turn_and_fill(self.gap)
            self.made.append(Instruction(turn, (x,), y))
            self.new[x] = y
        return self.new[x]

    def _as_it_was(self, x: Symbol) -> Symbol:
        """A value by rows."""
        if x in self.family and x not in self._back:
            self._back.add(x)
            self.made.append(Instruction(_turn_back(self.gap), (self.new[x],), x))
        return x

    def _added(
        self, primitive: object, args: tuple[object, ...], name: str, shape: tuple[int, ...], i: Instruction
    ) -> Symbol:
        y = Symbol(name, shape, i.result.dtype)
        self.made.append(Instruction(primitive, args, y, i.origin))
        return y
