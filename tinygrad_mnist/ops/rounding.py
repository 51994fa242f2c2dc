"""Whole numbers: rounding up, down and to the nearest, division with a whole quotient and what is left.

The rounded value is constant between its jumps: its slope is 0 everywhere, as in PyTorch.
"""

from __future__ import annotations

import numpy as np

from ..primitive import Case, Value, composite, loop, result_dtype
from .elementwise import no_slope, where
from .logic import bitwise_and

__all__ = ["ceil", "floor", "floor_divide", "fmod", "frac", "remainder", "round", "trunc"]

_CASE: Case = (((2, 3),), {})

_floor = loop("floor", "floor(a)", no_slope, kernel=np.floor)
_rint = loop("round", "rint(a)", no_slope, kernel=np.rint)

#: The largest whole number not above a / b.
floor_divide = loop("floor_divide", "a // b", None, None, kernel=np.floor_divide, work=12, domain=(0.5, 3.0))
#: a less b times floor_divide(a, b): zero, or between zero and b, with the sign of b.
remainder = loop(
    "remainder",
    "a % b",
    lambda g, y, a, b: g,
    lambda g, y, a, b: -g * floor_divide(a, b),
    kernel=np.remainder,
    work=12,
    domain=(0.5, 3.0),
)


def floor(x: Value) -> Value:
    """The largest whole number not above each element; integers as they are."""
    return _floor(x) if x.dtype.kind == "f" else x


@composite(_CASE)
def ceil(x: Value) -> Value:
    """The smallest whole number not below each element; integers as they are."""
    return -_floor(-x) if x.dtype.kind == "f" else x


@composite(_CASE)
def trunc(x: Value) -> Value:
    """Each element without its fraction: rounded towards zero; integers as they are."""
    return where(x < 0, ceil(x), floor(x))


def round(x: Value, decimals: int = 0) -> Value:
    """The nearest whole number, halves to the even one; or the nearest with so many decimals."""
    if x.dtype.kind != "f":
        return x
    if decimals == 0:
        return _rint(x)
    scale = 10.0 ** abs(decimals)
    return _rint(x * scale) / scale if decimals > 0 else _rint(x / scale) * scale


@composite(_CASE)
def frac(x: Value) -> Value:
    """What `trunc` takes away: x - trunc(x)."""
    return x - trunc(x)


@composite((((2, 3), (3,)), {}), domain=(0.5, 3.0))
def fmod(a: Value, b: Value) -> Value:
    """The remainder of a division whose quotient is rounded towards zero: it has the sign of a, as in C."""
    if result_dtype(a, b).kind != "f":  # whose magnitudes need not be among them
        y = remainder(a, b)
        return where(bitwise_and(y != 0, (a < 0) != (b < 0)), y - b, y)
    negative = a < 0
    y = remainder(where(negative, -a, a), where(b < 0, -b, b))
    return where(negative, -y, y)
