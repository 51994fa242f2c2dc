"""Resident memory over many recordings, errors and calls.

`python tests/compiler/lifetimes.py 10000 100000 100000` makes so many of each and prints megabytes.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

import tinygrad_mnist as tg

TABLE = tg.Tensor(np.ones((300, 300), np.float32))


def resident() -> float:
    """Megabytes of this process in memory."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


def recordings(count: int, first: int) -> Iterator[None]:
    """Programs that differ by a constant, each recorded and compiled."""
    k = first
    f = tg.jit(lambda x: (x * k).tanh().sum())
    x = tg.ones(5)
    while k < first + count:
        f(x)
        k += 1
        yield


def errors(count: int) -> Iterator[None]:
    """Calls that fail in the middle, in a program with temporaries of 360 KB."""
    f = tg.jit(lambda i: (TABLE[i] @ TABLE).tanh().T.sum(axis=0))
    f(np.zeros(300, np.int64))
    for _ in range(count):
        try:
            f(np.full(300, 300))
        except IndexError:
            yield


def calls(count: int) -> Iterator[None]:
    """Calls in which all is well, with the derivative every tenth time."""
    w = tg.Tensor(np.ones(50, np.float32), requires_grad=True)
    f = tg.jit(lambda x: (x * w).tanh().sum())
    for k in range(count):
        y = f(np.ones(50, np.float32))
        if k % 10 == 0:
            w.grad = None
            y.backward()
        yield


def growth(run: Callable[[], Iterator[None]], warm: int) -> float:
    """Megabytes by which memory grows after the first so many."""
    before = 0.0
    for k, _ in enumerate(run()):
        if k == warm:
            before = resident()
    return resident() - before


def main(counts: list[int]) -> None:
    """All three, ten lines each."""
    for count, (name, run) in zip(counts, JOBS.items()):
        for k, _ in enumerate(run(count)):
            if k % max(1, count // 10) == 0:
                print(f"{name} {k:,}: {resident():.0f} MB", flush=True)


JOBS: dict[str, Callable[[int], Iterator[None]]] = {
    "recordings": lambda count: recordings(count, 0),
    "errors": errors,
    "calls": calls,
}

if __name__ == "__main__":
    main(list(map(int, sys.argv[1:])))
