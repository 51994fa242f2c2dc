"""How the total of a reduction is kept while elements come in, so that long sums stay exact.

A sum of n float32 numbers is off by at most n / 2 eps times the sum of their magnitudes if n is at
most 32; a longer one is made in float64 and rounded once, of single numbers or, where a row of totals
is in the making, of sums of 32. Float64 numbers are added up in blocks of 1024, and what adding these
cuts off is kept, too. The order depends on shapes only, never on who does the work.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..kernels import bits, sums
from ..kinds import Formula, Function, Reduce
from .elements import combined
from .loops import FLOAT64, Const, Expr, For, Load, Place, Stmt, Store, apply, converted
from .nesting import Blocks
from .trace import Symbol
from .tuning import FEW, MANY

_ADD_LOOSELY = Function("add_loosely", bits.__name__)
_CUT_OFF, _WHOLE = Function("cut_off", sums.__name__), Function("whole", sums.__name__)
SUM = Reduce(lambda dtype: 0, Formula("a + b"))

#: Where the numbers of a total are kept: the total, what was lost, and the part that is in the making.
Cells = Mapping[str, Load]


def adds_up(kind: Reduce) -> bool:
    """Whether it is a sum."""
    return kind.combine.operator == "+" and not kind.position


class Total(NamedTuple):
    """A reduction's total.

    Attributes:
        kind: the reduction.
        source: dtype of the elements.
        dtype: of the result.
        running: dtype of the total meanwhile.
        exact: what additions cut off is kept, too.
        lengths: of the axes that go into it, in the order of the loops.
        block: how many numbers are added up apart, in their own dtype; 0 if none are.
        loose: the innermost loop may do its additions in another order.
    """

    kind: Reduce
    source: np.dtype[Any]
    dtype: np.dtype[Any]
    running: np.dtype[Any]
    exact: bool
    lengths: tuple[int, ...]
    block: int
    loose: bool

    @classmethod
    def inside(cls, kind: Reduce, x: Symbol, y: Symbol, lengths: tuple[int, ...]) -> Total:
        """A total in variables, while loops over axes of these lengths are innermost."""
        running, exact = _kept(kind, x, y, math.prod(lengths))
        block = MANY if exact else 0
        loose = adds_up(kind) and running == np.float64 and (1, *lengths)[-1] >= FEW
        return cls(kind, x.dtype, y.dtype, running, exact, lengths, block, loose)

    @classmethod
    def into(cls, kind: Reduce, x: Symbol, y: Symbol, lengths: tuple[int, ...]) -> Total:
        """A total in an array, while a loop over other axes is innermost."""
        running, exact = _kept(kind, x, y, math.prod(lengths))
        block = MANY if exact else FEW if running != x.dtype and x.dtype == np.float32 else 0
        return cls(kind, x.dtype, y.dtype, running, exact, lengths, block, False)

    @property
    def stems(self) -> tuple[str, ...]:
        """What the numbers are called that are kept all the time."""
        return ("total", "lost") if self.exact else ("total",)

    @property
    def dtypes(self) -> dict[str, np.dtype[Any]]:
        """Of all numbers that are kept, the part of the total that is in the making included."""
        kept = dict.fromkeys(self.stems, self.running)
        return {**kept, "part": self.source} if self.block else kept

    @property
    def plain(self) -> bool:
        """Whether the total itself is the result."""
        return self.running == self.dtype and not self.block

    def variables(self) -> dict[str, Load]:
        """Cells that are variables."""
        return {stem: Load(Place(stem, (), dtype, "scalar")) for stem, dtype in self.dtypes.items()}

    def first(self, dtype: np.dtype[Any] | None = None) -> Const:
        """What each of the numbers is at first."""
        assert self.kind.start is not None
        dtype = dtype or self.running
        return Const(self.kind.start(dtype), dtype)

    def add(self, element: Expr, cells: Cells) -> Store:
        """The statement for one more element."""
        if self.block:
            return self._onto(cells["part"], element)
        return self._onto(cells["total"], as_dtype(element, self.running))

    def _onto(self, cell: Load, element: Expr) -> Store:
        value = (
            apply(_ADD_LOOSELY, cell, element) if self.loose else combined(self.kind.combine, cell, element)
        )
        return set_to(cell, value)

    def blocks(
        self, depth: int, cells: Cells, axes: Sequence[int] = (), kept: Sequence[tuple[Place, int, int]] = ()
    ) -> Blocks:
        """How the loops differ from plain ones.

        Args:
            depth: of the first loop that goes into the total.
            cells: where the numbers are kept.
            axes: the depths of all of them; by default all from `depth` on.
            kept: variables, depths and lengths of the other loops.
        """
        if not self.block:
            return Blocks(loose=self.loose)
        k, within = len(self.lengths) - 1, 1
        while k and within * self.lengths[k] < self.block:
            within *= self.lengths[k]
            k -= 1
        at = axes[k] if axes else depth + k
        inner = [(axis, n) for axis, d, n in kept if d > at]
        start = [set_to(cells["part"], self.first(self.source))]
        part, total = as_dtype(cells["part"], self.running), cells["total"]
        stop = [set_to(total, apply(Function("+"), total, part))]
        if self.exact:
            lost = cells["lost"]
            stop.insert(0, set_to(lost, apply(Function("+"), lost, apply(_CUT_OFF, total, part))))
        size = max(1, self.block // max(within, 1))
        return Blocks(at, size, nested(inner, start), nested(inner, stop), self.loose)

    def result(self, cells: Cells) -> Expr:
        """What has been added up."""
        total = apply(_WHOLE, cells["total"], cells["lost"]) if self.exact else cells["total"]
        return as_dtype(total, self.dtype)


def _kept(kind: Reduce, x: Symbol, y: Symbol, count: int) -> tuple[np.dtype[Any], bool]:
    """The dtype in which so many numbers are added up, and whether what that cuts off is kept."""
    if not adds_up(kind) or y.dtype.kind != "f":
        return y.dtype, False
    if x.dtype == y.dtype == np.float64:
        return y.dtype, count > MANY
    return (FLOAT64 if count > FEW else y.dtype), False


def set_to(cell: Load, value: Expr) -> Store:
    """The statement that gives a cell its value."""
    return Store(cell.place, cell.index, value)


def nested(axes: Sequence[tuple[Place, int]], body: Sequence[Stmt]) -> tuple[Stmt, ...]:
    """Statements in loops of these variables and lengths."""
    result = tuple(body)
    for axis, n in reversed(axes):
        result = (For(axis, n, result),)
    return result


def as_dtype(x: Expr, dtype: np.dtype[Any]) -> Expr:
    """A value in a dtype."""
    return x if x.dtype == dtype else converted(x, dtype)
