"""The numeric derivative along a line, with an estimate of its own error.

Central differences at shrinking steps, extrapolated to step zero (Richardson 1911; the choice of
the entry whose neighbours agree best is from Ridders 1982). A kink at the point itself is invisible
to central differences, so the slopes on the two sides are compared as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..primitive import Array
from .errors import KinkError

#: First steps of the rounds; a later round is for what the earlier ones stride over.
ROUNDS = (2.0**-6, 2.0**-14, 2.0**-22)
STEPS_PER_ROUND = 4
RATIO = 4.0
ROUNDING = 8 * float(np.finfo(np.float64).eps)


class Derivative(NamedTuple):
    """A measured derivative of every element of a function's value, and its estimated error."""

    value: Array
    error: Array


def derivative(line: Callable[[float], Array], scale: float = 1.0, atol: float = 1e-9) -> Derivative:
    """The derivative of `line` at 0.

    Args:
        line: a smooth function from a number to a float64 vector.
        scale: how far one goes before `line` changes appreciably; the first step is 1/64 of it.
        atol: an error that does not matter.

    Raises:
        KinkError: where the slopes on both sides differ, or no step gives a trustworthy value.
    """
    centre = line(0.0)
    best = Derivative(np.zeros_like(centre), np.full_like(centre, np.inf))
    for first in ROUNDS:
        steps = scale * first / RATIO ** np.arange(STEPS_PER_ROUND)
        with np.errstate(all="ignore"):  # a long step may leave the domain: then a shorter one counts
            after = np.stack([line(h) for h in steps])
            before = np.stack([line(-h) for h in steps])
            noise = ROUNDING * np.max(np.abs(centre), initial=0.0) / steps
            sides = _Sides(after, before, centre, steps, noise)
            found = _extrapolated(after, before, steps, noise)
        better = ~sides.differ & (found.error < best.error)
        best = Derivative(*(np.where(better, new, old) for new, old in zip(found, best, strict=True)))
        doubtful = ~(best.error <= _tolerable(best.value, centre, atol))
        if not doubtful.any():
            return best
    worst = int(np.argmax(np.where(doubtful, best.error, 0.0)))
    if sides.differ[worst]:
        raise KinkError(f"output element {worst} {sides.describe(worst)}")
    raise KinkError(
        f"the derivative of output element {worst} cannot be measured: differences give "
        f"{best.value[worst]:.6g} with an error of about {best.error[worst]:.2g}; "
        "the function is not smooth, not finite, or too noisy here"
    )


def _tolerable(value: Array, centre: Array, atol: float) -> Array:
    size = np.max(np.abs(value), initial=0.0) + np.max(np.abs(centre), initial=0.0)
    return atol + 1e-5 * np.abs(value) + 1e-8 * size


def _extrapolated(after: Array, before: Array, steps: Array, noise: Array) -> Derivative:
    column = (after - before) / (2 * steps[:, None])
    value, error = column[-1], np.full_like(column[-1], np.inf)
    for level in range(1, len(steps)):
        finer = column[1:] + (column[1:] - column[:-1]) / (RATIO ** (2 * level) - 1)
        spread = np.maximum(np.abs(finer - column[1:]), np.abs(finer - column[:-1])) + noise[level:, None]
        for candidate, its_error in zip(finer, spread, strict=True):
            better = its_error < error  # False for NaN
            value, error = np.where(better, candidate, value), np.where(better, its_error, error)
        column = finer
    return Derivative(value, error)


class _Sides:
    """The slopes on both sides: they differ by O(step) where smooth, O(1) at a kink, O(1/step) at a jump."""

    def __init__(self, after: Array, before: Array, centre: Array, steps: Array, noise: Array) -> None:
        self.right = (after[-2:] - centre) / steps[-2:, None]
        self.left = (centre - before[-2:]) / steps[-2:, None]
        self.gap = np.abs(self.right - self.left)
        slope = np.maximum(np.abs(self.right[1]), np.abs(self.left[1]))
        self.differ = (self.gap[1] > 0.5 * self.gap[0]) & (self.gap[1] > 1e-4 * slope + 20 * noise[-1])

    def describe(self, at: int) -> str:
        """What an output element does here."""
        what = "jumps" if self.gap[1, at] > 2 * self.gap[0, at] else "has a kink"
        left, right = self.left[1, at], self.right[1, at]
        return f"{what} here: its slope is {left:.6g} on one side and {right:.6g} on the other"
