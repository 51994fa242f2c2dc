"""What costs share: targets as values beside the outputs, weights, and what becomes of the parts."""

from __future__ import annotations

import math
import warnings
from typing import Any

from ... import ops
from ...core.array_likes import array_of
from ...core.interpreter import interpreter
from ...errors import ShapeError
from ...primitive import Operand, Value


def values(target: Any) -> Value:
    """A Tensor as it is, anything else as an array."""
    if isinstance(target, Operand):
        return target
    array = array_of(target)
    taken = interpreter.get().taken(array)  # a program reads it anew on each run
    return array if taken is None else taken


def cast(target: Value, dtype: Any) -> Value:
    """The target in a dtype."""
    return target if target.dtype == dtype else ops.cast(target, dtype)


def like(output: Value, target: Any, name: str) -> Value:
    """The target in the output's dtype; ShapeError unless it has its shape."""
    found: Value = target if isinstance(target, Operand) else values(target)
    if found.shape == output.shape and found.dtype is output.dtype:
        return found
    if output.shape != found.shape:
        raise ShapeError(
            f"{name}: input {tuple(output.shape)} and target {tuple(found.shape)} must have one shape; "
            "reshape one of them (classes become rows of 0 and 1 by tg.one_hot)"
        )
    return beside(output, target)


def beside(output: Value, target: Any) -> Value:
    """The target in a dtype beside the output's: its own for a Tensor of floats, else the output's."""
    found = values(target)
    return found if isinstance(target, Operand) and found.dtype.kind == "f" else cast(found, output.dtype)


def broadcast(output: Value, target: Any, name: str) -> Value:
    """As `beside`; UserWarning where the shapes differ, ShapeError where they do not broadcast."""
    found = beside(output, target)
    if output.shape != found.shape:
        warnings.warn(
            f"{name}: Using a target size ({tuple(found.shape)}) that is different to the input size "
            f"({tuple(output.shape)}). This will likely lead to incorrect results due to broadcasting. "
            f"Please ensure "
            "they have the same size: squeeze or reshape one of them.",
            stacklevel=3,
        )
    return found


def weighted(parts: Value, weight: Any) -> Value:
    """The parts of a cost times factors, if there are any; ShapeError unless these broadcast to the parts."""
    return parts if weight is None else parts * ops.expand(cast(values(weight), parts.dtype), parts.shape)


def weighted_mean(
    parts: Value, weight: Any, output: Value, reduction: str, name: str, share: bool = True
) -> Value:
    """`reduced` of the parts times factors of the output's shape; the mean is by their sum if `share`."""
    if weight is None:
        return reduced(parts, reduction, name)
    factors = beside(parts, weight)
    if tuple(factors.shape) != tuple(output.shape):
        raise ShapeError(f"{name}: Weights and input must have the same size.")
    total = reduced(parts * factors, "sum" if share and reduction == "mean" else reduction, name)
    return total / ops.sum(factors) if share and reduction == "mean" else total


def reduction_of(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction, or the one that PyTorch's old words for it ask for."""
    if size_average is None and reduce is None:
        return reduction
    average, reduces = size_average is not False, reduce is not False
    meant = "none" if not reduces else "mean" if average else "sum"
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction='{meant}' instead.",
        stacklevel=3,
    )
    return meant


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
    raise ValueError(f"{name}: {reduction} is not a valid value for reduction: 'mean', 'sum' or 'none'")
