"""A step length that satisfies the strong Wolfe conditions."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..primitive import Array

DECREASE, CURVATURE = 1e-4, 0.9  # shares of the first slope: of what the cost must fall by, and the slope to
TRIES = 25


def strong_wolfe(
    evaluate: Callable[[float], tuple[float, Array]],
    t: float,
    cost: float,
    g: Array,
    slope: float,
    d: Array,
    tolerance: float,
) -> tuple[float, Array, float, int]:
    """A length along d where the cost has fallen enough and the slope has become flat enough.

    First the interval is widened until it must hold such a length, then it is narrowed by cubic
    interpolation (Nocedal and Wright, "Numerical optimization", algorithms 3.5 and 3.6, with the
    safeguards of Schmidt's minFunc, as in PyTorch).

    Args:
        evaluate: length -> (cost, gradient) there.
        t: first length to try.
        cost, g, slope: at length 0; slope is g . d, negative.
        d: direction.
        tolerance: width of the interval, times d, at which to give up.

    Returns:
        (cost, gradient, length, number of evaluations).
    """
    widest = float(np.abs(d).max())
    new_cost, new_g = evaluate(t)
    calls, new_slope = 1, float(new_g @ d)
    before = (0.0, cost, g, slope)
    points = []
    for tries in range(TRIES):
        here = (t, new_cost, new_g, new_slope)
        if new_cost > cost + DECREASE * t * slope or (tries > 0 and new_cost >= before[1]):
            points = [before, here]
        elif abs(new_slope) <= -CURVATURE * slope:
            return new_cost, new_g, t, calls
        elif new_slope >= 0:
            points = [before, here]
        if points:
            break
        low, high = t + 0.01 * (t - before[0]), t * 10
        t, before = _cubic(before, here, low, high), here
        new_cost, new_g = evaluate(t)
        calls, new_slope = calls + 1, float(new_g @ d)
    else:
        points = [(0.0, cost, g, slope), (t, new_cost, new_g, new_slope)]
    low, high = (0, 1) if points[0][1] <= points[-1][1] else (1, 0)
    stuck = False
    for _ in range(TRIES - tries - 1 if tries < TRIES - 1 else 0):
        left, right = sorted((points[0][0], points[1][0]))
        if (right - left) * widest < tolerance:
            break
        t = _cubic(points[0], points[1], left, right)
        margin = 0.1 * (right - left)
        if min(right - t, t - left) < margin:
            if stuck or t >= right or t <= left:
                t = right - margin if abs(t - right) < abs(t - left) else left + margin
                stuck = False
            else:
                stuck = True
        else:
            stuck = False
        new_cost, new_g = evaluate(t)
        calls, new_slope = calls + 1, float(new_g @ d)
        here = (t, new_cost, new_g, new_slope)
        if new_cost > cost + DECREASE * t * slope or new_cost >= points[low][1]:
            points[high] = here
            low, high = (0, 1) if points[0][1] <= points[1][1] else (1, 0)
            continue
        if abs(new_slope) <= -CURVATURE * slope:
            points[low] = here
            break
        if new_slope * (points[high][0] - points[low][0]) >= 0:
            points[high] = points[low]
        points[low] = here
    found = points[low]
    return found[1], found[2], found[0], calls


_Point = tuple[float, float, Array, float]


def _cubic(a: _Point, b: _Point, low: float, high: float) -> float:
    """Where the cubic through two points, with their slopes, is smallest between low and high."""
    if a[0] > b[0]:
        a, b = b, a
    d1 = a[3] + b[3] - 3 * (a[1] - b[1]) / (a[0] - b[0])
    square = d1 * d1 - a[3] * b[3]
    if square < 0:
        return (low + high) / 2
    d2 = math.sqrt(square)
    t = b[0] - (b[0] - a[0]) * ((b[3] + d2 - d1) / (b[3] - a[3] + 2 * d2))
    return min(max(t, low), high)
