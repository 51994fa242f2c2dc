"""Images of another size, axis by axis: nearest pixels, lines or cubics between them, means of areas."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..primitive import Array, Value, composite
from .contract import product
from .floats import in_floats
from .gather import take_along
from .shapes import swapaxes

__all__ = ["interpolate"]

#: mode -> the numbers of axes it is for.
_MODES = {
    "nearest": (3, 4, 5),
    "nearest-exact": (3, 4, 5),
    "area": (3, 4, 5),
    "linear": (3,),
    "bilinear": (4,),
    "bicubic": (4,),
    "trilinear": (5,),
}
_CORNERS = ("linear", "bilinear", "bicubic", "trilinear")


@composite(
    (((1, 1, 2, 3),), {"size": (3, 2)}),
    (((1, 1, 2, 3),), {"scale_factor": 1.5, "mode": "bilinear"}),
    (((1, 1, 3),), {"size": 4, "mode": "linear", "align_corners": True}),
    (((1, 1, 3, 4),), {"size": (5, 3), "mode": "bicubic"}),
    (((1, 1, 3, 5),), {"size": (2, 3), "mode": "area"}),
)
@in_floats
def interpolate(
    x: Value,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Value:
    """x (N, C, L), (N, C, H, W) or (N, C, D, H, W) with other lengths of the axes after C.

    Args:
        x: three to five axes.
        size: the new lengths; or
        scale_factor: what the lengths are multiplied by (and rounded down).
        mode: "nearest" (pixel floor(i * old / new)), "nearest-exact" (that of the centre), "area" (means, as
            `adaptive_avg_pool2d`), or "linear", "bilinear" or "bicubic" (Keys 1981, a = -0.75), "trilinear"
            for three, four and five axes.
        align_corners: whether the centres of the corner pixels keep their places, or the corners.
        recompute_scale_factor: whether distances follow from the new lengths rather than from scale_factor.
        antialias: not here.

    Raises ShapeError for shapes that do not fit, ValueError for other arguments.
    """
    if not 3 <= x.ndim <= 5:
        raise ShapeError(f"interpolate: needs (N, C, L), (N, C, H, W) or (N, C, D, H, W), not {x.shape}")
    if x.ndim not in _MODES.get(mode, ()):
        known = [m for m, axes in _MODES.items() if x.ndim in axes]
        raise ValueError(f"interpolate: for {x.ndim} axes mode is one of {', '.join(known)}, not {mode!r}")
    if align_corners is not None and mode not in _CORNERS:
        raise ValueError("interpolate: align_corners is for linear modes and bicubic")
    if antialias:
        raise ValueError("interpolate: antialias=True is not supported; blur the images before")
    if recompute_scale_factor and size is not None:
        raise ValueError("interpolate: recompute_scale_factor goes with scale_factor, not with size")
    for i, (new, step) in enumerate(_sizes(x.shape[2:], size, scale_factor, bool(recompute_scale_factor))):
        axis, n = 2 + i, x.shape[2 + i]
        if mode.startswith("nearest"):
            x = take_along(x, _nearest(n, new, step, mode), axis)
        else:
            x = _mapped(x, _matrix(mode, n, new, step, bool(align_corners)).astype(x.dtype), axis)
    return x


def _mapped(x: Value, matrix: Array, axis: int) -> Value:
    """An axis as a vector that a matrix is multiplied with."""
    if axis == x.ndim - 1:
        return product(x, np.ascontiguousarray(matrix.T))
    if axis == x.ndim - 2:
        return product(matrix, x)
    return swapaxes(product(matrix, swapaxes(x, axis, -2)), axis, -2)


def _sizes(old: Sequence[int], size: Any, scale: Any, recompute: bool) -> list[tuple[int, float]]:
    """For each axis its new length, and how far apart in the old one new elements lie."""
    if (size is None) == (scale is None):
        raise ValueError("interpolate: give size or scale_factor, one of them")
    given = size if scale is None else scale
    each = [given] * len(old) if isinstance(given, int | float) else list(given or ())
    if len(each) != len(old):
        raise ShapeError(
            f"interpolate: {given} must be one number, or one for each of the {len(old)} axes after C"
        )
    if scale is None:
        found = [(int(new), n / int(new) if new > 0 else 0.0) for n, new in zip(old, each, strict=True)]
    else:
        lengths = [math.floor(n * factor) for n, factor in zip(old, each, strict=True)]
        found = [
            (new, (n / max(new, 1) if recompute else 1 / factor) if factor > 0 else 0.0)
            for n, new, factor in zip(old, lengths, each, strict=True)
        ]
    if min(new for new, _ in found) < 1 or min(old) < 1:
        raise ShapeError(f"interpolate: lengths {tuple(old)} cannot become {tuple(new for new, _ in found)}")
    return found


def _nearest(n: int, new: int, step: float, mode: str) -> Array:
    centre = 0.5 if mode == "nearest-exact" else 0.0
    at = np.floor((np.arange(new, dtype=np.float32) + np.float32(centre)) * np.float32(step))
    return np.minimum(at.astype(np.int64), n - 1)


def _matrix(mode: str, n: int, new: int, step: float, align_corners: bool) -> Array:
    """The matrix (new, n) of an axis."""
    if mode == "area":
        weights = np.zeros((new, n))
        for i in range(new):
            low, high = i * n // new, -((-(i + 1) * n) // new)
            weights[i, low:high] = 1 / (high - low)
        return weights
    if align_corners:
        at = np.arange(new) * ((n - 1) / (new - 1) if new > 1 else 0.0)
    else:
        at = (np.arange(new) + 0.5) * step - 0.5
    return _cubics(n, at) if mode == "bicubic" else _lines(n, np.maximum(at, 0.0))


def _lines(n: int, at: Array) -> Array:
    """An element and its neighbour by their nearness."""
    low = np.minimum(np.floor(at).astype(np.int64), n - 1)
    share = np.where(low < n - 1, at - low, 0.0)
    weights = np.zeros((len(at), n))
    rows = np.arange(len(at))
    np.add.at(weights, (rows, low), 1 - share)
    np.add.at(weights, (rows, np.minimum(low + 1, n - 1)), share)
    return weights


def _cubics(n: int, at: Array) -> Array:
    """Four neighbours by the cubic of Keys 1981 with a = -0.75; beyond the edge it repeats."""
    a, low = -0.75, np.floor(at).astype(np.int64)
    weights = np.zeros((len(at), n))
    for offset in (-1, 0, 1, 2):
        d = np.abs(at - (low + offset))
        near = ((a + 2) * d - (a + 3)) * d * d + 1
        beyond = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
        where = np.clip(low + offset, 0, n - 1)
        np.add.at(weights, (np.arange(len(at)), where), np.where(d <= 1, near, beyond))
    return weights
