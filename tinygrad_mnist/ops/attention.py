"""Attention, and rows looked up in a table."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..primitive import Value, composite
from .activations import dropout
from .contract import matmul
from .elementwise import eq, where
from .gather import take
from .softmaxes import softmax
from .views import stop_gradient, transpose, unsqueeze

__all__ = ["embedding", "scaled_dot_product_attention"]


@composite(
    (((2, 2), (3, 2), (3, 1)), {}),
    (((1, 3, 2), (1, 3, 2), (1, 3, 2)), {"is_causal": True, "scale": 0.5}),
)
def scaled_dot_product_attention(
    query: Value,
    key: Value,
    value: Value,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    generator: Any = None,
) -> Value:
    """softmax(query @ key.T * scale + mask) @ value (Vaswani et al. 2017, "Attention is all you need").

    Args:
        query: (..., L, E).
        key: (..., S, E).
        value: (..., S, V).
        attn_mask: broadcast to (..., L, S): bool, True where a query may look, or numbers that are
            added. A query that may look nowhere gives zeros.
        dropout_p: share of the weights that are zeroed; needs a generator.
        is_causal: query i may look at the keys up to i only; not together with a mask.
        scale: 1 / sqrt(E) if None.
        generator: a `Generator`, for dropout.

    Returns:
        (..., L, V).

    Raises ShapeError for shapes that do not fit, ValueError for a mask beside is_causal and for dropout
    without a generator.
    """
    if is_causal and attn_mask is not None:
        raise ValueError("scaled_dot_product_attention: give attn_mask or is_causal, not both")
    if dropout_p and generator is None:
        raise ValueError("scaled_dot_product_attention: dropout needs a generator, as in tg.Generator(0)")
    if min(query.ndim, key.ndim, value.ndim) < 2 or query.shape[-1] != key.shape[-1]:
        raise ShapeError(
            "scaled_dot_product_attention: needs query (..., L, E), key (..., S, E) and value (..., S, V), "
            f"not {query.shape}, {key.shape} and {value.shape}"
        )
    scores = matmul(query * (1 / math.sqrt(query.shape[-1]) if scale is None else scale), transpose(key))
    if is_causal:
        attn_mask = np.tri(*scores.shape[-2:], dtype=np.bool_)
    if attn_mask is None:
        weights = softmax(scores)
    elif attn_mask.dtype == np.bool_:
        # a finite stand-in for minus infinity keeps a row without any True free of NaN
        weights = softmax(where(attn_mask, scores, float(np.finfo(scores.dtype).min) / 2))
        weights = where(attn_mask, weights, 0.0)
    else:
        weights = softmax(scores + attn_mask)
    if dropout_p:
        weights = dropout(weights, dropout_p, generator)
    return matmul(weights, value)


@composite((((4, 2),), {"index": np.array([[1, 3], [3, 0]])}), call=lambda f, weight, index: f(index, weight))
def embedding(index: Any, weight: Value, padding_idx: int | None = None) -> Value:
    """The rows of `weight` (V, D) at the integer positions `index`: (*index.shape, D).

    Negative positions count from the end. Raises ShapeError for a weight that is no matrix, IndexError for
    a position outside -V .. V - 1.
    Where the index is `padding_idx` the row gets no gradient.
    """
    if weight.ndim != 2:
        raise ShapeError(f"embedding: the weight must be a matrix (V, D), not of shape {weight.shape}")
    rows = take(weight, index, 0)
    if padding_idx is None:
        return rows
    index = index if hasattr(index, "dtype") else np.asarray(index)
    padding = unsqueeze(eq(index, padding_idx % weight.shape[0]), -1)
    return where(padding, stop_gradient(rows), rows)
