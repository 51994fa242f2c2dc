"""Padding: more elements around the edge, of one value or continued from within."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..errors import ShapeError
from ..primitive import Array, Value, composite
from .gather import take_along
from .views import place, slice_ranges

__all__ = ["pad"]

Widths = Sequence[tuple[int, int]] | Sequence[int]


@composite(
    (((2, 3),), {"widths": (1, 2), "mode": "reflect"}),
    (((2, 3),), {"widths": ((1, 0), (2, 3)), "mode": "replicate"}),
    (((2, 3),), {"widths": ((2, 1), (0, 0)), "mode": "circular"}),
)
def pad(x: Value, widths: Widths, mode: str = "constant", value: float | None = None) -> Value:
    """x with elements added around its edges.

    Args:
        x: any shape.
        widths: pairs (before, after) for every axis as in NumPy, or as in PyTorch a flat
            sequence that begins with the last axis and may stop early. Negative counts take
            elements away.
        mode: "constant", "reflect" (mirrored at the edge, which is not repeated), "replicate"
            (the edge repeated) or "circular" (from the other end).
        value: of the new elements, in mode constant; zero if None.

    Raises:
        ShapeError: for counts that do not fit the axes, or reach further than the mode can.
        ValueError: for another mode.
    """
    pairs = _pairs(x, widths)
    if mode == "constant":
        return _constant(x, pairs, 0.0 if value is None else value)
    if mode not in _CONTINUED:
        raise ValueError(f"pad: mode must be constant, {', '.join(_CONTINUED)}, not {mode!r}")
    if mode == "circular":  # what is taken away does not come round again
        x = _constant(x, [(min(before, 0), min(after, 0)) for before, after in pairs], 0.0)
        pairs = [(max(before, 0), max(after, 0)) for before, after in pairs]
    for axis, (before, after) in enumerate(pairs):
        if (before, after) != (0, 0):
            x = take_along(x, _continued(mode, x.shape[axis], before, after), axis)
    return x


def _pairs(x: Value, widths: Widths) -> list[tuple[int, int]]:
    given = list(widths)
    if given and not isinstance(given[0], tuple | list):
        flat = [int(n) for n in given if isinstance(n, int | np.integer)]
        pairs = list(zip(flat[::2], flat[1::2], strict=False))[::-1]
        if 2 * len(pairs) == len(given) and len(pairs) <= x.ndim:
            return [(0, 0)] * (x.ndim - len(pairs)) + pairs
    elif len(given) == x.ndim and all(len(pair) == 2 for pair in given if isinstance(pair, tuple | list)):
        return [(int(pair[0]), int(pair[1])) for pair in given if isinstance(pair, tuple | list)]
    raise ShapeError(
        f"pad: {widths} must give a pair of counts for each of the {x.ndim} axes of {x.shape}, or a flat "
        "sequence of pairs from the last axis on"
    )


def _constant(x: Value, pairs: Sequence[tuple[int, int]], value: float) -> Value:
    if any(n + min(before, 0) + min(after, 0) < 0 for n, (before, after) in zip(x.shape, pairs, strict=True)):
        raise ShapeError(f"pad: counts {tuple(pairs)} take away more than {x.shape} has")
    cut = tuple(
        (max(-before, 0), n + min(before, 0) + min(after, 0), 1)
        for n, (before, after) in zip(x.shape, pairs, strict=True)
    )
    if any(length != n for n, (_, length, _) in zip(x.shape, cut, strict=True)):
        x = slice_ranges(x, cut)
    more = [(max(before, 0), max(after, 0)) for before, after in pairs]
    shape = tuple(before + n + after for n, (before, after) in zip(x.shape, more, strict=True))
    return place(x, shape, tuple((b, n, 1) for n, (b, _) in zip(x.shape, more, strict=True)), value)


#: mode -> (which position continues an axis of length n, how far it can reach).
_CONTINUED: dict[str, tuple[Callable[[Array, int], Array], Callable[[int], int]]] = {
    "reflect": (lambda i, n: (n - 1) - np.abs((n - 1) - np.abs(i)), lambda n: n - 1),
    "replicate": (lambda i, n: np.clip(i, 0, n - 1), lambda n: max(n, 1) * 2**40 if n else 0),
    "circular": (lambda i, n: i % n, lambda n: n),
}


def _continued(mode: str, n: int, before: int, after: int) -> Array:
    position, reach = _CONTINUED[mode]
    if min(before, after) < -n or max(before, after) > reach(n) or before + n + after < 1:
        raise ShapeError(
            f"pad: mode {mode} cannot add {before} elements before and {after} after an axis of length {n}; "
            f"it can add {reach(n)}"
        )
    return position(np.arange(-before, n + after), n)
