"""Guesses at why a derivative is wrong, from the pattern of right and wrong entries."""

from __future__ import annotations

import numpy as np

from ..primitive import Array, Shape


def likely_cause(analytic: Array, numeric: Array, bound: Array, shape: Shape) -> str:
    """One clause on what the mistake looks like, or an empty string.

    Args:
        analytic: derivatives to judge; rows are outputs, columns elements (or directions) of an input.
        numeric: what they should be.
        bound: difference between the two that is no mistake.
        shape: of the input.
    """
    if not np.isfinite(analytic).all():
        return "the derivative is not finite: look for 0/0 or inf - inf, as behind a where that hides it"
    if not analytic.any():
        return "no gradient reaches this input: it is detached on the way, or its derivative rule is missing"
    factor = float(np.sum(analytic * numeric) / max(np.sum(numeric * numeric), 1e-300))
    if _agree(analytic, factor * numeric, (1 + abs(factor)) * bound) and factor:
        if abs(factor + 1) < 1e-4:
            return "the sign is wrong"
        return f"a constant factor: the analytic derivative is {factor:.6g} times the numeric one"
    columns = int(np.prod(shape))
    if len(shape) > 1 and shape[-1] == shape[-2] and analytic.shape[1] == columns:
        turned = analytic.reshape(-1, *shape).swapaxes(-1, -2).reshape(analytic.shape)
        if _agree(turned, numeric, bound):
            return "the derivative is transposed"
    wrong = np.abs(analytic - numeric) > bound
    if not analytic[wrong].any():
        if analytic.shape[0] > columns:
            return "part of the derivative is missing: perhaps a sum over an axis that was broadcast"
        return "part of the derivative is missing: a dropped term, or some elements left out"
    return ""


def _agree(a: Array, b: Array, bound: Array) -> bool:
    return bool(np.all(np.abs(a - b) <= bound))
