"""Numeric derivatives along lines, with an estimate of their own error.

Central differences at shrinking steps, extrapolated to step zero (Richardson 1911; the choice of
the entry whose neighbours agree best is from Ridders 1982). A kink at the point itself is invisible
to central differences, so the slopes on the two sides are compared as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ..primitive import Array

#: First steps of the rounds; a later round is for what the earlier ones stride over.
ROUNDS = (2.0**-6, 2.0**-14, 2.0**-22)
STEPS_PER_ROUND = 4
RATIO = 4.0
EPSILON = 8 * float(np.finfo(np.float64).eps)


class Derivatives(NamedTuple):
    """Measured derivatives and their estimated errors: a row per line, a column per output element."""

    value: Array
    error: Array


class NotSmoothError(Exception):
    """There is no derivative along a line; `line` is its position, the text begins with an output element."""

    def __init__(self, line: int, element: int, text: str) -> None:
        super().__init__(f"output element {element} {text}")
        self.line = line


def derivatives(
    move: Callable[[int, float], Array],
    centre: Array,
    scales: Sequence[float],
    atol: float = 1e-9,
    hint: Array | None = None,
) -> Derivatives:
    """The derivatives of a function along lines, all at the point `centre` belongs to.

    Args:
        move: (line, how far along it) -> the function's value there, a float64 vector.
        centre: the function's value at the point.
        scales: per line how far one goes before the function changes appreciably; the first step is
            1/64 of it.
        atol: an error that does not matter.
        hint: derivatives that are exact if they are right at all, as from a complex step; they
            replace measured ones that do not contradict them.

    Raises:
        NotSmoothError: where the slopes on both sides differ, or no step gives a trustworthy value.
    """
    best = Derivatives(np.zeros((len(scales), centre.size)), np.full((len(scales), centre.size), np.inf))
    if not best.value.size:
        return best
    size = float(np.max(np.abs(centre)))
    lines = list(range(len(scales)))
    for first in ROUNDS:
        steps = np.multiply.outer(first / RATIO ** np.arange(STEPS_PER_ROUND), np.asarray(scales)[lines])
        with np.errstate(all="ignore"):  # a long step may leave the domain: then a shorter one counts
            after = np.array([[move(i, h) for i, h in zip(lines, row)] for row in steps])
            before = np.array([[move(i, -h) for i, h in zip(lines, row)] for row in steps])
            steps = steps[..., None]
            noise = EPSILON * size / steps
            sides = _Sides(after, before, centre, steps, noise, atol)
            found = _extrapolated(after, before, steps, noise)
            found = found if hint is None else _confirmed(found, hint[lines])
        better = ~sides.differ & (found.error < best.error[lines])
        best.value[lines] = np.where(better, found.value, best.value[lines])
        best.error[lines] = np.where(better, found.error, best.error[lines])
        doubtful = ~(best.error <= _tolerable(best.value, size, atol))
        if not doubtful.any():
            return best
        measured, lines = lines, [int(i) for i in np.flatnonzero(doubtful.any(axis=1))]
    line, element = map(int, np.unravel_index(np.argmax(np.where(doubtful, best.error, 0.0)), doubtful.shape))
    at = measured.index(line), element
    if sides.differ[at]:
        raise NotSmoothError(line, element, sides.describe(at))
    raise NotSmoothError(
        line,
        element,
        f"cannot be differentiated: differences give {best.value[line, element]:.6g} with an error of about "
        f"{best.error[line, element]:.2g}; the function is not smooth, not finite, or too noisy here",
    )


def _tolerable(value: Array, size: float, atol: float) -> Array:
    largest = np.max(np.abs(value), axis=1, initial=0.0, keepdims=True)
    return atol + 1e-5 * np.abs(value) + 1e-8 * (largest + size)


def _extrapolated(after: Array, before: Array, steps: Array, noise: Array) -> Derivatives:
    column = (after - before) / (2 * steps)
    value, error = column[-1], np.full_like(column[-1], np.inf)
    for level in range(1, len(steps)):
        finer = column[1:] + (column[1:] - column[:-1]) / (RATIO ** (2 * level) - 1)
        spread = np.maximum(np.abs(finer - column[1:]), np.abs(finer - column[:-1])) + noise[level:]
        for candidate, its_error in zip(finer, spread, strict=True):
            better = its_error < error  # False for NaN
            value, error = np.where(better, candidate, value), np.where(better, its_error, error)
        column = finer
    return Derivatives(value, error)


def _confirmed(found: Derivatives, hint: Array) -> Derivatives:
    """The hint where differences that are right to a thousandth bear it out."""
    right = (np.abs(hint - found.value) <= 10 * found.error) & (found.error <= 1e-3 * np.abs(hint))
    return Derivatives(
        np.where(right, hint, found.value), np.where(right, EPSILON * np.abs(hint), found.error)
    )


class _Sides:
    """The slopes on both sides: they differ by O(step) where smooth, O(1) at a kink, O(1/step) at a jump."""

    def __init__(
        self, after: Array, before: Array, centre: Array, steps: Array, noise: Array, atol: float
    ) -> None:
        self.right = (after[-2:] - centre) / steps[-2:]
        self.left = (centre - before[-2:]) / steps[-2:]
        self.gap = np.abs(self.right - self.left)
        slope = np.maximum(np.abs(self.right[1]), np.abs(self.left[1]))
        self.differ = (self.gap[1] > 0.5 * self.gap[0]) & (self.gap[1] > 1e-4 * slope + 20 * noise[-1] + atol)

    def describe(self, at: tuple[int, int]) -> str:
        """What an output element does along a line."""
        what = "jumps" if self.gap[1][at] > 2 * self.gap[0][at] else "has a kink"
        left, right = self.left[1][at], self.right[1][at]
        return f"{what} here: its slope is {left:.6g} on one side and {right:.6g} on the other"
