"""Scalar formulas: errors in ulp, special values, and the same bits interpreted as compiled."""

import math

import numba
import numpy as np
import pytest
from exhaustive import EVERY, NAMES, largest_error
from hypothesis import given, strategies as st
from ulp import WIDE, ulp_errors

from tinygrad_mnist.kernels import angles, bits, elementwise, scalar

# The largest error over all float32, found by exhaustive.py, is just below each of these.
LIMITS = {
    "exp": 0.9,
    "expm1": 1.55,
    "log": 0.8,
    "log1p": 1.45,
    "tanh": 2.0,
    "sigmoid": 2.0,
    "erf": 3.5,
    "sin": 1.6,
    "cos": 1.6,
    "atan": 1.6,
}
LIMITS_FLOAT64 = {
    "exp": 0.9,
    "expm1": 1.7,
    "log": 0.8,
    "log1p": 1.45,
    "tanh": 2.0,
    "sigmoid": 2.0,
    "sin": 1.0,
    "cos": 1.0,
    "atan": 1.0,
}
WIDE_REFERENCES = {
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "tanh": np.tanh,
    "sin": np.sin,
    "cos": np.cos,
    "atan": np.arctan,
    "sigmoid": lambda x: np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x))),
}
SPECIAL = [0.0, -0.0, math.inf, -math.inf, math.nan, 1.0, -1.0, 0.5, math.log(2), 16.6, -16.6]


def specials(dtype):
    """Special values, every power of two, the edges of ranges, and their neighbours."""
    facts = np.finfo(dtype)
    powers = np.ldexp(dtype(1), np.arange(facts.minexp - facts.nmant, facts.maxexp))
    edges = [
        facts.max,
        facts.smallest_normal,
        facts.smallest_subnormal,
        *np.log(np.array([facts.max, facts.smallest_normal, facts.smallest_subnormal]).astype(WIDE)),
    ]
    x = np.concatenate([powers, np.array(edges + SPECIAL, dtype)]).astype(dtype)
    x = np.concatenate([x, -x])
    with np.errstate(all="ignore"):
        return np.concatenate([x, np.nextafter(x, dtype(np.inf)), np.nextafter(x, dtype(-np.inf))])


