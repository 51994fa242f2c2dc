"""Sums over axes of an array, always added in the same order."""
import math
from typing import Any

import numpy as np

from tinygrad_mnist.kernels.buffer import CONTIGUOUS_AND_ALIGNED, NUMBER, Compiled
from tinygrad_mnist.kernels.policy import kernel
from tinygrad_mnist.kernels.untyped import types

Array = np.ndarray[Any, Any]


@kernel
def _sum_loop(x: Any, out: Any, outer: int, n: int, inner: int) -> bool:
    """out[o, i] = sum over k < n of x[o, k, i]; False if x is not contiguous."""
    if x.flags & CONTIGUOUS_AND_ALIGNED != CONTIGUOUS_AND_ALIGNED:
        return False
    source, target = x.data, out.data
    for i in range(outer * inner):
        target[i] = 0
    for o in range(outer):
        if inner == 1:
            # eight totals side by side: a vector register, and a smaller rounding error than one
            s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = target[o]
            first, k = o * n, 0
            while k + 8 <= n:
                s0 += source[first + k]
                s1 += source[first + k + 1]
                s2 += source[first + k + 2]
                s3 += source[first + k + 3]
                s4 += source[first + k + 4]
                s5 += source[first + k + 5]
                s6 += source[first + k + 6]
                s7 += source[first + k + 7]
                k += 8
            while k < n:
                s0 += source[first + k]
                k += 1
            target[o] = ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))
        else:
            for k in range(n):
                for i in range(inner):
                    target[o * inner + i] += source[(o * n + k) * inner + i]
    return True


_sum = Compiled(_sum_loop, lambda buffer, number: (buffer, buffer, types.int64, types.int64, types.int64))


def sum(x: Array, axes: tuple[int, ...]) -> Array:
    """The sum of a float32 or float64 array over `axes` (ascending), without those axes.

    Neighbouring axes of a contiguous array are added up by the kernel here; NumPy does the rest.
    """
    count = len(axes)
    if count and axes[-1] - axes[0] + 1 == count and type(x) is np.ndarray and x.dtype in NUMBER:
        shape, first = x.shape, axes[0]
        kept = shape[:first] + shape[first + count :]
        out = np.empty(kept, x.dtype)
        outer, n = math.prod(shape[:first]), math.prod(shape[first : first + count])
        if _sum[x.dtype](x, out, outer, n, math.prod(shape[first + count :])):
            return out
    total: Array = np.add.reduce(x, axes)
    return total
