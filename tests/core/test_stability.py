"""Far from zero, in float32: no NaN, no overflow warning, in values and gradients alike."""

import math

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import Tensor, ops
from tinygrad_mnist.core.autodiff import vjp
from tinygrad_mnist.primitive import COMPOSITES, REGISTRY
from tinygrad_mnist.testing.calls import composite_call, draw, primitive_call
from tinygrad_mnist.testing.samples import elementwise_shapes

LARGE = np.array([1e4, -1e4, 9999.0, 0.5, -300.0, 88.8, -104.0, 1e-3, -20.0, 17.0, 600.0, -1.0], np.float32)

CALLS = [
    primitive_call(p, case)
    for p in REGISTRY.values()
    if p.differentiable
    for case in p.cases or elementwise_shapes(p.arity)
] + [composite_call(c, case) for c in COMPOSITES.values() if c.differentiable for case in c.cases]


def large_operands(call, shift):
    """Operands of a call with the real ones up to 1e4, in the mathematical domain."""
    low, high = call.domain
    values = np.roll(LARGE, shift)
    if low >= 0:
        values = np.abs(values)
    elif low > -1:
        values = np.where(values < low, -values, values)
    if low > 1 or high < 3:  # beyond it there is nothing
        values = np.clip(values, low, high if high < 3 else None)
    return [
        Tensor(np.resize(np.roll(values, 5 * k), x.shape) if x.dtype.kind == "f" else x)
        for k, x in enumerate(draw(call, np.random.default_rng(shift)))
    ]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_large_numbers(call):
    for shift in range(len(LARGE)):
        operands = large_operands(call, shift)
        real = [x for x in operands if x.dtype.kind == "f"]

        def f(*xs, operands=operands):
            rest = iter(xs)
            return call.function(*(next(rest) if x.dtype.kind == "f" else x for x in operands))

        y, pull = vjp(f, *real)
        for sign in (1, -1):
            for g in pull(tg.full(y.shape, sign, y.dtype)):
                assert not np.isnan(g.numpy()).any(), (real, y, g)
        assert not np.isnan(y.numpy()).any()


def gradient(f, *numbers):
    return tg.grad(lambda x: f(x).sum())(Tensor(list(numbers))).tolist()


def test_limits_of_the_activations():
    big = [1e4, -1e4]
    assert Tensor(big).sigmoid().tolist() == [1, 0]
    assert Tensor(big).softplus().tolist() == [1e4, 0]
    assert Tensor(big).silu().tolist() == [1e4, 0]
    assert Tensor(big).gelu().tolist() == [1e4, 0]
    assert Tensor(big).gelu("tanh").tolist() == [1e4, 0]
    assert Tensor(big).elu().tolist() == [1e4, -1]
    assert gradient(ops.sigmoid, *big) == [0, 0]
    assert gradient(ops.softplus, *big) == [1, 0]
    assert gradient(ops.silu, *big) == [1, 0]
    assert gradient(ops.gelu, *big) == [1, 0]
    assert gradient(ops.elu, *big) == [1, 0]


def test_softmax_and_relatives():
    x = Tensor([1e4, 0.0, -1e4])
    assert x.softmax().tolist() == [1, 0, 0]
    assert x.log_softmax().tolist() == [0, -1e4, -2e4]
    assert x.logsumexp().item() == 1e4
    assert gradient(lambda x: x.log_softmax() * Tensor([0.0, 1.0, 0.0]), 1e4, 0.0, -1e4) == [-1, 1, 0]


def test_masking_with_infinity():
    x = Tensor([-math.inf, 1.0, 1.0])
    assert x.softmax().tolist() == [0, 0.5, 0.5]
    assert gradient(lambda x: x.softmax() * x.detach().exp(), -math.inf, 1.0, 1.0) == [0, 0, 0]
    assert x.logsumexp().item() == pytest.approx(1 + math.log(2))
    assert Tensor([-math.inf, -math.inf]).logsumexp().item() == -math.inf
    assert Tensor([math.inf, 0.0]).logsumexp().item() == math.inf


def test_small_numbers_keep_their_precision():
    tiny = 1e-10
    assert Tensor(tiny).expm1().item() == pytest.approx(tiny)
    assert Tensor(tiny).log1p().item() == pytest.approx(tiny)
    assert Tensor(-100.0).softplus().item() == pytest.approx(math.exp(-100))
    assert Tensor(-80.0).sigmoid().item() == pytest.approx(math.exp(-80))
    assert Tensor(-5.0).elu().item() == pytest.approx(math.expm1(-5))


def test_cross_entropy_of_a_confident_mistake():
    logits = Tensor([[1e4, -1e4]], requires_grad=True)
    cost = -logits.log_softmax()[0, 1]
    cost.backward()
    assert cost.item() == 2e4
    assert logits.grad.tolist() == [[1, -1]]
