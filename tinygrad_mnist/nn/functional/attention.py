"""Attention with PyTorch's arguments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import ops
from ...core.generator import Generator, chosen
from ...errors import ShapeError
from ...primitive import Value
from .targets import values

__all__ = ["scaled_dot_product_attention"]


def scaled_dot_product_attention(
    query: Value,
    key: Value,
    value: Value,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
    *,
    generator: Generator | None = None,
) -> Value:
    """See `ops.scaled_dot_product_attention`; `enable_gqa`: several query heads share one of keys."""
    if enable_gqa:
        if query.ndim < 3 or query.shape[-3] % key.shape[-3] or query.shape[-3] % value.shape[-3]:
            raise ShapeError(
                "scaled_dot_product_attention: enable_gqa needs a number of query heads divisible by "
                "those of key "
                f"and value, not {tuple(query.shape)}, {tuple(key.shape)} and {tuple(value.shape)}"
            )
        key = ops.repeat_interleave(key, query.shape[-3] // key.shape[-3], -3)
        value = ops.repeat_interleave(value, query.shape[-3] // value.shape[-3], -3)
    return ops.scaled_dot_product_attention(
        query, key, value, attn_mask, dropout_p, is_causal, scale, chosen(generator) if dropout_p else None
    )


def merged_masks(
    attn_mask: Any, key_padding_mask: Any, heads: int, shape: tuple[int, int, int], dtype: np.dtype[Any]
) -> Value | None:
    """The two masks of a MultiheadAttention as one that is added to the scores (N, heads, L, S), or None.

    Args:
        attn_mask: (L, S) or (N heads, L, S): bool, True where a query may not look, or numbers.
        key_padding_mask: (N, S): bool, True for keys that do not count, or numbers.
        heads: how many.
        shape: (N, L, S).
        dtype: of the scores.

    Raises ShapeError for masks of other shapes.
    """
    n, targets, sources = shape
    total: Value | None = None
    if attn_mask is not None:
        mask = _added(values(attn_mask), dtype)
        if mask.shape == (targets, sources):
            total = mask
        elif mask.shape == (n * heads, targets, sources):
            total = ops.reshape(mask, (n, heads, targets, sources))
        else:
            raise ShapeError(
                f"The shape of the attn_mask is {tuple(mask.shape)}, but should be {(targets, sources)} or "
                f"{(n * heads, targets, sources)}."
            )
    if key_padding_mask is not None:
        mask = _added(values(key_padding_mask), dtype)
        if mask.shape != (n, sources):
            raise ShapeError(
                f"The shape of the key_padding_mask is {tuple(mask.shape)}, but should be {(n, sources)}"
            )
        mask = ops.reshape(mask, (n, 1, 1, sources))
        total = mask if total is None else total + mask
    return total


def _added(mask: Value, dtype: np.dtype[Any]) -> Value:
    if mask.dtype == np.bool_:
        return ops.where(mask, np.asarray(-math.inf, dtype), np.asarray(0.0, dtype))
    return mask if mask.dtype == dtype else ops.cast(mask, dtype)
