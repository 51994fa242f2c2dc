"""Scalar formulas: exp, log, tanh, sigmoid, erf, pow... each written once; those of angles are in `angles`.

Every function takes float32 and returns float32, or float64 and float64. Eager array kernels and
fused loops are made of the same formula, so they give the same bits. Called from compiled code
a formula dissolves into the loop around it; called from Python on NumPy scalars it is interpreted.

The float32 formulas are free of branches and library calls, so that loops over them vectorise:
every case is computed and the right one selected. Polynomials are minimax fits of our own (Remez
exchange). For the methods see J.-M. Muller, "Elementary Functions", and W. J. Cody and W. Waite,
"Software Manual for the Elementary Functions".
"""

import inspect
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tinygrad_mnist.kernels.bits import copysign, fma, from_bits, horner, ldexp, to_bits
from tinygrad_mnist.kernels.numba_door import extending, types
from tinygrad_mnist.kernels.policy import SCALAR_OPTIONS, scalar


class Format(NamedTuple):
    """The constants of one floating-point format."""

    real: Any  # the NumPy scalar type
    integer: Any  # of the same width
    digits: int  # explicit bits of the fraction
    bias: int  # of the exponent
    exp_range: tuple[float, float]  # where e^x is neither zero nor infinite, a little wider
    ln2: tuple[float, float]  # high part with zeros at its end, and the rest
    exp_terms: tuple[float, ...]  # (e^r - 1 - r) / r^2 for |r| <= ln(2) / 2
    log_terms: tuple[float, ...]  # (log((1 + s) / (1 - s)) / s - 2) / s^2 in s^2, |s| <= 0.1716


SINGLE = Format(
    np.float32,
    np.int32,
    23,
    127,
    (-104.0, 89.0),
    (0.693145751953125, 1.42860677e-06),
    exp_terms=(
        0.5,
        0.16666534543037415,
        0.04166724532842636,
        0.008367440663278103,
        0.0013863134663552046,
    ),
    log_terms=(0.6666677594184875, 0.399774968624115, 0.298730731010437),
)
DOUBLE = Format(
    np.float64,
    np.int64,
    52,
    1023,
    (-746.0, 710.0),
    (0.6931471803691238, 1.9082149292705877e-10),
    exp_terms=(
        0.5,
        0.16666666666666677,
        0.0416666666666667,
        0.008333333333321579,
        0.0013888888888866759,
        0.00019841269886266606,
        2.4801587360711336e-05,
        2.755724406153053e-06,
        2.7557242627276085e-07,
        2.5109090553357882e-08,
        2.092448424215386e-09,
    ),
    log_terms=(
        0.6666666666666735,
        0.3999999999941109,
        0.28571428743262756,
        0.2222219847597326,
        0.18183569740652167,
        0.15313903221773018,
        0.14797507985018132,
    ),
)


def formula(build: Callable[[Format], Callable[..., Any]]) -> Callable[..., Any]:
    """Make one function for both formats out of a builder that writes it for either."""
    single, double = build(SINGLE), build(DOUBLE)

    def interpreted(*args: Any) -> Any:
        chosen = single if isinstance(args[0], np.float32) else double
        with np.errstate(all="ignore"):
            return chosen(*args)

    def choose(x: Any) -> Any:
        return {types.float32: single, types.float64: double}.get(x)

    one_argument = len(inspect.signature(single).parameters) == 1
    interpreted.__name__ = interpreted.__qualname__ = build.__name__
    interpreted.__doc__ = build.__doc__
    extending.overload(interpreted, jit_options=SCALAR_OPTIONS, strict=False)(
        choose if one_argument else lambda x, y: choose(x) if x == y else None
    )
    return interpreted


def _exponential(of: Format) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """What the functions made of e^x share: n and t with e^x = 2^n (1 + t), |t| < 0.42, and 2^n."""
    real, terms = of.real, tuple(map(of.real, of.exp_terms))
    log2_e, ln2_high, ln2_low = real(1 / math.log(2)), real(of.ln2[0]), real(of.ln2[1])
    # Adding 1.5 * 2^digits leaves no room for a fraction: the sum is rounded, its low bits are the integer.
    rounder = real(1.5 * 2.0**of.digits)
    rounder_bits = to_bits(rounder)
    integer, bias, digits = of.integer, of.integer(of.bias), of.integer(of.digits)

    def split(x: Any) -> Any:
        shifted = fma(x, log2_e, rounder)
        n = shifted - rounder
        coarse = fma(n, -ln2_high, x)  # exact
        r = fma(n, -ln2_low, coarse)
        lost = fma(n, -ln2_low, coarse - r)  # by rounding r
        return integer(to_bits(shifted) - rounder_bits), r + fma(r * r, horner(r, terms), lost)

    def power_of_two(n: Any) -> Any:
        return from_bits(integer(integer(n + bias) << digits))

    return scalar(split), scalar(power_of_two)


