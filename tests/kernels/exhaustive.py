"""Largest error of each float32 formula over every float32 there is.

    python tests/kernels/exhaustive.py [names...]

The reference is the C library's float64 function. Errors are in units in the last place of the exact
result (ulp; that of the smallest normal number for subnormal ones). A wrong infinity, NaN or sign of
zero counts as infinite.
"""
import math
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tinygrad_mnist.kernels import policy, scalar
from tinygrad_mnist.kernels.bits import from_bits, to_bits
from tinygrad_mnist.kernels.buffer import lock, unlock

EVERY = 1 << 32
NAN, INFINITY = math.nan, math.inf


def sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x > -700 else math.exp(x)


def log(x):
    return math.log(x) if x > 0 else (-INFINITY if x == 0 else NAN)


def log1p(x):
    return math.log1p(x) if x > -1 else (-INFINITY if x == -1 else NAN)


def sin(x):
    return math.sin(x) if abs(x) < INFINITY else NAN


def cos(x):
    return math.cos(x) if abs(x) < INFINITY else NAN


REFERENCES = {
    "exp": math.exp, "expm1": math.expm1, "log": log, "log1p": log1p, "tanh": math.tanh,
    "sigmoid": sigmoid, "erf": math.erf, "sin": sin, "cos": cos,
}


def make_search(name):
    """The function (start, stop, step) that gives the largest error over bit patterns, and its pattern."""
    formula, reference = getattr(scalar, name), REFERENCES[name]
    if reference.__module__ != "math":
        reference = policy.scalar(reference)

    @policy.kernel_named(f"search_{name}")
    def search(start, stop, step):
        state = unlock(True)
        worst, place = -1.0, start
        for pattern in range(start, stop, step):
            x = from_bits(np.int32(pattern))
            got, exact = np.float64(formula(x)), reference(np.float64(x))
            if got != got or exact != exact:
                error = 0.0 if got != got and exact != exact else INFINITY
            elif exact == 0 or (got == 0 and abs(exact) > 2.0**-149):
                error = 0.0 if got == exact and (to_bits(got) < 0) == (to_bits(exact) < 0) else INFINITY
            else:
                limit = 2.0**128                    # what infinity stands for
                exact, got = min(max(exact, -limit), limit), min(max(got, -limit), limit)
                exponent = max((to_bits(abs(exact)) >> 52) - 1023, -126)
                error = abs(got - exact) * from_bits(np.int64((23 - exponent) + 1023) << np.int64(52))
            if error > worst:
                worst, place = error, pattern
        lock(state)
        return worst, place
    return search


def largest_error(name, start=0, stop=EVERY, step=1):
    """The largest error in ulp over these bit patterns, and the number it is at."""
    worst, place = make_search(name)(start, stop, step)
    return worst, np.uint32(place).view(np.float32)


def main():
    size = EVERY // 64
    pieces = range(0, EVERY, size)
    for name in sys.argv[1:] or REFERENCES:
        search, began = make_search(name), time.perf_counter()
        search(0, 1, 1)
        with ThreadPoolExecutor() as pool:
            worst, place = max(pool.map(search, pieces, range(size, EVERY + 1, size), [1] * len(pieces)))
        x = np.uint32(place).view(np.float32)
        print(f"{name:8} {worst:6.3f} ulp at {x!r:30} {time.perf_counter() - began:5.0f} s", flush=True)


if __name__ == "__main__":
    main()
