"""log Gamma, its derivatives, and the inverse of the error function, against Python's own and identities."""

import math

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist.testing import gradcheck

POINTS = [1e-3, 0.4999, 0.5, 1.0, 1.0001, 1.5, 2.0, 3.7, 10.0, 171.0, 1e5, 1e12, 1e17, -0.5, -1.3, -20.25]


def doubles(values):
    return tg.tensor(np.array(values, np.float64))


def test_lgamma_is_pythons():
    np.testing.assert_allclose(
        tg.lgamma(doubles(POINTS)), [math.lgamma(x) for x in POINTS], rtol=2e-14, atol=1e-14
    )
    single = tg.tensor(POINTS)
    expected = np.array([math.lgamma(x) for x in single.tolist()])
    np.testing.assert_allclose(single.lgamma(), expected, rtol=2e-7, atol=1e-12)
    assert tg.lgamma(tg.tensor([0.0, -1.0, -2.0, math.inf, -math.inf])).tolist() == [math.inf] * 5
    assert math.isnan(tg.lgamma(tg.tensor(math.nan)).item())
    assert tg.lgamma(tg.tensor([1, 2, 3])).tolist() == pytest.approx([0, 0, math.log(2)])


def test_digamma_steps_as_gamma_does():
    x = doubles([0.01, 0.3, 1.0, 2.5, 7.9, 40.0, -0.4, -3.6])
    np.testing.assert_allclose(tg.digamma(x + 1), tg.digamma(x) + 1 / x, rtol=1e-12)
    assert tg.digamma(doubles([1.0])).item() == pytest.approx(-0.5772156649015329, rel=1e-14)
    at_poles = tg.digamma(tg.tensor([0.0, -0.0, -1.0])).tolist()
    assert at_poles[:2] == [-math.inf, math.inf]
    assert math.isnan(at_poles[2])


@pytest.mark.parametrize("n", [1, 2, 3])
def test_polygamma_steps_as_gamma_does(n):
    x = doubles([0.01, 0.3, 1.0, 2.5, 7.9, 40.0, -0.4, -2.7])
    step = (-1) ** n * math.factorial(n) * x ** -(n + 1)
    np.testing.assert_allclose(tg.polygamma(n, x + 1) - step, tg.polygamma(n, x), rtol=1e-12)
    assert tg.polygamma(1, doubles([1.0])).item() == pytest.approx(math.pi**2 / 6, rel=1e-14)


def test_each_is_the_derivative_of_the_one_before():
    x = tg.tensor([0.3, 0.7, 2.5, 9.0], dtype=tg.float64, requires_grad=True)
    for f, derivative in (
        (tg.lgamma, tg.digamma),
        (tg.digamma, lambda x: tg.polygamma(1, x)),
        (lambda x: tg.polygamma(1, x), lambda x: tg.polygamma(2, x)),
    ):
        (found,) = tg.autograd.grad(f(x).sum(), x)
        np.testing.assert_allclose(found, derivative(x).detach(), rtol=1e-11)


def test_erfinv_is_the_inverse():
    x = doubles([0.0, 1e-300, 1e-9, 0.3, 0.84, 0.86, 0.99, 1 - 1e-9, -0.5, -0.9999])
    np.testing.assert_allclose(tg.erf(tg.erfinv(x)), x, rtol=1e-14, atol=1e-320)
    y = doubles([0.5, 2.0, 3.0, 3.9])
    np.testing.assert_allclose(tg.erfinv(tg.erf(y)), y, rtol=1e-9)
    assert tg.erfinv(tg.tensor([1.0, -1.0])).tolist() == [math.inf, -math.inf]
    assert all(map(math.isnan, tg.erfinv(tg.tensor([1.5, -2.0, math.nan])).tolist()))
    assert tg.special.ndtri(doubles([0.975])).item() == pytest.approx(1.959963984540054, rel=1e-13)


def test_negative_arguments_have_derivatives():
    gradcheck(lambda x: tg.lgamma(x), [np.array([-0.4, -1.3, -2.7])], order=2)


def test_errors():
    with pytest.raises(ValueError, match="from 0 on"):
        tg.polygamma(-1, tg.ones(1))
