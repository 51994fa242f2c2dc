"""Ranks that are threads of this process, each with a model of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np


class ThreadRanks:
    def __init__(self, rank: int, size: int, board: list[Any], barrier: threading.Barrier) -> None:
        self.rank, self.size, self._board, self._barrier = rank, size, board, barrier

    def gathered(self, own: Any, counts: Sequence[int]) -> Any:
        assert len(own) == counts[self.rank]
        return np.concatenate(self._all(own.copy()))

    def exchanged(self, own: Any, counts: Sequence[int], cuts: Sequence[int]) -> Any:
        assert len(own) == counts[self.rank]
        assert own.shape[1] == cuts[-1]
        return np.concatenate(self._all(own.copy()))[:, cuts[self.rank] : cuts[self.rank + 1]].copy()

    def told(self, what: Any) -> Any:
        return self._all(what)[0]

    def _all(self, own: Any) -> list[Any]:
        self._board[self.rank] = own
        self._barrier.wait(60)
        found = list(self._board)
        self._barrier.wait(60)
        return found


def run_ranks(size: int, work: Callable[[Any], Any]) -> list[Any]:
    """What `work(ranks)` gives on each of so many ranks."""
    board: list[Any] = [None] * size
    barrier = threading.Barrier(size)

    def one(rank: int) -> Any:
        try:
            return work(ThreadRanks(rank, size, board, barrier))
        except BaseException:
            barrier.abort()
            raise

    with ThreadPoolExecutor(size) as pool:
        return list(pool.map(one, range(size)))
