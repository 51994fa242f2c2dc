"""Derivatives at operands that are never drawn: ties, kinks, powers of zero, positive definite matrices.

Where a derivative does not exist, what is checked is the value that is given in its place.
"""

import math

import numpy as np

import tinygrad_mnist as tg
from tinygrad_mnist import ops
from tinygrad_mnist.ops import linalg
from tinygrad_mnist.testing import gradcheck


def pulled(f, cotangent, *primals):
    """The cotangents of float64 operands."""
    _, pull = tg.vjp(f, *(tg.Tensor(np.asarray(x, np.float64)) for x in primals))
    return [g.tolist() for g in pull(tg.Tensor(np.asarray(cotangent, np.float64)))]


def test_elements_that_tie_for_an_extreme_share_its_cotangent():
    assert pulled(lambda x: x.amax(1), [6.0, 5.0], [[2, 1, 2], [0, 3, 1]]) == [[[3, 0, 3], [0, 5, 0]]]
    assert pulled(lambda x: x.amin(0), [3.0], [[1], [1], [1]]) == [[[1], [1], [1]]]
    assert pulled(lambda x: x.max(), 6.0, [2, 1, 2]) == [[3, 0, 3]]
    assert pulled(lambda x: x.max(1).values, [6.0, 5.0], [[2, 1, 2], [0, 3, 1]]) == [[[6, 0, 0], [0, 5, 0]]]


def test_operands_that_tie_share_the_cotangent():
    assert pulled(ops.maximum, [4.0, 4.0, 4.0], [1, 2, 3], [2, 2, 2]) == [[0, 2, 4], [4, 2, 0]]
    assert pulled(ops.minimum, [4.0, 4.0, 4.0], [1, 2, 3], [2, 2, 2]) == [[4, 2, 0], [0, 2, 4]]


def test_kinks_of_functions_of_one():
    assert pulled(ops.abs, [5.0], [0.0]) == [[0]]
    assert pulled(ops.relu, [5.0], [0.0]) == [[0]]
    assert pulled(ops.leaky_relu, [5.0], [0.0]) == [[0.05]]
    assert pulled(lambda x: x.clamp(-1, 1), [5.0, 5.0, 5.0], [-1.0, 1.0, 1.5]) == [[5, 5, 0]]
    assert pulled(lambda x: x.norm(), 5.0, [0.0, 0.0]) == [[0, 0]]


def test_powers_of_zero():
    base, exponent = np.array([0.0, 0.0, 0.0, 1.5]), np.array([1.0, 2.0, 3.0, 2.0])
    gradcheck(ops.pow, [base, exponent])
    gradcheck(lambda a: ops.pow(a, exponent), [base], order=2)


def test_zeroth_powers():
    base = np.array([0.0, 1.5])
    gradcheck(lambda a: ops.pow(a, np.zeros(2)), [base])
    gradcheck(lambda a: ops.pow(a, 0.0), [base])
    assert pulled(ops.pow, [5.0], [0.0], [0.0]) == [[0], [0]]
    assert pulled(ops.pow, [5.0], [1.0], [0.0]) == [[0], [0]]


def test_powers_with_a_python_number():
    x = np.array([0.3, 1.5, 2.5])
    for number in (0.5, 2.5):
        gradcheck(lambda a, number=number: ops.pow(a, number), [x], order=2)
        gradcheck(lambda b, number=number: ops.pow(number, b), [x], order=2)
    assert pulled(lambda b: ops.pow(0.0, b), [5.0], [0.0]) == [[0]]
    with np.errstate(all="ignore"):
        assert pulled(lambda b: ops.pow(0.0, b), [5.0] * 3, [0.0, 1.0, -1.0]) == [[0, 0, -math.inf]]
        assert pulled(ops.pow, [5.0], [0.0], [-1.0]) == [[-math.inf], [-math.inf]]
    with np.errstate(invalid="ignore"):
        assert np.isnan(pulled(lambda b: ops.pow(-2.0, b), [5.0], [2.0])).all()


# Matrices that random numbers are not ----------------------------------------------------------------


def test_cholesky_of_positive_definite_matrices():
    a = np.array([[[1.0, 0.5, -0.2], [0.3, 2.0, 0.7], [-1.1, 0.4, 1.5]]])
    gradcheck(lambda x: linalg.cholesky(x @ x.transpose() + np.eye(3)), [a], order=2)


def test_singular_values_of_a_stack():
    a = np.array([[[1.0, 0.5], [0.3, 2.0], [-1.1, 0.4]], [[0.2, 1.5], [2.3, 0.1], [0.7, -0.6]]])
    gradcheck(lambda x: linalg.svd(x)[1], [a])
