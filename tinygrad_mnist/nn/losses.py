"""Costs: one number that says how far outputs are from what was wanted.

Targets are Tensors or whatever `np.asarray` takes; the cost has the outputs' dtype. Shapes are
never broadcast: a column beside a row is an error, not a matrix. With `reduction` "sum" a cost is
the sum instead of the mean, with "none" each element's or example's own; ValueError for others.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import ops
from ..errors import DTypeError, ShapeError
from ..primitive import Value
from .targets import cast, like, reduced, values


def mse_loss(output: Value, target: Any, reduction: str = "mean") -> Value:
    """Mean over all elements of (output - target)^2; ShapeError unless the shapes are equal."""
    difference = output - like(output, target, "mse_loss")
    return reduced(ops.square(difference), reduction, "mse_loss")


def quadratic_cost(output: Value, target: Any) -> Value:
    """The article's cost: mean over the examples of the sum over the outputs of (output - target)^2.

    Examples lie along the first axis. Nothing cancels the 2 in the gradient, 2 (output - target)
    / examples; textbooks that want it gone put 1/2 before the sum.

    Raises ShapeError unless the shapes are equal and have an axis of examples.
    """
    difference = output - like(output, target, "quadratic_cost")
    if difference.ndim == 0:
        raise ShapeError("quadratic_cost: the first axis counts examples, but the shapes are ()")
    return ops.sum(ops.square(difference)) / (output.shape[0] or math.nan)


def cross_entropy(logits: Value, target: Any, label_smoothing: float = 0.0, reduction: str = "mean") -> Value:
    """Mean over the examples of -sum_c q_c log softmax(logits)_c, with q the wanted probabilities.

    Args:
        logits: (N, C), the outputs before any softmax.
        target: integer classes (N,), or probabilities (N, C).
        label_smoothing: share of q that is spread evenly over the C classes (Szegedy et al. 2016,
            "Rethinking the inception architecture", section 7).
        reduction: "mean" or "sum" over the examples, or "none" for each one's own.

    Raises:
        ShapeError: for any other shapes.
        DTypeError: for classes that are not integers, or probabilities that are.
        IndexError: for a class outside 0 .. C - 1.
        ValueError: for label_smoothing outside 0 .. 1.
    """
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"cross_entropy: label_smoothing must be from 0 to 1, not {label_smoothing}")
    target = values(target)
    integer = target.dtype.kind in "iu"
    _check_classes("cross_entropy", logits, target, probabilities=not integer)
    log_p = ops.log_softmax(logits, 1)
    classes = logits.shape[1]
    if integer and not label_smoothing:
        return nll_loss(log_p, target, reduction)
    q = ops.one_hot(target, classes, logits.dtype) if integer else cast(target, logits.dtype)
    if label_smoothing:
        q = q * (1 - label_smoothing) + label_smoothing / classes
    return _over_examples(q * log_p, reduction, "cross_entropy")


def nll_loss(log_probabilities: Value, target: Any, reduction: str = "mean") -> Value:
    """Mean over the examples of minus the log probability of the right class.

    Args:
        log_probabilities: (N, C), as from `log_softmax`.
        target: integer classes (N,).
        reduction: as in `cross_entropy`.

    Raises ShapeError for other shapes, DTypeError for classes that are not integers, IndexError
    for a class outside 0 .. C - 1.
    """
    target = values(target)
    _check_classes("nll_loss", log_probabilities, target, probabilities=False)
    classes = log_probabilities.shape[1]
    right = ops.eq(ops.unsqueeze(ops.positions(target, 0, classes), 1), np.arange(classes))
    return _over_examples(ops.where(right, log_probabilities, 0.0), reduction, "nll_loss")


def binary_cross_entropy_with_logits(logits: Value, target: Any, reduction: str = "mean") -> Value:
    """Mean over all elements of -t log sigmoid(z) - (1 - t) log(1 - sigmoid(z)).

    The two logarithms are -softplus(-z) and -softplus(z), exact however far z is from zero.
    `target` has the shape of `logits`, probabilities from 0 to 1; ShapeError for another shape.
    """
    t = like(logits, target, "binary_cross_entropy_with_logits")
    parts = t * ops.softplus(-logits) + (1 - t) * ops.softplus(logits)
    return reduced(parts, reduction, "binary_cross_entropy_with_logits")


def _over_examples(parts: Value, reduction: str, name: str) -> Value:
    """Minus the parts (N, C) of log likelihoods, added over the classes and reduced over the examples."""
    if reduction == "mean":
        return ops.sum(parts) / (-parts.shape[0] or math.nan)
    return reduced(-ops.sum(parts, 1), reduction, name)


def _check_classes(name: str, scores: Value, target: Value, *, probabilities: bool) -> None:
    if scores.ndim != 2:
        raise ShapeError(f"{name}: the first argument must have the shape (N, C), not {scores.shape}")
    if target.shape != (scores.shape if probabilities else scores.shape[:1]):
        alternative = f" or float probabilities {scores.shape}" if name == "cross_entropy" else ""
        raise ShapeError(
            f"{name}: scores {scores.shape} need integer classes {scores.shape[:1]}{alternative} as target, "
            f"not {target.dtype} {target.shape}"
        )
    if target.dtype.kind not in ("f" if probabilities else "iu"):
        raise DTypeError(f"{name}: the target must be integers or float probabilities, not {target.dtype}")
