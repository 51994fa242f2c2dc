"""Costs that compare: which of two should be larger, nearer, or more alike, and by what margin.

`reduction` is "mean" or "sum" of the examples, or "none" for each one's own; ValueError for
anything else.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..errors import ShapeError
from ..primitive import Value, composite
from .targets import like, reduced, values


@composite((((3,), (3,)), {"target": np.array([1.0, -1.0, 1.0]), "margin": 0.5}))
def margin_ranking_loss(
    first: Value, second: Value, target: Any, margin: float = 0.0, reduction: str = "mean"
) -> Value:
    """max(0, -t (first - second) + margin): first should be larger where t is 1, else smaller."""
    t = like(first, target, "margin_ranking_loss")
    if first.shape != second.shape:
        raise ShapeError(f"margin_ranking_loss: {first.shape} and {second.shape} must have one shape")
    return reduced(ops.relu(-t * (first - second) + margin), reduction, "margin_ranking_loss")


@composite((((3,),), {"target": np.array([1.0, -1.0, -1.0])}))
def hinge_embedding_loss(output: Value, target: Any, margin: float = 1.0, reduction: str = "mean") -> Value:
    """A distance where the target is 1, and max(0, margin - distance) where it is -1."""
    t = like(output, target, "hinge_embedding_loss")
    parts = ops.where(t == 1, output, ops.relu(margin - output))
    return reduced(parts, reduction, "hinge_embedding_loss")


@composite((((2, 3), (2, 3)), {"target": np.array([1, -1]), "margin": -0.9}))
def cosine_embedding_loss(
    first: Value, second: Value, target: Any, margin: float = 0.0, reduction: str = "mean"
) -> Value:
    """1 - cos where the target is 1, max(0, cos - margin) where it is -1, of pairs of vectors.

    `first` and `second` are (N, D) with targets (N,), or (D,) with one target.
    """
    t = values(target)
    if first.shape != second.shape or first.ndim not in (1, 2) or t.shape != first.shape[:-1]:
        raise ShapeError(
            "cosine_embedding_loss: needs vectors (N, D), as many others, and targets (N,), "
            f"not {first.shape}, {second.shape} and {t.shape}"
        )
    cosine = ops.cosine_similarity(first, second, -1)
    parts = ops.where(t == 1, 1 - cosine, ops.relu(cosine - margin))
    return reduced(parts, reduction, "cosine_embedding_loss")


@composite((((2, 3), (2, 3), (2, 3)), {"margin": 5.0}), (((2, 3),) * 3, {"swap": True, "reduction": "none"}))
def triplet_margin_loss(
    anchor: Value,
    positive: Value,
    negative: Value,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: str = "mean",
) -> Value:
    """max(0, d(anchor, positive) - d(anchor, negative) + margin) of vectors along the last axis.

    d is `ops.pairwise_distance` with p and eps. With `swap` the negative counts by its distance
    from the positive where that is smaller (Balntas et al. 2016). ValueError for a margin that is not
    positive.
    """
    if not margin > 0:
        raise ValueError(f"triplet_margin_loss: margin must be positive, not {margin}")
    near = ops.pairwise_distance(anchor, positive, p, eps)
    far = ops.pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = ops.minimum(far, ops.pairwise_distance(positive, negative, p, eps))
    return reduced(ops.relu(near - far + margin), reduction, "triplet_margin_loss")
