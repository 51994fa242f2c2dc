"""Composites of sines, cosines and angles, in radians."""

from __future__ import annotations

import math

from ..primitive import Case, Value, composite
from .elementwise import atan, cos, eq, gt, lt, sign, sin, sqrt, where
from .floats import in_floats
from .logic import signbit

__all__ = ["acos", "asin", "atan2", "deg2rad", "rad2deg", "sinc", "tan"]

_CASE: Case = (((2, 3),), {})


@composite(_CASE, domain=(-1.3, 1.3))
@in_floats
def tan(x: Value) -> Value:
    """Tangent."""
    return sin(x) / cos(x)


@composite(_CASE, domain=(-0.9, 0.9))
@in_floats
def asin(x: Value) -> Value:
    """The angle from -pi/2 to pi/2 whose sine is x; NaN outside -1 .. 1."""
    cosine = sqrt(1 - x) * sqrt(1 + x)
    near = lt(abs(x), 0.5)  # where no half is taken, which the smallest numbers do not have
    return where(near, 1.0, 2.0) * atan(x / where(near, cosine, 1 + cosine))


@composite(_CASE, domain=(-0.9, 0.9))
@in_floats
def acos(x: Value) -> Value:
    """The angle from 0 to pi whose cosine is x; NaN outside -1 .. 1."""
    negative = lt(x, 0)
    x = where(negative, -x, x)
    angle = 2 * atan(sqrt(1 - x) / sqrt(1 + x))
    return where(negative, math.pi - angle, angle)


@composite((((2, 3), (3,)), {}))
@in_floats
def atan2(y: Value, x: Value) -> Value:
    """The angle of the point (x, y), from -pi to pi; at zeros as IEEE 754 has it, by their signs.

    The gradient at the origin is taken as zero.
    """
    steep = gt(abs(y), abs(x))
    bottom = where(steep, y, x)
    slope = where(steep, x, y) / where(eq(bottom, 0), math.inf, bottom)
    slope = where(eq(abs(x), math.inf) * eq(abs(y), math.inf), sign(x) * sign(y), slope)
    angle, below = atan(slope), signbit(y)
    across = where(below, -math.pi / 2 - angle, math.pi / 2 - angle)
    behind = where(below, angle - math.pi, angle + math.pi)
    return where(steep, across, where(signbit(x), behind, angle))


@composite(_CASE)
@in_floats
def sinc(x: Value) -> Value:
    """sin(pi x) / (pi x), and 1 at 0; near 0 by its series, so that derivatives are right there too."""
    t = math.pi * x
    near = lt(abs(x), 0.05)
    s = where(near, t, 0.0)
    s = s * s
    series = 1 - s / 6 * (1 - s / 20 * (1 - s / 42 * (1 - s / 72 * (1 - s / 110))))
    away = where(near, 1.0, t)
    return where(near, series, sin(away) / away)


@composite(_CASE)
def deg2rad(x: Value) -> Value:
    """Degrees as radians."""
    return x * (math.pi / 180)


@composite(_CASE)
def rad2deg(x: Value) -> Value:
    """Radians as degrees."""
    return x * (180 / math.pi)
