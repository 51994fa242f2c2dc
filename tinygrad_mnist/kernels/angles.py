"""Scalar formulas of angles: sin, cos and atan, as in `scalar`."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_mnist.kernels.bits import copysign, fma, horner, to_bits
from tinygrad_mnist.kernels.policy import scalar
from tinygrad_mnist.kernels.scalar import DOUBLE, Format, formula, from_libm

libm_sin, libm_cos, libm_atan = map(from_libm, (math.sin, math.cos, math.atan))


@formula
def sin(of: Format) -> Callable[..., Any]:
    """The sine of x in radians, accurate however large x is; NaN at infinity."""
    if of is DOUBLE:
        return lambda x: libm_sin(x)

    def sin(x: Any) -> Any:
        quadrant, r = _quadrant(abs(x))
        y = _sine(quadrant, r)
        return -y if to_bits(x) < 0 else y

    return sin


@formula
def cos(of: Format) -> Callable[..., Any]:
    """The cosine of x in radians, accurate however large x is; NaN at infinity."""
    if of is DOUBLE:
        return lambda x: libm_cos(x)
    quarter_turn = np.uint64(1)

    def cos(x: Any) -> Any:
        quadrant, r = _quadrant(abs(x))
        return _sine(quadrant + quarter_turn, r)

    return cos


@formula
def atan(of: Format) -> Callable[..., Any]:
    """The angle in radians whose tangent is x, from -pi/2 to pi/2.

    In float32 it is a polynomial on [0, 1], and beyond 1 a quarter turn less the angle of 1 / x.
    """
    if of is DOUBLE:
        return lambda x: libm_atan(x)
    terms = tuple(
        map(
            np.float32,
            (
                -0.33333283641538985,
                0.19998266037713502,
                -0.14261933068325866,
                0.10942030476434221,
                -0.08377314901387498,
                0.05755209265064976,
                -0.030804587792427847,
                0.010726939055671377,
                -0.001753929036910262,
            ),
        )
    )
    one, high = np.float32(1), np.float32(math.pi / 2)
    low = np.float32(math.pi / 2 - float(high))

    def atan(x: Any) -> Any:
        a = abs(x)
        steep = a > one
        t = one / a if steep else a
        z = t * t
        r = fma(t * z, horner(z, terms), t)
        return copysign((high - r) + low if steep else r, x)

    return atan


def _bits_of_two_over_pi() -> np.ndarray[Any, Any]:
    """Words of 32 bits of 2 / pi, one every 8 bits; the first begins 32 bits before the point."""
    digits = int("a2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163ab", 16)  # 224 bits
    return np.array([digits >> (224 - 8 * word) & 0xFFFFFFFF for word in range(27)], np.uint64)


_TWO_OVER_PI = _bits_of_two_over_pi()
_U = np.uint64
_NAN, _QUARTER_PI = np.float32(np.nan), np.float32(math.pi / 4)
_SINE_TERMS = tuple(
    map(
        np.float32,
        (-0.1666666716337204, 0.008333329111337662, -0.00019839330343529582, 2.7182745725440327e-06),
    )
)
_COSINE_TERMS = tuple(map(np.float32, (0.04166664555668831, -0.0013887364184483886, 2.443809171381872e-05)))
_MINUS_HALF, _ONE = np.float32(-0.5), np.float32(1)


@scalar
def _quadrant(a: Any) -> Any:
    """Write a float32 a >= 0 as a whole number of quarter turns and a rest within pi / 4 of zero.

    As M. H. Payne and R. N. Hanek: of the product of a and 2 / pi only the bits from 2 quarter
    turns down matter, so a 24-bit significand times 96 bits of 2 / pi, found by the exponent,
    gives the angle in 64-bit fixed point whatever the size of a.
    """
    if a < _QUARTER_PI:  # at once: where one sine waits for another, the rest takes three times as long
        return _U(0), a
    bits = _U(to_bits(a))
    exponent = bits >> _U(23)
    position = (exponent if exponent > _U(120) else _U(120)) - _U(120)
    word = position >> _U(3)
    significand = ((bits & _U(0x7FFFFF)) | _U(0x800000)) << (position & _U(7))
    turns = (
        ((significand * _TWO_OVER_PI[word]) << _U(32))
        + significand * _TWO_OVER_PI[word + _U(4)]
        + ((significand * _TWO_OVER_PI[word + _U(8)]) >> _U(32))
    )
    quadrant = (turns + _U(1 << 61)) >> _U(62)
    r = np.float32(np.float64(np.int64(turns - (quadrant << _U(62)))) * (math.pi / 2 * 2.0**-62))
    r = _NAN if exponent == _U(255) else r
    return quadrant, r


@scalar
def _sine(quadrant: Any, r: Any) -> Any:
    """The sine of so many quarter turns and a rest r."""
    z = r * r
    sine = fma(r * z, horner(z, _SINE_TERMS), r)
    cosine = fma(z * z, horner(z, _COSINE_TERMS), fma(z, _MINUS_HALF, _ONE))
    y = cosine if quadrant & _U(1) else sine
    return -y if quadrant & _U(2) else y
