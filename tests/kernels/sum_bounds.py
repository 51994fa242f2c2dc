"""How far off sums are, by how many numbers, eager and compiled; the exact sums are counted, not added up.

python tests/kernels/sum_bounds.py 100000000
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np

import tinygrad_mnist as tg

#: Numbers whose rounding errors go one way, and such as cancel but for a few.
PATTERNS = {"all 0.1": (0.1,), "six kinds": (0.1, 0.7, 0.3, 1.3, 0.01, 0.9), "large": (1000.1, 1000.3, 999.7)}

REDUCTIONS: dict[str, Callable[[Any], Any]] = {
    "sum": lambda x: x.sum(),
    "mean": lambda x: x.mean(),
    "columns": lambda x: x.reshape(-1, 5).sum(0),
    "square norm": lambda x: (x * x).sum(),
}


def exact(name: str, x: Any, pattern: tuple[float, ...]) -> tuple[list[Fraction], float]:
    """The exact results for numbers that repeat a pattern, and how many of them go into one."""
    kinds = [Fraction(float(x.dtype.type(v))) for v in pattern]
    if name == "square norm":  # of products that are rounded
        kinds = [Fraction(float(x.dtype.type(v) * x.dtype.type(v))) for v in pattern]
    step = 5 if name == "columns" else 1
    results = []
    for first in range(step):
        count = (x.size - first + step - 1) // step
        period = [kinds[(first + step * i) % len(kinds)] for i in range(len(kinds))]
        whole, rest = divmod(count, len(kinds))
        results.append(whole * sum(period) + sum(period[:rest]))
    return [r / x.size for r in results] if name == "mean" else results, x.size / step


def measured(n: int, dtype: Any, compiled: bool) -> Iterator[tuple[str, str, float]]:
    """For each pattern and reduction of n numbers: the largest relative error, in units of eps."""
    for kind, pattern in PATTERNS.items():
        x = np.resize(np.array(pattern, dtype), n)
        for name, reduction in REDUCTIONS.items():
            f = tg.jit(reduction) if compiled else reduction
            found = np.atleast_1d(f(tg.Tensor(x)).numpy())
            right, _ = exact(name, x, pattern)
            off = max(abs(Fraction(float(y)) / r - 1) for y, r in zip(found, right, strict=True))
            yield kind, name, float(off) / float(np.finfo(dtype).eps)


def main(most: int) -> None:
    """Print a table of the largest errors for 100, 1000, ... numbers up to `most`."""
    print("numbers      float32 eager, compiled   float64 eager, compiled   (largest relative error, eps)")
    n = 100
    while n <= most:
        worst = [
            max(off for *_, off in measured(n, dtype, compiled))
            for dtype in (np.float32, np.float64)
            for compiled in (False, True)
        ]
        print(f"{n:<12,} {worst[0]:10.2f} {worst[1]:10.2f} {worst[2]:14.2f} {worst[3]:10.2f}", flush=True)
        n *= 10


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
