"""Costs that compare: which of two should be larger, nearer, or more alike, and by what margin.

`reduction` is "mean" or "sum" of the examples, or "none" for each one's own; ValueError for
anything else. (`size_average` and `reduce` are PyTorch's old words for it.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import ops
from ...errors import GraphError, ShapeError
from ...ops.floats import in_floats
from ...primitive import Value, composite
from .examples import per_example
from .targets import beside, cast, reduced, reduction_of, values, weighted

__all__ = [
    "cosine_embedding_loss", "hinge_embedding_loss", "margin_ranking_loss", "multi_margin_loss",
    "multilabel_margin_loss", "multilabel_soft_margin_loss", "soft_margin_loss", "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]  # fmt: skip


@per_example()
@composite((((3,), (3,)), {"target": np.array([1.0, -1.0, 1.0]), "margin": 0.5}))
@in_floats
def margin_ranking_loss(
    input1: Value,
    input2: Value,
    target: Any,
    margin: float = 0.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Value:
    """max(0, -t (input1 - input2) + margin): the first should be larger where t is 1, else smaller."""
    t = beside(input1, target)
    if not input1.ndim == input2.ndim == t.ndim:
        raise ShapeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: "
            f"{tuple(input1.shape)}, input2: {tuple(input2.shape)}, target: {tuple(t.shape)}"
        )
    parts = ops.relu(-t * (input1 - input2) + margin)
    return reduced(parts, reduction_of(size_average, reduce, reduction), "margin_ranking_loss")


@per_example()
@composite((((3,),), {"target": np.array([1.0, -1.0, -1.0])}))
@in_floats
def hinge_embedding_loss(
    input: Value,
    target: Any,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Value:
    """A distance where the target is 1, and max(0, margin - distance) where it is -1."""
    t = beside(input, target)
    parts = ops.where(t == 1, 0.0, ops.relu(margin - input)) + ops.where(t == -1, 0.0, input)
    return reduced(parts, reduction_of(size_average, reduce, reduction), "hinge_embedding_loss")


@per_example()
@composite((((2, 3), (2, 3)), {"target": np.array([1, -1]), "margin": -0.9}))
@in_floats
def cosine_embedding_loss(
    input1: Value,
    input2: Value,
    target: Any,
    margin: float = 0.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Value:
    """1 - cos where the target is 1, max(0, cos - margin) where it is -1, of pairs of vectors.

    The inputs are (N, D) with targets (N,), or (D,) with one target.
    """
    t = values(target)
    if input1.shape != input2.shape or input1.ndim not in (1, 2) or t.shape != input1.shape[:-1]:
        raise ShapeError(
            "cosine_embedding_loss: needs vectors (N, D), as many others, and targets (N,), "
            f"not {tuple(input1.shape)}, {tuple(input2.shape)} and {tuple(t.shape)}"
        )
    cosine = ops.cosine_similarity(input1, input2, -1)
    parts = ops.where(t == 1, 1 - cosine, 0.0) + ops.where(t == -1, ops.relu(cosine - margin), 0.0)
    return reduced(parts, reduction_of(size_average, reduce, reduction), "cosine_embedding_loss")


@per_example()
@composite((((2, 3), (2, 3), (2, 3)), {"margin": 5.0}), (((2, 3),) * 3, {"swap": True, "reduction": "none"}))
@in_floats
def triplet_margin_loss(
    anchor: Value,
    positive: Value,
    negative: Value,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Value:
    """max(0, d(anchor, positive) - d(anchor, negative) + margin) of vectors along the last axis.

    d is `ops.pairwise_distance` with p and eps. With `swap` the negative counts by its distance
    from the positive where that is smaller (Balntas et al. 2016). ValueError for a margin that is not
    positive.
    """
    return triplet_margin_with_distance_loss(
        anchor,
        positive,
        negative,
        distance_function=lambda a, b: ops.pairwise_distance(a, b, p, eps),
        margin=margin,
        swap=swap,
        reduction=reduction_of(size_average, reduce, reduction),
    )


@per_example()
@in_floats
def triplet_margin_with_distance_loss(
    anchor: Value,
    positive: Value,
    negative: Value,
    *,
    distance_function: Callable[[Value, Value], Value] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Value:
    """`triplet_margin_loss` with a distance of one's own, (a, b) -> distances, or `ops.pairwise_distance`."""
    if not margin > 0:
        raise ValueError(f"triplet_margin_loss: margin must be greater than 0, got {margin}")
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise GraphError(
            "The anchor, positive, and negative tensors are expected to have the same number of "
            "dimensions, but got: "
            f"anchor {anchor.ndim}D, positive {positive.ndim}D, and negative {negative.ndim}D inputs"
        )
    distance = distance_function or ops.pairwise_distance
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = ops.minimum(far, distance(positive, negative))
    return reduced(ops.relu(near - far + margin), reduction, "triplet_margin_loss")


