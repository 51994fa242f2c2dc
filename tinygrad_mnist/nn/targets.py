"""What costs share: targets as values of the outputs' dtype and shape, and what becomes of the parts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import ops
from ..core.tape import tracing
from ..core.tensor import wrap
from ..errors import ShapeError
from ..primitive import Operand, Value


def values(target: Any) -> Value:
    """A Tensor as it is, anything else as an array."""
    if isinstance(target, Operand):
        return target
    array = np.asarray(target)
    return array if tracing.get() is None else wrap(array)  # a program reads it anew on each run


def cast(target: Value, dtype: Any) -> Value:
    """The target in a dtype."""
    return target if target.dtype == dtype else ops.cast(target, dtype)


def like(output: Value, target: Any, name: str) -> Value:
    """The target in the output's dtype; ShapeError unless it has its shape."""
    target = values(target)
    if output.shape != target.shape:
        raise ShapeError(
            f"{name}: output {output.shape} and target {target.shape} must have one shape; "
            "reshape one of them (classes become rows of 0 and 1 by tg.one_hot)"
        )
    return cast(target, output.dtype)


def weighted(parts: Value, weight: Any) -> Value:
    """The parts of a cost times factors, if there are any; ShapeError unless these broadcast to the parts."""
    return parts if weight is None else parts * ops.expand(cast(values(weight), parts.dtype), parts.shape)


def reduced(parts: Value, reduction: str, name: str) -> Value:
    """The parts of a cost as one number: their "mean" or "sum"; or themselves, for "none".

    Raises ValueError for another reduction.
    """
    if reduction == "mean":
        return ops.sum(parts) / (math.prod(parts.shape) or math.nan)
    if reduction == "sum":
        return ops.sum(parts)
    if reduction == "none":
        return parts
    raise ValueError(f"{name}: reduction must be 'mean', 'sum' or 'none', not {reduction!r}")
