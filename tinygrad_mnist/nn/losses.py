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
from ..core.tensor import Tensor
from ..errors import DTypeError, ShapeError
from ..ops.softmaxes import cross_entropy_of_rows
from ..primitive import Case, Value, composite
from .module import Module
from .targets import cast, like, reduced, values, weighted

_CLASSES: list[Case] = [
    (((2, 3),), {"target": np.array([2, 0])}),
    (((2, 3),), {"target": np.array([1, 7]), "ignore_index": 7, "weight": np.array([1.0, 0.5, 2.0])}),
]
_SHARES = np.array([[0.2, 0.0, 1.0], [0.7, 0.5, 0.1]])


@composite((((2, 3),), {"target": _SHARES}))
def mse_loss(output: Value, target: Any, reduction: str = "mean") -> Value:
    """Mean over all elements of (output - target)^2; ShapeError unless the shapes are equal."""
    difference = output - like(output, target, "mse_loss")
    return reduced(ops.square(difference), reduction, "mse_loss")


@composite((((2, 3),), {"target": _SHARES}))
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


@composite(*_CLASSES, (((2, 3),), {"target": _SHARES, "label_smoothing": 0.1}))
def cross_entropy(
    logits: Value,
    target: Any,
    weight: Any = None,
    ignore_index: int | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Value:
    """Mean over the examples of -sum_c q_c log softmax(logits)_c, with q the wanted probabilities.

    Args:
        logits: (N, C), the outputs before any softmax; or (C,) for one example, or (N, C, ...) with an
            example at each place of the other axes.
        target: integer classes, of the shape of `logits` without C; or probabilities, of its shape.
        weight: a factor (C,) for what each class costs. The mean of integer classes is then weighted:
            the sum divided by the sum of the weights of the right classes.
        ignore_index: a class that marks examples which do not count. (PyTorch's -100 must be given: no
            class outside 0 .. C - 1 is taken silently.)
        reduction: "mean" or "sum" over the examples, or "none" for each one's own.
        label_smoothing: share of q that is spread evenly over the C classes (Szegedy et al. 2016,
            "Rethinking the inception architecture", section 7).

    Raises:
        ShapeError: for any other shapes.
        DTypeError: for classes that are not integers, or probabilities that are.
        IndexError: for a class outside 0 .. C - 1 that is not ignored.
        ValueError: for label_smoothing outside 0 .. 1, and for ignore_index beside probabilities.
    """
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"cross_entropy: label_smoothing must be from 0 to 1, not {label_smoothing}")
    target = values(target)
    integer = target.dtype.kind in "iu"
    axis = _class_axis("cross_entropy", logits, target, probabilities=not integer)
    if integer and logits.ndim == 2 and not label_smoothing and weight is None and ignore_index is None:
        return reduced(cross_entropy_of_rows(logits, target), reduction, "cross_entropy")
    log_p = ops.log_softmax(logits, axis)
    if integer and not label_smoothing:
        return nll_loss(log_p, target, weight, ignore_index, reduction)
    classes = logits.shape[axis]
    even = label_smoothing / classes
    weight = _per_class("cross_entropy", weight, logits, axis)
    if not integer:
        if ignore_index is not None:
            raise ValueError("cross_entropy: probabilities have no ignore_index; let theirs be zero")
        q, share = cast(target, logits.dtype), None
    else:
        right, counted = _right(target, classes, axis, ignore_index)
        share = _share(right, weight, ignore_index, logits)
        q, even = cast(right, logits.dtype), even if counted is None else ops.where(counted, even, 0.0)
    if label_smoothing:
        q = q * (1 - label_smoothing) + even
    parts = q * log_p if weight is None else q * log_p * weight
    return _over_examples(parts, axis, share, reduction, "cross_entropy")


@composite(*_CLASSES)
def nll_loss(
    log_probabilities: Value,
    target: Any,
    weight: Any = None,
    ignore_index: int | None = None,
    reduction: str = "mean",
) -> Value:
    """Mean over the examples of minus the log probability of the right class.

    Args:
        log_probabilities: (N, C), (C,) or (N, C, ...), as from `log_softmax`.
        target: integer classes, of that shape without C.
        weight, ignore_index, reduction: as in `cross_entropy`.

    Raises ShapeError for other shapes, DTypeError for classes that are not integers, IndexError
    for a class outside 0 .. C - 1 that is not ignored.
    """
    target = values(target)
    axis = _class_axis("nll_loss", log_probabilities, target, probabilities=False)
    weight = _per_class("nll_loss", weight, log_probabilities, axis)
    right, _ = _right(target, log_probabilities.shape[axis], axis, ignore_index)
    share = _share(right, weight, ignore_index, log_probabilities)
    parts = log_probabilities if weight is None else log_probabilities * weight
    return _over_examples(ops.where(right, parts, 0.0), axis, share, reduction, "nll_loss")


