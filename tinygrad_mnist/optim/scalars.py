"""Formulas over single numbers, on Python numbers when run and on Tensors when traced."""

from __future__ import annotations

import math

import numpy as np

from .. import ops
from ..primitive import Operand, Value


def real(x: Value) -> Value:
    """x as a float: a Python float, or a float64 Tensor, so that both compute the same."""
    return ops.cast(x, np.dtype(np.float64)) if isinstance(x, Operand) else float(x)


def minimum(x: Value, limit: float) -> Value:
    """The smaller of the two."""
    return ops.minimum(x, limit) if isinstance(x, Operand) else min(x, limit)


def maximum(x: Value, limit: float) -> Value:
    """The larger of the two."""
    return ops.maximum(x, limit) if isinstance(x, Operand) else max(x, limit)


def whole(x: Value) -> Value:
    """x >= 0 without its fraction."""
    return real(ops.cast(x, np.dtype(np.int64))) if isinstance(x, Operand) else float(int(x))


def cos(x: Value) -> Value:
    """Cosine of radians."""
    return ops.cos(x) if isinstance(x, Operand) else math.cos(x)


def where(condition: Value, a: Value, b: Value) -> Value:
    """a where the condition holds, else b; both have been computed."""
    return ops.where(condition, a, b) if isinstance(condition, Operand) else (a if condition else b)


def weak(x: Value, p: Value) -> Value:
    """x so that arithmetic with p keeps p's dtype: Python floats do as they are."""
    return x if isinstance(x, float) and not isinstance(x, np.generic) else ops.cast(x, p.dtype)