@formula
def exp(of: Format) -> Callable[..., Any]:
    """e^x, within 1 ulp; subnormal results are rounded once."""
    lowest, highest = map(of.real, of.exp_range)
    one = of.real(1)
    split, _ = _exponential(of)

    def exp(x: Any) -> Any:
        x = lowest if x < lowest else x
        x = highest if x > highest else x
        n, t = split(x)
        return ldexp(one + t, n)

    return exp


@formula
def expm1(of: Format) -> Callable[..., Any]:
    """e^x - 1 without cancellation near zero, within 2 ulp."""
    lowest, highest = of.real(-(of.digits + 2) * math.log(2)), of.real(of.exp_range[1])
    one, largest = of.real(1), of.integer(of.bias)
    split, power_of_two = _exponential(of)

    def expm1(x: Any) -> Any:
        y = lowest if x < lowest else x
        y = highest if y > highest else y
        n, t = split(y)
        fitting = n if n < largest else largest  # 2^n may overflow where e^x does not
        scale = power_of_two(fitting)
        return copysign(fma(scale, t, scale - one) * power_of_two(of.integer(n - fitting)), x)

    return expm1


@formula
def sigmoid(of: Format) -> Callable[..., Any]:
    """1 / (1 + e^-x), within 2 ulp also where it is almost zero; never overflows.

    With e^-x = 2^n (1 + t) it is s / (s + t + 1) where s = 2^-n.
    """
    lowest, highest = of.real(of.exp_range[0]), of.real(of.bias * math.log(2))
    one, integer = of.real(1), of.integer
    split, _ = _exponential(of)

    def sigmoid(x: Any) -> Any:
        x = lowest if x < lowest else x
        x = highest if x > highest else x
        n, t = split(-x)
        s = ldexp(one, integer(-n))
        return s / (s + t + one)

    return sigmoid


@formula
def tanh(of: Format) -> Callable[..., Any]:
    """(1 - e^-2x) / (1 + e^-2x), within 2 ulp."""
    one, minus_two, saturated = of.real(1), of.real(-2), of.real(of.digits)
    split, power_of_two = _exponential(of)

    def tanh(x: Any) -> Any:
        a = abs(x)
        n, t = split(minus_two * (saturated if a > saturated else a))
        s = power_of_two(n)
        return copysign(fma(-s, t, one - s) / fma(s, t, one + s), x)

    return tanh


def _logarithm(of: Format) -> Callable[..., Any]:
    """The core that log and log1p share: the logarithm of 2^k (1 + f) from k and f.

    With s = f / (2 + f), log(1 + f) = log((1 + s) / (1 - s)) is odd in s and converges fast.
    """
    real, terms = of.real, tuple(map(of.real, of.log_terms))
    half, two, ln2_high, ln2_low = real(0.5), real(2), real(of.ln2[0]), real(of.ln2[1])

    def logarithm(k: Any, f: Any) -> Any:
        n = real(k)
        s = f / (two + f)
        z = s * s
        square = half * f * f
        tail = s * fma(z, horner(z, terms), square) + n * ln2_low
        return n * ln2_high - ((square - tail) - f)

    return scalar(logarithm)


@formula
def log(of: Format) -> Callable[..., Any]:
    """The natural logarithm, within 1 ulp; minus infinity at zero, NaN below."""
    real, integer, digits = of.real, of.integer, of.integer(of.digits)
    one, infinity, nan = real(1), real(np.inf), real(np.nan)
    smallest_normal, rescale, zero = np.finfo(real).smallest_normal, real(2.0**of.digits), of.integer(0)
    root_half_bits = to_bits(real(math.sqrt(0.5)))
    logarithm = _logarithm(of)

    def log(x: Any) -> Any:
        subnormal = x < smallest_normal
        bits = to_bits(x * rescale if subnormal else x)
        k = integer(integer(bits - root_half_bits) >> digits)
        f = from_bits(integer(bits - integer(k << digits))) - one
        y = logarithm(integer(k - (digits if subnormal else zero)), f)
        y = y if x < infinity else x  # infinity and NaN are their own logarithms
        y = nan if x < 0 else y
        return -infinity if x == 0 else y

    return log