@per_example()
@composite((((3,),), {"target": np.array([1.0, -1.0, -1.0])}))
@in_floats
def soft_margin_loss(
    input: Value,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Value:
    """log(1 + exp(-t x)) for targets t of 1 and -1."""
    parts = ops.softplus(-beside(input, target) * input)
    return reduced(parts, reduction_of(size_average, reduce, reduction), "soft_margin_loss")


@per_example()
@composite((((2, 3),), {"target": np.array([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]])}))
@in_floats
def multilabel_soft_margin_loss(
    input: Value,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Value:
    """Mean over the classes (the last axis) of the binary cross entropies of logits."""
    t = beside(input, target)
    parts = -(t * ops.logsigmoid(input) + (1 - t) * ops.logsigmoid(-input))
    each = ops.sum(weighted(parts, weight), -1) / input.shape[-1]
    return reduced(each, reduction_of(size_average, reduce, reduction), "multilabel_soft_margin_loss")


@per_example()
@composite((((2, 3),), {"target": np.array([2, 0])}))
@in_floats
def multi_margin_loss(
    input: Value,
    target: Any,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Value:
    """Mean over the classes of max(0, margin - x[right] + x[class])^p, times the right class's weight."""
    if p not in (1, 2):
        raise ValueError(f"multi_margin_loss: only p == 1 and p == 2 supported, not {p}")
    t = values(target)
    scores = input if input.ndim == 2 else ops.reshape(input, (1, -1))
    classes = ops.reshape(t, (-1,))
    if scores.ndim != 2 or classes.shape[0] != scores.shape[0]:
        raise ShapeError(
            f"multi_margin_loss: inconsistent target size {tuple(t.shape)} for input {tuple(input.shape)}"
        )
    count = scores.shape[1]
    right = ops.one_hot(classes, count, scores.dtype)
    parts = ops.relu(margin - ops.sum(scores * right, -1, True) + scores)
    parts = parts if p == 1 else parts * parts
    if weight is not None:
        parts = parts * ops.unsqueeze(ops.take(cast(values(weight), scores.dtype), classes, 0), -1)
    each = ops.sum(parts * (1 - right), -1) / count
    each = each if input.ndim == 2 else ops.reshape(each, ())
    return reduced(each, reduction_of(size_average, reduce, reduction), "multi_margin_loss")


@per_example()
@in_floats
def multilabel_margin_loss(
    input: Value,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Value:
    """Mean over the classes of max(0, 1 - x[right] + x[wrong]) for all right and wrong classes.

    `target`, of the input's shape, lists the right classes of each example, up to a -1.
    """
    t = np.asarray(values(target))
    if input.ndim == 0 and t.ndim == 0:
        input, t = ops.unsqueeze(input, 0), t.reshape(1)
    if t.shape != tuple(input.shape) or input.ndim not in (1, 2):
        raise ShapeError(
            f"multilabel_margin_loss: inconsistent target size {t.shape} for input {tuple(input.shape)}"
        )
    scores = input if input.ndim == 2 else ops.unsqueeze(input, 0)
    rows = t.reshape(tuple(scores.shape))
    count = rows.shape[1]
    listed = np.cumsum(rows < 0, 1) == 0
    right = np.zeros(rows.shape, bool)
    for row, classes, ok in zip(right, rows, listed):
        row[classes[ok]] = True
    chosen = ops.gather(scores, 1, np.where(listed, rows, 0))
    parts = ops.relu(1 - ops.unsqueeze(chosen, 2) + ops.unsqueeze(scores, 1))
    counted = (listed[:, :, None] & ~right[:, None, :]).astype(scores.dtype)
    each = ops.sum(parts * counted, (1, 2)) / count
    each = each if input.ndim == 2 else ops.reshape(each, ())
    return reduced(each, reduction_of(size_average, reduce, reduction), "multilabel_margin_loss")
