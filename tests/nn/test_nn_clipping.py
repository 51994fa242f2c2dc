import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_mnist as tg
from tinygrad_mnist import nn
from tinygrad_mnist.nn.utils import clip_grad_norm_, clip_grad_value_

REFERENCE = json.loads((Path(__file__).parents[1] / "optim" / "reference.json").read_text())[
    "clip_grad_norm_"
]


def with_gradients(*gradients):
    params = [nn.Parameter(np.zeros(np.shape(g), np.asarray(g).dtype)) for g in gradients]
    for p, g in zip(params, gradients, strict=True):
        p.grad = tg.Tensor(g)
    return params


@pytest.mark.parametrize("max_norm", REFERENCE)
def test_norm_equals_pytorch(max_norm):
    params = with_gradients(np.array([3.0, -4.0]), np.array([[12.0]]))
    norm = clip_grad_norm_((p for p in params), float(max_norm))
    assert norm.item() == pytest.approx(REFERENCE[max_norm]["norm"], rel=1e-12)
    assert norm.shape == ()
    for p, g in zip(params, REFERENCE[max_norm]["gradients"], strict=True):
        np.testing.assert_allclose(p.grad.numpy(), g, rtol=1e-12)


@settings(deadline=None)
@given(hnp.arrays(np.float32, (4,), elements=st.floats(-1e3, 1e3, width=32)), st.floats(0, 10))
def test_norm_is_limited(g, limit):
    (p,) = with_gradients(g)
    norm = clip_grad_norm_([p], limit).item()
    assert norm == pytest.approx(np.linalg.norm(g.astype(float)), rel=1e-5, abs=1e-20)
    assert np.linalg.norm(p.grad.numpy()) <= limit * (1 + 1e-5)
    if norm < 0.99 * limit:
        np.testing.assert_array_equal(p.grad.numpy(), g)


def test_dtypes_stay():
    params = with_gradients(np.ones(2, np.float32), np.ones(2, np.float64))
    clip_grad_norm_(params, 0.5)
    clip_grad_value_(params, 0.1)
    assert [p.grad.dtype for p in params] == [np.float32, np.float64]


def test_a_single_parameter_is_enough():
    (p,) = with_gradients(np.array([6.0, 8.0]))
    assert clip_grad_norm_(p, 5.0).item() == pytest.approx(10)
    np.testing.assert_allclose(p.grad.numpy(), [3, 4], rtol=1e-6)
    clip_grad_value_(p, 3.5)
    assert p.grad.numpy().max() == 3.5


def test_values_are_limited():
    (p,) = with_gradients(np.array([-3.0, 0.5, 2.0]))
    clip_grad_value_([p], 1.0)
    assert p.grad.tolist() == [-1.0, 0.5, 1.0]


def test_parameters_without_gradients():
    p = nn.Parameter([1.0])
    assert clip_grad_norm_([p], 1.0).item() == 0
    clip_grad_value_([p], 1.0)
    assert p.grad is None


def test_a_spoiled_gradient_shows_in_the_norm():
    (p,) = with_gradients(np.array([1.0, math.nan]))
    assert math.isnan(clip_grad_norm_([p], 1.0).item())


@pytest.mark.parametrize("bad", [-1.0, math.nan])
def test_errors(bad):
    with pytest.raises(ValueError, match="max_norm"):
        clip_grad_norm_([nn.Parameter([1.0])], bad)
    with pytest.raises(ValueError, match="clip_value"):
        clip_grad_value_([nn.Parameter([1.0])], bad)


def test_clipping_is_not_recorded():
    x = tg.Tensor([2.0], requires_grad=True)
    (x * x * x).sum().backward(create_graph=True)
    clip_grad_norm_([x], 1.0)
    assert x.grad.is_leaf
