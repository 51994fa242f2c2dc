"""Costs of classes: how surely the right one was chosen.

Targets are Tensors or whatever `np.asarray` takes; the cost has the scores' dtype. With `reduction` "sum" a
cost is the sum instead of the mean, with "none" each example's own; ValueError for others.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ... import ops
from ...core.interpreter import interpreter
from ...errors import DTypeError, ShapeError
from ...ops.floats import in_floats
from ...ops.softmaxes import cross_entropy_of_rows
from ...primitive import Case, Value, composite
from .examples import per_example
from .targets import cast, reduced, reduction_of, values

__all__ = ["cross_entropy", "nll_loss"]

_CLASSES: list[Case] = [
    (((2, 3),), {"target": np.array([2, 0])}),
    (((2, 3),), {"target": np.array([1, 7]), "ignore_index": 7, "weight": np.array([1.0, 0.5, 2.0])}),
]


class _Default(int):
    """An ignore_index that nobody wrote."""


#: PyTorch's mark of examples that do not count. What is in a target is not looked at while a program is
#: recorded, so that there the mark counts only if it is written.
IGNORED = _Default(-100)

_SHARES = np.array([[0.2, 0.0, 1.0], [0.7, 0.5, 0.1]])


def _counts(given: Mapping[str, Any]) -> Value | None:
    """What each example of an integer class counts in a mean: the weight of its class, nothing if ignored."""
    target, weight, ignored = values(given["target"]), given["weight"], given["ignore_index"]
    if target.dtype.kind not in "iu":
        return None
    if ignored is IGNORED:
        ignored = None if interpreter.get().known(target) is None else int(IGNORED)
    scores = given["input"]
    axis = min(1, scores.ndim - 1)
    right, _ = _right(target, scores.shape[axis], axis, ignored)
    weight = 1.0 if weight is None else _per_class("sample_weight", weight, scores, axis)
    return ops.sum(ops.where(right, weight, 0.0), axis)


@per_example(_counts)
@composite(*_CLASSES, (((2, 3),), {"target": _SHARES, "label_smoothing": 0.1}))
@in_floats
def cross_entropy(
    input: Value,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    ignore_index: int | None = IGNORED,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Value:
    """Mean over the examples of -sum_c q_c log softmax(input)_c, with q the wanted probabilities.

    Args:
        input: (N, C), the outputs before any softmax (logits); or (C,) for one example, or (N, C, ...) with
            an example at each place of the other axes.
        target: integer classes, of the shape of `input` without C; or probabilities, of its shape.
        weight: a factor (C,) for what each class costs. The mean of integer classes is then weighted:
            the sum divided by the sum of the weights of the right classes.
        ignore_index: a class that marks examples which do not count; None for none. (In a compiled function
            it has to be written, as in ignore_index=-100: an IndexError says so.)
        reduction: "mean" or "sum" over the examples, or "none" for each one's own.
        size_average, reduce: PyTorch's old words for it.
        label_smoothing: share of q that is spread evenly over the C classes (Szegedy et al. 2016,
            "Rethinking the inception architecture", section 7).

    Raises:
        ShapeError: for any other shapes.
        DTypeError: for classes that are not integers, or probabilities that are.
        IndexError: for a class outside 0 .. C - 1 that is not ignored.
        ValueError: for label_smoothing outside 0 .. 1, or an ignore_index beside probabilities.
    """
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"cross_entropy: label_smoothing must be from 0 to 1, not {label_smoothing}")
    target, reduction = values(target), reduction_of(size_average, reduce, reduction)
    integer = target.dtype.kind in "iu"
    axis = _class_axis("cross_entropy", input, target, probabilities=not integer)
    if integer:
        return _ignoring(_cross_entropy_of_classes, ignore_index, target)(
            input, target, weight, reduction, label_smoothing, axis
        )
    if ignore_index is not None and ignore_index >= 0:
        raise ValueError("cross_entropy: ignore_index is not supported for floating point target")
    q = cast(target, input.dtype)
    if label_smoothing:
        q = q * (1 - label_smoothing) + label_smoothing / input.shape[axis]
    return _of_shares(input, q, weight, axis, None, reduction)


def _cross_entropy_of_classes(
    ignored: int | None,
    logits: Value,
    target: Value,
    weight: Any,
    reduction: str,
    smoothing: float,
    axis: int,
) -> Value:
    if logits.ndim == 2 and not smoothing and weight is None and ignored is None:
        return reduced(cross_entropy_of_rows(logits, target), reduction, "cross_entropy")
    if not smoothing:
        return _nll(ignored, ops.log_softmax(logits, axis), target, weight, reduction, axis)
    classes = logits.shape[axis]
    right, counted = _right(target, classes, axis, ignored)
    share = _share(right, _per_class("cross_entropy", weight, logits, axis), ignored, logits)
    even: Value = smoothing / classes
    even = even if counted is None else cast(counted, logits.dtype) * even
    return _of_shares(
        logits, cast(right, logits.dtype) * (1 - smoothing) + even, weight, axis, share, reduction
    )


def _of_shares(logits: Value, q: Value, weight: Any, axis: int, share: Value | None, reduction: str) -> Value:
    parts = q * ops.log_softmax(logits, axis)
    weight = _per_class("cross_entropy", weight, logits, axis)
    return _over_examples(
        parts if weight is None else parts * weight, axis, share, reduction, "cross_entropy"
    )


@per_example(_counts)
@composite(*_CLASSES)
@in_floats
def nll_loss(
    input: Value,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    ignore_index: int | None = IGNORED,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Value:
    """Mean over the examples of minus the log probability of the right class.

    Args:
        input: log probabilities (N, C), (C,) or (N, C, ...), as from `log_softmax`.
        target: integer classes, of that shape without C.
        weight, size_average, ignore_index, reduce, reduction: as in `cross_entropy`.

    Raises ShapeError for other shapes, DTypeError for classes that are not integers, IndexError
    for a class outside 0 .. C - 1 that is not ignored.
    """
    target, reduction = values(target), reduction_of(size_average, reduce, reduction)
    axis = _class_axis("nll_loss", input, target, probabilities=False)
    return _ignoring(_nll, ignore_index, target)(input, target, weight, reduction, axis)


def _nll(ignored: int | None, scores: Value, target: Value, weight: Any, reduction: str, axis: int) -> Value:
    weight = _per_class("nll_loss", weight, scores, axis)
    right, _ = _right(target, scores.shape[axis], axis, ignored)
    share = _share(right, weight, ignored, scores)
    parts = scores if weight is None else scores * weight
    return _over_examples(ops.where(right, parts, 0.0), axis, share, reduction, "nll_loss")


def _ignoring(cost: Callable[..., Value], ignored: int | None, target: Value) -> Callable[..., Value]:
    """The cost with its ignore_index; the default one only where a class outside 0 .. C - 1 turns up."""
    if ignored is not IGNORED:
        return functools.partial(cost, ignored)

    def tried(*args: Any) -> Value:
        try:
            return cost(None, *args)
        except IndexError:
            labels = interpreter.get().known(target)
            if labels is None:
                raise
            if not (labels == IGNORED).any():
                raise _out_of_range(labels, args[0], args[-1]) from None
            return cost(int(IGNORED), *args)

    return tried


def _out_of_range(labels: Any, scores: Value, axis: int) -> IndexError:
    """What to say of labels that name no class."""
    classes = scores.shape[axis]
    bad = labels[(labels < 0) | (labels >= classes)].ravel()
    return IndexError(
        f"there is a label {bad[0] if bad.size else '?'} (and {max(bad.size - 1, 0)} more out of range), but "
        f"the scores {tuple(scores.shape)} are of {classes} classes: labels go from 0 to {classes - 1}; give "
        "the network as many outputs as there are classes, or write ignore_index="
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
