"""Softmax and relatives: kernels against expansions, any axis and layout, compiled, refusals."""

import itertools
import math

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import ops
from tinygrad_mnist.compiler import build, specialization
from tinygrad_mnist.errors import ShapeError
from tinygrad_mnist.kinds import Composed
from tinygrad_mnist.nn import functional as F
from tinygrad_mnist.ops import softmaxes
from tinygrad_mnist.primitive import REGISTRY

EXPANDED = [p for p in REGISTRY.values() if isinstance(p.kind, Composed) and p.name != "searchsorted"]
SPECIAL = [-math.inf, math.inf, math.nan, 0.0, 1e4, -1e4]
X = (3 * np.random.default_rng(0).standard_normal((3, 4, 5))).astype(np.float32)


@pytest.mark.parametrize("primitive", [p for p in EXPANDED if p.arity == 1], ids=lambda p: p.name)
def test_kernels_do_with_special_numbers_what_the_expansions_do(primitive):
    rows = np.array(list(itertools.product(SPECIAL, repeat=3)), np.float32)
    params = ((1,), False) if primitive.name == "logsumexp" else (1,)
    with np.errstate(all="ignore"):
        expected = primitive.kind.of(rows, *params)
    np.testing.assert_allclose(primitive(rows, *params), expected, rtol=1e-6)


@pytest.mark.parametrize("primitive", EXPANDED, ids=lambda p: p.name)
def test_programs_contain_the_expansion(primitive, monkeypatch):
    monkeypatch.setattr(specialization, "compiled", build.interpreted)
    params = primitive.cases[0][primitive.arity :]
    operands = [tg.Tensor(X[0, :2, :3]), tg.tensor([2, 0]), tg.Tensor(X[0, 0, :2])][: primitive.arity]
    compiled = tg.jit(lambda *xs: primitive(*xs, *params))
    expected = primitive(*operands, *params).numpy()
    np.testing.assert_allclose(compiled(*operands).numpy(), expected, rtol=2e-6)
    assert primitive.name not in {i.primitive.name for i in compiled.program.instructions}


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_any_axis_and_layout(axis, dtype):
    for x in (X.astype(dtype), X.astype(dtype).T, X.astype(dtype)[::2, :, ::-1]):
        e = np.exp(x - x.max(axis, keepdims=True, initial=0))
        p = e / e.sum(axis, keepdims=True)
        result = ops.softmax(x, axis)
        assert result.dtype == (dtype if dtype != np.int64 else np.float32)
        np.testing.assert_allclose(result, p, rtol=2e-5)
        np.testing.assert_allclose(ops.log_softmax(x, axis), np.log(p), rtol=2e-5, atol=1e-6)
        lse = np.log(np.exp(x.astype(np.float64)).sum(axis))
        np.testing.assert_allclose(ops.logsumexp(x, axis), lse, rtol=2e-5, atol=1e-6)
    lse = np.log(np.exp(X).sum((0, 2), keepdims=True))
    np.testing.assert_allclose(ops.logsumexp(X, (0, 2), keepdims=True), lse, rtol=2e-6)


def test_cross_entropy_takes_every_kind_of_integers_and_layout():
    scores = tg.Tensor(X[0])
    expected = -np.log(ops.softmax(X[0])[range(4), [4, 0, 1, 4]])
    for classes in ([4, 0, 1, 4], np.array([4, 0, 1, 4], np.uint8), np.array([4, 9, 0, 9, 1, 9, 4])[::2]):
        cost = F.cross_entropy(scores, classes, reduction="none")
        np.testing.assert_allclose(cost.numpy(), expected, rtol=1e-6)
    strided = tg.Tensor(np.asfortranarray(X[0]), requires_grad=True)
    F.cross_entropy(strided, [4, 0, 1, 4]).backward()
    plain = tg.Tensor(X[0], requires_grad=True)
    F.cross_entropy(plain, [4, 0, 1, 4]).backward()
    np.testing.assert_allclose(strided.grad.numpy(), plain.grad.numpy(), rtol=1e-6)


def test_refusals_and_nothing():
    with pytest.raises(ShapeError, match="no elements"):
        ops.logsumexp(np.zeros((2, 0)), 1)
    with pytest.raises(ShapeError, match="one class for each"):
        softmaxes.cross_entropy_of_rows(X[0], np.zeros(3, np.int64))
    with pytest.raises(IndexError, match=r"there is a label 5|position 5"):
        F.cross_entropy(tg.Tensor(X[0]), [0, 1, 2, 5])
    with pytest.raises(IndexError, match=r"there is a label 5|position 5"):
        softmaxes.cross_entropy_slope(X[0], np.array([0, 1, 2, 5]), X[0, :, 0])
    assert (ops.softmax(np.array(3.0)), ops.log_softmax(np.array(3.0), 0)) == (1, 0)
    nothing = np.zeros((0, 3), np.float32)
    assert ops.softmax(nothing).shape == ops.softmax(nothing, 0).shape == (0, 3)
    assert softmaxes.cross_entropy_of_rows(nothing, np.zeros(0, np.int64)).shape == (0,)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8"])
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_compiled_of_integers_that_are_far_apart(name, dtype):
    x = tg.Tensor(np.array([[0, 1, 127], [120, 0, 7]]).astype(dtype))
    function = lambda x: getattr(x, name)(1)
    np.testing.assert_allclose(tg.jit(function)(x).numpy(), function(x).numpy(), rtol=1e-5, atol=1e-30)