@composite((((2, 3),), {"target": _SHARES}))
def binary_cross_entropy_with_logits(
    logits: Value, target: Any, weight: Any = None, reduction: str = "mean", pos_weight: Any = None
) -> Value:
    """Mean over all elements of -t log sigmoid(z) - (1 - t) log(1 - sigmoid(z)).

    The two logarithms are -softplus(-z) and -softplus(z), exact however far z is from zero.
    `target` has the shape of `logits`, probabilities from 0 to 1; ShapeError for another shape. Factors
    that broadcast to the elements: `weight` of both terms, `pos_weight` of the first.
    """
    t = like(logits, target, "binary_cross_entropy_with_logits")
    parts = weighted(t * ops.softplus(-logits), pos_weight) + (1 - t) * ops.softplus(logits)
    return reduced(weighted(parts, weight), reduction, "binary_cross_entropy_with_logits")


class CrossEntropyLoss(Module):
    """`cross_entropy` as a module, whose arguments these are; the weights of the classes are a buffer."""

    def __init__(
        self,
        weight: Any = None,
        ignore_index: int | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        self.weight = None if weight is None else Tensor(weight)
        self.ignore_index, self.reduction, self.label_smoothing = ignore_index, reduction, label_smoothing

    def forward(self, logits: Value, target: Any) -> Value:
        """See `cross_entropy`."""
        return cross_entropy(
            logits, target, self.weight, self.ignore_index, self.reduction, self.label_smoothing
        )


def _over_examples(parts: Value, axis: int, share: Value | None, reduction: str, name: str) -> Value:
    """Minus the parts of log likelihoods, added over the classes and reduced over the examples.

    The mean is the sum divided by `share`, or by the number of examples.
    """
    if reduction == "mean":
        if share is None:
            share = math.prod(parts.shape) // (parts.shape[axis] or 1) or math.nan
        return ops.sum(parts) / -share
    return reduced(-ops.sum(parts, axis), reduction, name)


def _right(target: Value, classes: int, axis: int, ignored: int | None) -> tuple[Value, Value | None]:
    """Which of the classes along `axis` is right (none where ignored); and which examples count, or None."""
    counted = None
    if ignored is not None:
        counted = ops.unsqueeze(ops.ne(target, ignored), axis)
        target = ops.where(ops.ne(target, ignored), target, 0)
    places = np.arange(classes).reshape(-1, *(1,) * (target.ndim - axis))
    right = ops.eq(ops.unsqueeze(ops.positions(target, 0, classes), axis), places)
    return right if counted is None else ops.bitwise_and(right, counted), counted


def _share(right: Value, weight: Value | None, ignored: int | None, scores: Value) -> Value | None:
    """What the examples weigh together; None if each weighs one and all count."""
    if weight is None and ignored is None:
        return None
    return ops.sum(cast(right, scores.dtype) if weight is None else ops.where(right, weight, 0.0))


def _per_class(name: str, weight: Any, scores: Value, axis: int) -> Value | None:
    """The weights of the classes, along their axis of the scores."""
    if weight is None:
        return None
    weight = values(weight)
    if weight.shape != (scores.shape[axis],):
        raise ShapeError(
            f"{name}: needs a weight for each of {scores.shape[axis]} classes, not {weight.shape}"
        )
    return ops.reshape(cast(weight, scores.dtype), (-1, *(1,) * (scores.ndim - 1 - axis)))


def _class_axis(name: str, scores: Value, target: Value, *, probabilities: bool) -> int:
    """The axis of the classes; refuses scores and targets that do not fit."""
    if scores.ndim == 0:
        raise ShapeError(
            f"{name}: the first argument must have an axis of classes, (N, C), not {scores.shape}"
        )
    axis = min(1, scores.ndim - 1)
    examples = (*scores.shape[:axis], *scores.shape[axis + 1 :])
    if target.shape != (scores.shape if probabilities else examples):
        alternative = f" or float probabilities {scores.shape}" if name == "cross_entropy" else ""
        raise ShapeError(
            f"{name}: scores {scores.shape} need integer classes {examples}{alternative} as target, "
            f"not {target.dtype} {target.shape}"
        )
    if target.dtype.kind not in ("f" if probabilities else "iu"):
        raise DTypeError(f"{name}: the target must be integers or float probabilities, not {target.dtype}")
    return axis
