"""The batches of one epoch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_Positions = NDArray[np.int64]


class Batches:
    """An order of examples, cut into batches of one size, and a smaller last one if there are some left.

    Args:
        order: positions of examples, (N,), at least one.
        size: of a batch.

    Attributes:
        whole: how many batches have the same size: all, or all but the last.
    """

    def __init__(self, order: _Positions, size: int) -> None:
        self._order, self._size = order, min(size, len(order))
        self.whole = len(order) // self._size

    def __len__(self) -> int:
        return -(-len(self._order) // self._size)

    def __getitem__(self, k: int) -> _Positions:
        """The positions of batch k, (size,)."""
        return self.positions(k, k + 1)

    def positions(self, first: int, last: int) -> _Positions:
        """Those of the batches from first to before last, one after another."""
        return self._order[first * self._size : last * self._size]

    def rows(self, first: int, last: int) -> _Positions:
        """The same of whole batches, a row each: (last - first, size)."""
        return self.positions(first, last).reshape(-1, self._size)

    @property
    def sizes(self) -> _Positions:
        """How many examples each batch has."""
        return np.diff(np.append(np.arange(0, len(self._order), self._size), len(self._order)))
