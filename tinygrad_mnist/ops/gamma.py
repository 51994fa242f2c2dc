"""The logarithm of the gamma function with its derivatives, and the inverse of the error function.

Small arguments are moved up by the recurrence of the gamma function, Gamma(x + 1) = x Gamma(x), to where
Stirling's series (M. Abramowitz and I. Stegun, "Handbook of Mathematical Functions", 6.1.40, 6.3.18, 6.4.11)
is exact; negative ones are reflected. All is done in float64: near the zeros of log Gamma terms cancel.
"""

from __future__ import annotations

import math

import numpy as np

from ..primitive import Case, Value, composite
from .elementwise import abs, cast, eq, gt, le, log, lt, sin, sqrt, where
from .floats import in_floats
from .logic import signbit
from .rounding import floor
from .trigonometry import tan

__all__ = ["digamma", "erfinv", "lgamma", "polygamma"]

_CASE: Case = (((2, 3),), {})
_STEPS = 8  # by which small arguments are moved up
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)  # B2, B4, ...


def _exactly(x: Value) -> Value:
    return x if x.dtype == np.float64 else cast(x, np.dtype(np.float64))


@composite(_CASE, domain=(0.3, 4.0))
@in_floats
def lgamma(x: Value) -> Value:
    """log |Gamma(x)|; infinite at 0, -1, -2, ...

    Its derivative is `digamma`, its second one polygamma(1, x).
    """
    t = _exactly(x)
    endless = eq(abs(t), math.inf)
    t = where(endless, 0.0, t)
    below = lt(t, 0.5)
    s = where(below, 1 - t, t)  # log |Gamma(x)| = log(pi / |sin(pi x)|) - log |Gamma(1 - x)|
    z = s + _STEPS
    product = s
    for i in range(1, _STEPS):
        product = product * (s + i)
    far = gt(s, 1e15)  # where the product overflows, and does not count
    near = where(far, 1.0, product)
    series = _sum_of_powers(z, [b / (2 * k * (2 * k - 1)) for k, b in _numbered()], 1)
    moved = (z - 0.5) * log(z) - z + 0.5 * math.log(2 * math.pi) + series - log(near)
    up = where(far, s * (log(s) - 1), moved)
    part = where(below, t - floor(t), 0.5)
    pole = eq(part, 0)
    wave = abs(sin(math.pi * where(pole, 0.5, part)))
    y = where(below, math.log(math.pi) - log(wave) - up, up)
    return cast(where(pole, math.inf, y), x.dtype)


@composite(_CASE, domain=(0.3, 4.0))
@in_floats
def digamma(x: Value) -> Value:
    """The derivative of log Gamma; NaN at -1, -2, ... and -inf at 0, from which side it is seen."""
    t = _exactly(x)
    below = lt(t, 0.5)
    s = where(below, 1 - t, t)
    z = s + _STEPS
    y = log(z) - 0.5 / z - _sum_of_powers(z, [b / (2 * k) for k, b in _numbered()], 2)
    for i in range(_STEPS):
        y = y - 1 / (s + i)
    whole = below * eq(t, floor(t))
    angle = math.pi * where(whole, 0.25, t)
    y = where(below, y - math.pi / tan(angle), y)
    poles = where(eq(t, 0), where(signbit(t), math.inf, -math.inf), math.nan)
    return cast(where(whole, poles, y), x.dtype)


@composite(
    (((2, 3),), {"n": 1}),
    (((2, 3),), {"n": 2}),
    domain=(0.5, 4.0),
    call=lambda function, x, n: function(n, x),
)
@in_floats
def polygamma(n: int, input: Value) -> Value:
    """The derivative of order n of `digamma`; infinite at 0, -1, -2, ... (for n = 0 see there).

    Args:
        n: 0 for digamma itself; ValueError below.
        input: any shape, float32 or float64, which the result has; integers and bools count as float32.
    """
    if n < 0:
        raise ValueError(f"polygamma: n must be from 0 on, not {n}")
    if n == 0:
        return digamma(input)
    t = _exactly(input)
    below = lt(t, 0.5)
    s = where(below, 1 - t, t)
    z = s + _STEPS
    y = math.factorial(n - 1) * z**-n + 0.5 * math.factorial(n) * z ** -(n + 1)
    weights = [b * math.factorial(2 * k + n - 1) / math.factorial(2 * k) for k, b in _numbered()]
    y = y + _sum_of_powers(z, weights, n + 2)
    for i in range(_STEPS):
        y = y + math.factorial(n) * (s + i) ** -(n + 1)
    pole = below * eq(t, floor(t))
    cotangent = 1 / tan(math.pi * where(pole, 0.25, t))
    y = where(
        below, (-1.0) ** n * y + math.pi ** (n + 1) * (-1.0) ** n * _slope_of_cotangent(n, cotangent), y
    )
    y = where(pole, math.inf, y)
    return cast(y if n % 2 else -y, input.dtype)


