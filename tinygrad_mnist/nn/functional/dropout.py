"""Dropout: elements, or whole channels, zeroed at random in training."""

from __future__ import annotations

from ... import ops
from ...core.generator import Generator, chosen
from ...errors import ShapeError
from ...primitive import Value
from .placing import placed

__all__ = ["alpha_dropout", "dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout"]

#: What SELU gives far below zero: -scale * alpha.
_SATURATED = -1.7580993408473766


def dropout(
    input: Value,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    generator: Generator | None = None,
) -> Value:
    """In training each element is zero with probability p, the others are divided by 1 - p; else x itself."""
    check_probability(p)
    if not training or p == 0:
        return input
    if p == 1:
        return placed(input, input * 0.0, inplace)
    return placed(input, ops.dropout(input, p, chosen(generator)), inplace)


def dropout1d(
    input: Value,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    generator: Generator | None = None,
) -> Value:
    """`dropout` of whole channels of (N, C, L) or (C, L)."""
    return _channels("dropout1d", input, p, training, inplace, generator, (2, 3))


def dropout2d(
    input: Value,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    generator: Generator | None = None,
) -> Value:
    """`dropout` of whole channels of (N, C, H, W) or (C, H, W)."""
    return _channels("dropout2d", input, p, training, inplace, generator, (3, 4))


def dropout3d(
    input: Value,
    p: float = 0.5,
    training: bool = True,
    inplace: bool = False,
    *,
    generator: Generator | None = None,
) -> Value:
    """`dropout` of whole channels of (N, C, D, H, W) or (C, D, H, W)."""
    return _channels("dropout3d", input, p, training, inplace, generator, (4, 5))


def alpha_dropout(
    input: Value,
    p: float = 0.5,
    training: bool = False,
    inplace: bool = False,
    *,
    generator: Generator | None = None,
) -> Value:
    """Dropout that keeps mean 0 and variance 1: what goes is SELU's lowest value (Klambauer et al. 2017)."""
    check_probability(p)
    if not training or p == 0:
        return input
    return placed(input, _alpha(input, input.shape, p, generator), inplace)


def feature_alpha_dropout(
    input: Value,
    p: float = 0.5,
    training: bool = False,
    inplace: bool = False,
    *,
    generator: Generator | None = None,
) -> Value:
    """`alpha_dropout` of whole channels of (N, C, ...)."""
    check_probability(p)
    if not training or p == 0:
        return input
    shape = (*input.shape[:2], *(1,) * (input.ndim - 2))
    return placed(input, _alpha(input, shape, p, generator), inplace)


def check_probability(p: float) -> None:
    """ValueError for what is no probability."""
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _channels(
    name: str,
    x: Value,
    p: float,
    training: bool,
    inplace: bool,
    generator: Generator | None,
    ndims: tuple[int, int],
) -> Value:
    check_probability(p)
    if x.ndim not in ndims:
        raise ShapeError(f"{name}: needs an input of {ndims[0]} or {ndims[1]} axes, not {tuple(x.shape)}")
    if not training or p == 0:
        return x
    lead = x.ndim - ndims[0] + 1
    shape = (*x.shape[:lead], *(1,) * (x.ndim - lead))
    kept = ops.cast(chosen(generator).uniform(shape) >= p, x.dtype)
    return placed(x, x * (kept * (1 / (1 - p)) if p < 1 else kept), inplace)


def _alpha(x: Value, shape: tuple[int, ...], p: float, generator: Generator | None) -> Value:
    if p == 1:
        return x * 0.0
    kept = chosen(generator).uniform(shape) >= p
    a = ((1 - p) * (1 + p * _SATURATED**2)) ** -0.5
    return ops.where(kept, x, _SATURATED) * a - a * _SATURATED * p
