"""Questions with a yes or no for each element, operations on bools, and on the bits of integers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import DTypeError
from ..primitive import Case, Primitive, Value, composite, loop, result_dtype
from .elementwise import abs, eq, lt, minus_sign, ne
from .reduce import Axis, sum

__all__ = [
    "all", "any", "bitwise_and", "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift",
    "bitwise_xor", "isfinite", "isinf", "isnan", "logical_and", "logical_not", "logical_or", "logical_xor",
    "signbit",
]  # fmt: skip

_CASE: Case = (((2, 3),), {})
_PAIR: Case = (((2, 3), (3,)), {})
_OVER: list[Case] = [_CASE, (((2, 3),), {"axis": 1, "keepdims": True})]


def _bitwise(name: str, kernel: Callable[..., Any], formula: str) -> Primitive:
    """Of integers bit by bit, of bools one by one; floats have no bits to speak of: DTypeError."""
    cases = [(((2, 3), 8), ((3,), 8)), (((), 2), ((0, 2), 2))]
    return loop(name, formula, None, None, kernel=kernel, cases=cases)


bitwise_and = _bitwise("bitwise_and", np.bitwise_and, "a & b")
bitwise_or = _bitwise("bitwise_or", np.bitwise_or, "a | b")
bitwise_xor = _bitwise("bitwise_xor", np.bitwise_xor, "a ^ b")


def _shift(name: str, kernel: Callable[..., Any], formula: str) -> Primitive:
    cases = [(((2, 3), 64), ((3,), 8)), (((), 2), ((0, 2), 2))]
    return loop(name, formula, None, None, kernel=kernel, cases=cases)


_left_shift = _shift("bitwise_left_shift", np.left_shift, "a << b if 0 <= b < 64 else 0")
_right_shift = _shift("bitwise_right_shift", np.right_shift, "a >> b if 0 <= b < 64 else a >> 63 >> 1")


def bitwise_left_shift(a: Value, b: Value) -> Value:
    """The bits of the integers a moved up by b places, zeros coming in; DTypeError for anything else."""
    return _left_shift(*_integers("bitwise_left_shift", a, b))


def bitwise_right_shift(a: Value, b: Value) -> Value:
    """The bits of the integers a moved down by b places, the sign coming in; DTypeError for anything else."""
    return _right_shift(*_integers("bitwise_right_shift", a, b))


def _integers(name: str, a: Value, b: Value) -> tuple[Value, Value]:
    dtype = result_dtype(a, b)
    if dtype.kind not in "iu":
        raise DTypeError(f"{name}: shifts integers, not {dtype}; cast an operand first")
    return a, b


@composite(_CASE, differentiable=False, call=lambda f, x: f(lt(x, 0)))
def bitwise_not(x: Value) -> Value:
    """Every bit of an integer turned round; the opposite of a bool."""
    if x.dtype.kind == "f":
        raise DTypeError(f"bitwise_not: not defined for {x.dtype}; cast it to integers or bool first")
    if x.dtype.kind == "b":
        return bitwise_xor(x, True)
    return bitwise_xor(x, -1 if x.dtype.kind == "i" else int(np.iinfo(x.dtype).max))


@composite(_CASE, differentiable=False)
def logical_not(x: Value) -> Value:
    """Where x is zero or False."""
    return eq(x, 0)


@composite(_PAIR, differentiable=False)
def logical_and(a: Value, b: Value) -> Value:
    """Where both are not zero."""
    return bitwise_and(ne(a, 0), ne(b, 0))


@composite(_PAIR, differentiable=False)
def logical_or(a: Value, b: Value) -> Value:
    """Where one of the two, or both, are not zero."""
    return bitwise_or(ne(a, 0), ne(b, 0))


@composite(_PAIR, differentiable=False)
def logical_xor(a: Value, b: Value) -> Value:
    """Where exactly one of the two is not zero."""
    return bitwise_xor(ne(a, 0), ne(b, 0))


def signbit(x: Value) -> Value:
    """Where x has a minus sign: below zero, and -0.0 (and a NaN with one)."""
    return minus_sign(x) if result_dtype(x).kind == "f" else lt(x, 0)


@composite(_CASE, differentiable=False)
def isnan(x: Value) -> Value:
    """Where x is not a number."""
    return ne(x, x)


@composite(_CASE, differentiable=False)
def isinf(x: Value) -> Value:
    """Where x is infinite, of either sign."""
    return eq(abs(x), math.inf)


@composite(_CASE, differentiable=False)
def isfinite(x: Value) -> Value:
    """Where x is neither infinite nor NaN."""
    return lt(abs(x), math.inf)


@composite(*_OVER, differentiable=False)
def any(x: Value, axis: Axis = None, keepdims: bool = False) -> Value:
    """Whether an element over `axis` (None: all) is not zero; False of nothing."""
    return ne(sum(ne(x, 0), axis, keepdims), 0)


@composite(*_OVER, differentiable=False)
def all(x: Value, axis: Axis = None, keepdims: bool = False) -> Value:
    """Whether no element over `axis` (None: all) is zero; True of nothing."""
    return eq(sum(eq(x, 0), axis, keepdims), 0)
