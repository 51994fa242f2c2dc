"""Largest error of each float32 formula over every float32 there is.

    python tests/kernels/exhaustive.py [names...]

The reference is the float64 formula, itself tested against long double. Errors are in units in
the last place of the exact result (below the normal numbers: of the smallest normal number). A
wrong infinity, NaN or sign of zero counts as infinite.
"""

import functools
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tinygrad_mnist.kernels import angles, policy, scalar
from tinygrad_mnist.kernels.arrays import lock, unlock
from tinygrad_mnist.kernels.bits import copysign, from_bits, to_bits
from tinygrad_mnist.kernels.simd import use_full_width

EVERY = 1 << 32
CHUNK = 1 << 12
NAMES = ("exp", "expm1", "log", "log1p", "tanh", "sigmoid", "erf", "sin", "cos", "atan")
LIMIT = 2.0**128  # what a float32 infinity stands for
WRONG = np.inf


@policy.scalar
def ulp_error(got, exact):
    """The error of a float32 in units in its last place, without branches."""
    wide = np.float64(got)
    bounded = LIMIT if exact > LIMIT else (-LIMIT if exact < -LIMIT else exact)
    finite = LIMIT if wide > LIMIT else (-LIMIT if wide < -LIMIT else wide)
    exponent = (to_bits(abs(bounded)) >> np.int64(52)) - np.int64(1023)
    exponent = np.int64(-126) if exponent < -126 else exponent
    error = abs(finite - bounded) * from_bits(np.int64(23 + 1023 - exponent) << np.int64(52))
    error = WRONG if exact == 0 and copysign(1.0, wide) != copysign(1.0, exact) else error
    error = WRONG if (wide != wide) != (exact != exact) else error
    return 0.0 if wide != wide and exact != exact else error


@functools.cache
def make_search(name):
    """The function (first, count, step) that gives the largest error over so many bit patterns, and where."""
    formula = (vars(angles) | vars(scalar))[name]

    @policy.kernel_named(f"search_{name}")
    def search(first, count, step):
        use_full_width()
        state = unlock(True)
        worst, place = -1.0, first
        errors = np.empty(CHUNK)
        for start in range(0, count, CHUNK):
            length = min(CHUNK, count - start)
            for i in range(length):
                x = from_bits(np.int32(first + (start + i) * step))
                errors[i] = ulp_error(formula(x), formula(np.float64(x)))
            largest = np.int64(0)
            for i in range(length):
                largest = max(largest, to_bits(errors[i]))
            if from_bits(largest) > worst:
                worst = from_bits(largest)
                for i in range(length):
                    if errors[i] == worst:
                        place = first + (start + i) * step
        lock(state)
        return worst, place

    return search


def largest_error(name, first=0, count=EVERY, step=1):
    """The largest error in ulp over these bit patterns, and the number it is at."""
    worst, place = make_search(name)(first, count, step)
    return worst, np.uint32(place).view(np.float32)


def main():
    size = 1 << 24
    for name in sys.argv[1:] or NAMES:
        began = time.perf_counter()
        largest_error(name, count=1)
        with ThreadPoolExecutor() as pool:
            search = functools.partial(largest_error, name, count=size)
            worst, x = max(pool.map(search, range(0, EVERY, size)))
        print(f"{name:8} {worst:6.3f} ulp at {x!r:30} {time.perf_counter() - began:5.0f} s", flush=True)


if __name__ == "__main__":
    main()
