"""Guesses at why a derivative is wrong, from the pattern of right and wrong entries."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from ..primitive import Array, Shape


def likely_cause(
    analytic: Array,
    numeric: Array,
    bound: Array,
    shape: Shape,
    lengths: Iterable[int],
    others: Callable[[], Iterable[tuple[str, Array]]],
) -> str:
    """One clause on what the mistake looks like, or an empty string.

    Args:
        analytic: derivatives to judge; rows are outputs, columns elements (or directions) of an input.
        numeric: what they should be.
        bound: difference between the two that is no mistake.
        shape: of the input.
        lengths: of the axes of the inputs and outputs.
        others: the names and numeric derivatives of other inputs of this shape.
    """
    if not np.isfinite(analytic).all():
        return "the derivative is not finite: look for 0/0 or inf - inf, as behind a where that hides it"
    if not analytic.any():
        return "no gradient reaches this input: it is detached on the way, or its derivative rule is missing"
    factor = float(np.sum(analytic * numeric) / max(np.sum(numeric * numeric), 1e-300))
    if _agree(analytic, factor * numeric, (1 + abs(factor)) * bound) and factor:
        return _about_factor(factor, lengths)
    columns = int(np.prod(shape))
    if analytic.shape[1] == columns:
        blocks = analytic.reshape(-1, *shape)
        square = len(shape) > 1 and shape[-1] == shape[-2]
        if square and _agree(blocks.swapaxes(-1, -2).reshape(analytic.shape), numeric, bound):
            return "the derivative is transposed"
        for axis in range(len(shape)):
            if _agree(np.flip(blocks, axis + 1).reshape(analytic.shape), numeric, bound):
                return f"the derivative is reversed along axis {axis}"
    for name, other in others():
        if other.shape == analytic.shape and _agree(analytic, other, bound):
            return f"this is the derivative with respect to {name}: operands are swapped"
    wrong = np.abs(analytic - numeric) > bound
    if not analytic[wrong].any():
        if analytic.shape[0] > columns:
            return "part of the derivative is missing: perhaps a sum over an axis that was broadcast"
        return "part of the derivative is missing: a dropped term, or some elements left out"
    return ""


def _about_factor(factor: float, lengths: Iterable[int]) -> str:
    if abs(factor + 1) < 1e-4:
        return "the sign is wrong"
    times = f"the analytic derivative is {factor:.6g} times the numeric one"
    for two, how in [(2.0, "counted twice"), (0.5, "halved")]:
        if abs(factor - two) < 1e-4:
            return f"a factor of two: {times}, as if it were {how}"
    for n in lengths:
        if n > 2 and min(abs(factor - n), abs(factor * n - 1)) < 1e-4:
            return f"a constant factor: {times}, and an axis has length {n}: a sum in the place of a mean?"
    return f"a constant factor: {times}"


def _agree(a: Array, b: Array, bound: Array) -> bool:
    return bool(np.all(np.abs(a - b) <= bound))