@formula
def log1p(of: Format) -> Callable[..., Any]:
    """log(1 + x) without cancellation near zero, within 2 ulp."""
    real, integer, digits = of.real, of.integer, of.integer(of.digits)
    one, infinity, nan = real(1), real(np.inf), real(np.nan)
    root_half_bits, bias, zero = to_bits(real(math.sqrt(0.5))), of.integer(of.bias), of.integer(0)
    logarithm = _logarithm(of)

    def log1p(x: Any) -> Any:
        u = one + x
        lost = x - (u - one) if x < one else one - (u - x)  # u + lost is 1 + x exactly
        bits = to_bits(u)
        k = integer(integer(bits - root_half_bits) >> digits)
        f = from_bits(integer(bits - integer(k << digits))) - one
        exponent = integer(bias - k)
        scale = from_bits(integer((exponent if exponent > zero else zero) << digits))  # 2^-k
        y = logarithm(k, fma(lost, scale, f))
        y = y if x < infinity else x
        y = nan if u < 0 else y
        y = -infinity if u == 0 else y
        return x if x == 0 else y  # keeps the sign of zero

    return log1p


def from_libm(function: Callable[[float], float]) -> Callable[..., Any]:
    """A float64 function of the C library, NaN where Python's wrapper would raise."""

    def libm(x: Any) -> Any:
        try:
            return np.float64(function(x))
        except ValueError:
            return np.float64(np.nan)

    extending.overload(libm, jit_options=SCALAR_OPTIONS)(lambda x: lambda x: function(x))
    return libm


def libm_pow(a: Any, y: Any) -> Any:
    """a^y by the C library, for a >= 0 in float64."""
    try:
        return np.float64(math.pow(a, y))
    except (OverflowError, ValueError):  # ValueError: zero to a negative power
        return np.float64(np.inf)


extending.overload(libm_pow, jit_options=SCALAR_OPTIONS)(lambda a, y: lambda a, y: math.pow(a, y))
libm_erf = from_libm(math.erf)


@formula
def erf(of: Format) -> Callable[..., Any]:
    """The error function, 2/sqrt(pi) times the integral of e^(-t^2) from 0 to x.

    In float32 the smooth quotient g(a) = -log(1 - erf(a)) / a is a polynomial on [0, 4], so
    that one expression, 1 - e^(-a g(a)), is accurate from zero to saturation.
    """
    if of is DOUBLE:
        return lambda x: libm_erf(x)
    terms = tuple(
        map(
            np.float32,
            (
                1.128379225730896,
                0.6366198062896729,
                0.10277127474546432,
                -0.019117694348096848,
                -0.00025306077441200614,
                0.0017993535147979856,
                -0.0007406855584122241,
                0.00016748080088291317,
                -2.13545481528854e-05,
                1.1932936558878282e-06,
            ),
        )
    )
    saturated = np.float32(4)

    def erf(x: Any) -> Any:
        a = abs(x)
        a = saturated if a > saturated else a
        return copysign(expm1(-a * horner(a, terms)), x)

    return erf


@formula
def pow(of: Format) -> Callable[..., Any]:
    """x^y, with the special cases of IEEE 754; in float32 computed as e^(y log |x|) in float64."""
    real, one, half, two = of.real, of.real(1), of.real(0.5), of.real(2)
    infinity, nan = of.real(np.inf), of.real(np.nan)

    @scalar
    def magnitude_single(a: Any, y: Any) -> Any:
        power = real(exp(np.float64(y) * log(np.float64(a))))
        return one if a == one or y == 0 else power

    magnitude = magnitude_single if of is SINGLE else libm_pow

    def pow(x: Any, y: Any) -> Any:
        power = magnitude(abs(x), y)
        whole, half_y = np.floor(y) == y, half * y
        odd = whole and np.floor(half_y) * two != y
        power = copysign(power, x) if odd else power
        undefined = x < 0 and x > -infinity and not whole and y != 0
        return nan if undefined else power

    return pow
