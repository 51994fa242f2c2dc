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

from .expression import converted, literal
from .nests import AXES, Loops, nested
from .trace import Symbol

_FEW = 32  # float32 numbers that are added up in float32; and iterations from which on vectors pay
_MANY = 1024  # float64 numbers that are added up without a correction
_ITSELF = {stem: stem for stem in ("total", "lost", "part")}


class Total(NamedTuple):
    """A reduction's total.

    Attributes:
        name: of the reduction.
        source: dtype of the elements.
        dtype: of the result.
        running: dtype of the total meanwhile.
        exact: what additions cut off is kept, too.
        lengths: of the axes that go into it, in the order of the loops.
        block: how many numbers are added up apart, in their own dtype; 0 if none are.
        loose: the innermost loop may do its additions in another order.
    """

    name: str
    source: np.dtype[Any]
    dtype: np.dtype[Any]
    running: np.dtype[Any]
    exact: bool
    lengths: tuple[int, ...]
    block: int
    loose: bool

    @classmethod
    def inside(cls, name: str, x: Symbol, y: Symbol, lengths: tuple[int, ...]) -> Total:
        """A total in a local variable, while loops over axes of these lengths are innermost."""
        running, exact = _kept(name, x, y, math.prod(lengths))
        block = _MANY if exact else 0
        loose = name == "sum" and running == np.float64 and (1, *lengths)[-1] >= _FEW
        return cls(name, x.dtype, y.dtype, running, exact, lengths, block, loose)

    @classmethod
    def into(cls, name: str, x: Symbol, y: Symbol, lengths: tuple[int, ...]) -> Total:
        """A total in an array, while a loop over other axes is innermost."""
        running, exact = _kept(name, x, y, math.prod(lengths))
        block = _MANY if exact else _FEW if running != x.dtype and x.dtype == np.float32 else 0
        return cls(name, x.dtype, y.dtype, running, exact, lengths, block, False)

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

    def first(self) -> str:
        """What each of the numbers is at first."""
        return _first(self.name, self.running)

    def add(self, element: str, cells: Mapping[str, str] = _ITSELF) -> str:
        """The statement for one more element."""
        if self.block:
            return self._onto(cells["part"], element)
        return self._onto(cells["total"], as_dtype(element, self.source, self.running))

    def _onto(self, target: str, element: str) -> str:
        if self.loose:
            return f"{target} = add_loosely({target}, {element})"
        if self.name in ("sum", "prod"):
            return f"{target} {'+' if self.name == 'sum' else '*'}= {element}"
        return f"{target} = {self.name}imum({target}, {element})"

    def loops(
        self,
        depth: int,
        axes: Sequence[int] = (),
        kept: Sequence[tuple[str, int]] = (),
        cells: Mapping[str, str] = _ITSELF,
    ) -> Loops:
        """How the loops differ from plain ones.

        Args:
            depth: of the first loop that goes into the total.
            axes: the depths of all of them; by default all from `depth` on.
            kept: names and lengths of the other loops.
            cells: where the numbers are kept.
        """
        if not self.block:
            return Loops(loose=self.loose)
        k, within = len(self.lengths) - 1, 1
        while k and within * self.lengths[k] < self.block:
            within *= self.lengths[k]
            k -= 1
        at = axes[k] if axes else depth + k
        inner = [(axis, n) for axis, n in kept if AXES.index(axis) > at]
        start = f"{cells['part']} = {_first(self.name, self.source)}"
        part = as_dtype(cells["part"], self.source, self.running)
        if self.exact:
            totals = f"{cells['total']}, {cells['lost']}"
            stop = f"{totals} = add_exactly({totals}, {part})"
        else:
            stop = f"{cells['total']} += {part}"
        size = max(1, self.block // max(within, 1))
        return Loops(at, size, nested(inner, start), nested(inner, stop), self.loose)

    def result(self, cells: Mapping[str, str] = _ITSELF) -> str:
        """What has been added up."""
        total = f"whole({cells['total']}, {cells['lost']})" if self.exact else cells["total"]
        return as_dtype(total, self.running, self.dtype)


def _kept(name: str, x: Symbol, y: Symbol, count: int) -> tuple[np.dtype[Any], bool]:
    """The dtype in which so many numbers are added up, and whether what that cuts off is kept."""
    if name != "sum" or y.dtype.kind != "f":
        return y.dtype, False
    if x.dtype == y.dtype == np.float64:
        return y.dtype, count > _MANY
    return (np.dtype(np.float64) if count > _FEW else y.dtype), False


def _first(name: str, dtype: np.dtype[Any]) -> str:
    """What a reduction starts from."""
    if name in ("sum", "prod"):
        return literal(name == "prod", dtype)
    if dtype.kind == "f":
        return literal(-math.inf if name == "max" else math.inf, dtype)
    if dtype.kind == "b":
        return str(name == "min")
    info = np.iinfo(dtype)
    return literal(info.min if name == "max" else info.max, dtype)


def as_dtype(text: str, source: np.dtype[Any], dtype: np.dtype[Any]) -> str:
    """A scalar expression in a dtype."""
    return text if source == dtype else converted(text, source, dtype)