@pytest.mark.parametrize("name", NAMES)
def test_float32_over_a_sample_of_all_bit_patterns(name):
    step = 16411  # exhaustive.py takes every one
    error, x = largest_error(name, first=17, count=EVERY // step, step=step)
    assert error <= LIMITS[name], f"{error} ulp at {x!r}"


@pytest.mark.parametrize("name", NAMES)
def test_float32_special_values(name):
    x = specials(np.float32)
    function = getattr(elementwise, name)
    errors = ulp_errors(function(x), function(x.astype(np.float64)))
    worst = np.argmax(errors)
    assert errors[worst] <= LIMITS[name], f"{errors[worst]} ulp at {x[worst]!r}"


@pytest.mark.parametrize("name", WIDE_REFERENCES)
def test_float64_against_long_double(name):
    rng = np.random.default_rng(5)
    x = np.concatenate(
        [
            specials(np.float64),
            rng.integers(0, 2**64, 20_000, dtype=np.uint64).view(np.float64),
            rng.standard_normal(20_000),
            rng.uniform(-40, 40, 20_000),
            rng.uniform(-750, 750, 20_000),
            rng.choice([-1, 1], 20_000) * 10.0 ** rng.uniform(-20, 2, 20_000),
        ]
    )
    with np.errstate(all="ignore"):
        exact = WIDE_REFERENCES[name](x.astype(WIDE))
    errors = ulp_errors(getattr(elementwise, name)(x), exact)
    worst = np.argmax(errors)
    assert errors[worst] <= LIMITS_FLOAT64[name], f"{errors[worst]} ulp at {x[worst]!r}"


def test_float64_erf():
    x = np.concatenate(
        [np.linspace(-6, 6, 5001), 10.0 ** np.linspace(-300, 1, 2000), [math.inf, -math.inf, -0.0]]
    )
    exact = np.array([math.erf(value) for value in x])
    assert np.array_equal(elementwise.erf(x), exact)
    assert np.isnan(elementwise.erf(np.array([math.nan])))


def test_sigmoid_of_minus_100_is_subnormal():
    x = np.array([-100.0, -1e4, 1e4], np.float32)
    assert np.array_equal(elementwise.sigmoid(x), np.array([3.783506e-44, 0, 1], np.float32))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", NAMES)
def test_interpreted_is_compiled(name, dtype):
    rng = np.random.default_rng(1)
    x = np.concatenate(
        [
            rng.choice(specials(dtype), 150),
            rng.standard_normal(100).astype(dtype),
            rng.uniform(-200, 200, 50).astype(dtype),
        ]
    )
    formula = (vars(angles) | vars(scalar))[name]
    interpreted = [formula(value) for value in x]
    assert {type(value) for value in interpreted} == {dtype}
    np.testing.assert_array_equal(np.array(interpreted), getattr(elementwise, name)(x))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pow_special_cases_are_those_of_ieee_754(dtype):
    positive = [0.0, 1, 2, 0.5, 3, 4, 1e30, 1e-30, 2.5, math.inf, math.nan, 2**24 + 2]
    values = np.array([*positive, *(-value for value in positive)], dtype)
    x, y = values[:, np.newaxis], values[np.newaxis]
    with np.errstate(all="ignore"):
        exact = np.power(x.astype(WIDE), y.astype(WIDE))
    got = elementwise.pow(x, y)
    assert ulp_errors(got, exact).max() <= 1
    np.testing.assert_array_equal([[scalar.pow(a, b) for b in values] for a in values], got)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pow_of_random_numbers(dtype):
    rng = np.random.default_rng(2)
    x = np.exp(rng.uniform(-30, 30, 20_000)).astype(dtype)
    y = rng.uniform(-6, 6, 20_000).astype(dtype)
    with np.errstate(all="ignore"):
        assert ulp_errors(elementwise.pow(x, y), np.power(x.astype(WIDE), y.astype(WIDE))).max() <= 1
        x *= rng.choice([-1, 1], x.shape).astype(dtype)
        y = np.round(y)
        assert ulp_errors(elementwise.pow(x, y), np.power(x.astype(WIDE), y.astype(WIDE))).max() <= 1


any_float32 = st.floats(width=32)


@given(any_float32, any_float32, any_float32)
def test_interpreted_fma_rounds_once(a, b, c):
    with np.errstate(all="ignore"):
        exact = np.float32(WIDE(a) * WIDE(b) + WIDE(c))  # rounded twice, so right but for rare ties
        got = bits.fma(np.float32(a), np.float32(b), np.float32(c))
    if np.isfinite(exact):
        assert abs(got.view(np.int32) - exact.view(np.int32)) <= 1
    else:
        np.testing.assert_array_equal(got, exact)


def test_interpreted_fma_keeps_what_two_roundings_lose():
    tiny = np.float32(2.0**-12)
    assert bits.fma(1 + tiny, 1 + tiny, -(1 + 2 * tiny)) == tiny * tiny
    # a tie for two roundings, decided by the last of 60 bits for one
    a, b = np.float32(1 + 2.0**-23), np.float32(1 + 2.0**-12)
    assert bits.fma(a, b, np.float32(2.0**-40)) == np.float32(math.fsum([float(a) * float(b), 2.0**-40]))


@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_ldexp_without_an_instruction_for_it(real, monkeypatch):
    monkeypatch.setattr(bits, "VECTOR_BYTES", 32)
    compiled = numba.njit(lambda x, n: bits.ldexp(x, n))
    integer, limit = (np.int32, 250) if real == np.float32 else (np.int64, 2040)
    for n in range(-limit, limit + 1, 10):
        for x in map(real, (1, 1.9999999, -0.75, 0)):
            with np.errstate(all="ignore"):
                assert compiled(x, integer(n)) == np.ldexp(x, n) == bits.ldexp(x, integer(n))
