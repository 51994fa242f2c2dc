"""Images of another size: the nearest pixel, or the line between neighbours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import ShapeError
from ..primitive import Array, Value, composite
from .contract import product
from .floats import in_floats
from .gather import take_along

_LINEAR = {3: "linear", 4: "bilinear"}


@composite(
    (((1, 1, 2, 3),), {"size": (3, 2)}),
    (((1, 1, 2, 3),), {"scale_factor": 1.5, "mode": "bilinear"}),
    (((1, 1, 3),), {"size": 4, "mode": "linear", "align_corners": True}),
)
@in_floats
def interpolate(
    x: Value,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool = False,
) -> Value:
    """x (N, C, L) or (N, C, H, W) with other lengths of the axes after C.

    Args:
        x: three or four axes.
        size: the new lengths; or
        scale_factor: what the lengths are multiplied by (and rounded down).
        mode: "nearest" (pixel floor(i * old / new)), or "linear" for three axes and "bilinear" for four.
        align_corners: whether the centres of the corner pixels keep their places, or the corners.

    Raises ShapeError for shapes that do not fit, ValueError for other arguments.
    """
    if x.ndim not in _LINEAR:
        raise ShapeError(f"interpolate: needs (N, C, L) or (N, C, H, W), not {x.shape}")
    if mode not in ("nearest", _LINEAR[x.ndim]):
        raise ValueError(
            f"interpolate: for {x.ndim} axes mode is 'nearest' or {_LINEAR[x.ndim]!r}, not {mode!r}"
        )
    if align_corners and mode == "nearest":
        raise ValueError("interpolate: align_corners is for linear modes")
    for i, (new, step) in enumerate(_sizes(x.shape[2:], size, scale_factor)):
        axis, n = 2 + i, x.shape[2 + i]
        if mode == "nearest":
            at = np.floor(np.arange(new, dtype=np.float32) * np.float32(step)).astype(np.int64)
            x = take_along(x, np.minimum(at, n - 1), axis)
        elif axis == x.ndim - 1:
            x = product(x, np.ascontiguousarray(_weights(n, new, step, align_corners).T).astype(x.dtype))
        else:
            x = product(_weights(n, new, step, align_corners).astype(x.dtype), x)
    return x


def _sizes(
    old: Sequence[int], size: int | Sequence[int] | None, scale: float | Sequence[float] | None
) -> list[tuple[int, float]]:
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
        found = [
            (int(n * factor), 1 / factor if factor > 0 else 0.0) for n, factor in zip(old, each, strict=True)
        ]
    if min(new for new, _ in found) < 1 or min(old) < 1:
        raise ShapeError(f"interpolate: lengths {tuple(old)} cannot become {tuple(new for new, _ in found)}")
    return found


def _weights(n: int, new: int, step: float, align_corners: bool) -> Array:
    """The matrix (new, n) that takes an element and its neighbour by their nearness."""
    if align_corners:
        at = np.arange(new) * ((n - 1) / (new - 1) if new > 1 else 0.0)
    else:
        at = np.maximum((np.arange(new) + 0.5) * step - 0.5, 0.0)
    low = np.minimum(np.floor(at).astype(np.int64), n - 1)
    share = np.where(low < n - 1, at - low, 0.0)
    weights = np.zeros((new, n))
    rows = np.arange(new)
    np.add.at(weights, (rows, low), 1 - share)
    np.add.at(weights, (rows, np.minimum(low + 1, n - 1)), share)
    return weights
