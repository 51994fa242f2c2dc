"""Questions with a yes or no for each element, operations on bools, and on the bits of integers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import DTypeError
from ..primitive import Primitive, Value, loop
from .elementwise import abs, eq, lt, ne
from .reduce import Axis, sum


def _bitwise(name: str, kernel: Callable[..., Any], formula: str) -> Primitive:
    """Of integers bit by bit, of bools one by one; floats have no bits to speak of: DTypeError."""
    cases = [(((2, 3), 8), ((3,), 8)), (((), 2), ((0, 2), 2))]
    return loop(name, kernel, formula, None, None, cases=cases)


bitwise_and = _bitwise("bitwise_and", np.bitwise_and, "a & b")
bitwise_or = _bitwise("bitwise_or", np.bitwise_or, "a | b")
bitwise_xor = _bitwise("bitwise_xor", np.bitwise_xor, "a ^ b")


def bitwise_not(x: Value) -> Value:
    """Every bit of an integer turned round; the opposite of a bool."""
    if x.dtype.kind == "f":
        raise DTypeError(f"bitwise_not: not defined for {x.dtype}; cast it to integers or bool first")
    if x.dtype.kind == "b":
        return bitwise_xor(x, True)
    return bitwise_xor(x, -1 if x.dtype.kind == "i" else int(np.iinfo(x.dtype).max))


def logical_not(x: Value) -> Value:
    """Where x is zero or False."""
    return eq(x, 0)


def logical_and(a: Value, b: Value) -> Value:
    """Where both are not zero."""
    return bitwise_and(ne(a, 0), ne(b, 0))


def logical_or(a: Value, b: Value) -> Value:
    """Where one of the two, or both, are not zero."""
    return bitwise_or(ne(a, 0), ne(b, 0))


def logical_xor(a: Value, b: Value) -> Value:
    """Where exactly one of the two is not zero."""
    return bitwise_xor(ne(a, 0), ne(b, 0))


def isnan(x: Value) -> Value:
    """Where x is not a number."""
    return ne(x, x)


def isinf(x: Value) -> Value:
    """Where x is infinite, of either sign."""
    return eq(abs(x), math.inf)


def isfinite(x: Value) -> Value:
    """Where x is neither infinite nor NaN."""
    return lt(abs(x), math.inf)


def any(x: Value, axis: Axis = None, keepdims: bool = False) -> Value:
    """Whether an element over `axis` (None: all) is not zero; False of nothing."""
    return ne(sum(ne(x, 0), axis, keepdims), 0)


def all(x: Value, axis: Axis = None, keepdims: bool = False) -> Value:
    """Whether no element over `axis` (None: all) is zero; True of nothing."""
    return eq(sum(eq(x, 0), axis, keepdims), 0)