def _slope_of_cotangent(n: int, c: Value) -> Value:
    """The derivative of order n of the cotangent c, in powers of c: that of c^k is -k c^(k-1) (1 + c^2)."""
    powers = {1: 1}
    for _ in range(n):
        slopes: dict[int, int] = {}
        for k, weight in powers.items():
            if k:
                slopes[k - 1] = slopes.get(k - 1, 0) - k * weight
                slopes[k + 1] = slopes.get(k + 1, 0) - k * weight
        powers = slopes
    total: Value = 0.0
    for k, weight in powers.items():
        total = total + weight * c**k
    return total


def _numbered() -> list[tuple[int, float]]:
    return list(enumerate(_BERNOULLI, 1))


def _sum_of_powers(z: Value, weights: list[float], first: int) -> Value:
    """weights[0] z^-first + weights[1] z^-(first + 2) + ..."""
    inverse = 1 / z
    square = inverse * inverse
    total: Value = weights[-1]
    for weight in reversed(weights[:-1]):
        total = total * square + weight
    return total * inverse**first


# M. J. Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution", 1988: fractions of
# polynomials, lowest power first, in 0.180625 - q^2 for |q| up to 0.425, else in r - 1.6 and r - 5 with
# r = sqrt(-log of the tail)
_MIDDLE = (
    (3.3871328727963666080, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
     45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727),
    (1.0, 42.313330701600911252, 687.18700749205790830, 5394.1960214247511077, 21213.794301586595867,
     39307.895800092710610, 28729.085735721942674, 5226.4952788528545610),
)  # fmt: skip
_TAIL = (
    (1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504,
     1.27045825245236838258, 0.241780725177450611770, 0.0227238449892691845833, 7.74545014278341407640e-4),
    (1.0, 2.05319162663775882187, 1.67638483018380384940, 0.689767334985100004550, 0.148103976427480074590,
     0.0151986665636164571966, 5.47593808499534494600e-4, 1.05075007164441684324e-9),
)  # fmt: skip
_END = (
    (6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580, 0.296560571828504891230,
     0.0265321895265761230930, 1.24266094738807843860e-3, 2.71155556874348757815e-5,
     2.01033439929228813265e-7),
    (1.0, 0.599832206555887937690, 0.136929880922735805310, 0.0148753612908506148525,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
     2.04426310338993978564e-15),
)  # fmt: skip


@composite(_CASE, domain=(-0.9, 0.9))
@in_floats
def erfinv(x: Value) -> Value:
    """The number whose error function is x; infinite at -1 and 1, NaN beyond."""
    t = _exactly(x)
    size = abs(t)
    inside = lt(size, 1)
    middle = le(size, 0.85)
    q = where(middle, t, 0.0) * 0.5
    small = q * _fraction(_MIDDLE, 0.180625 - q * q)
    tail = where(middle, 0.1, where(inside, (1 - size) * 0.5, 0.1))
    r = sqrt(-log(tail))
    end = gt(r, 5)
    large = where(end, _fraction(_END, where(end, r, 6.0) - 5), _fraction(_TAIL, where(end, 2.0, r) - 1.6))
    large = where(inside, large, where(eq(size, 1), math.inf, math.nan))
    y = where(middle, small, where(lt(t, 0), -large, large)) * math.sqrt(0.5)
    return cast(y, x.dtype)


def _fraction(polynomials: tuple[tuple[float, ...], tuple[float, ...]], x: Value) -> Value:
    top, bottom = (_polynomial(weights, x) for weights in polynomials)
    return top / bottom


def _polynomial(weights: tuple[float, ...], x: Value) -> Value:
    total: Value = weights[-1]
    for weight in reversed(weights[:-1]):
        total = total * x + weight
    return total
