"""Costs against their formulas, element by element; reductions; refusals."""

import math
import warnings

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist.errors import ShapeError
from tinygrad_mnist.nn import functional as F
from tinygrad_mnist.testing import gradcheck

RNG = np.random.default_rng(4)
X, Y, Z = RNG.normal(size=(3, 4, 3))
P, Q = RNG.uniform(0.05, 0.95, (2, 4, 3))
SIGNS = np.array([1.0, -1.0, 1.0, -1.0])


def cosines(a, b):
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def distances(a, b):
    return np.linalg.norm(a - b + 1e-6, axis=1)


D = np.abs(X - Y)
#: name -> (operands, options, elements)
CASES = {
    "l1_loss": ((X, Y), {}, D),
    "huber_loss": ((X, Y), {"delta": 0.7}, np.where(D <= 0.7, D * D / 2, 0.7 * (D - 0.35))),
    "smooth_l1_loss": ((X, Y), {"beta": 0.5}, np.where(D < 0.5, D * D, D - 0.25)),
    "gaussian_nll_loss": (
        (X, Y, P),
        {"full": True},
        (np.log(P) + (X - Y) ** 2 / P + math.log(2 * math.pi)) / 2,
    ),
    "poisson_nll_loss": ((X, 5 * P), {}, np.exp(X) - 5 * P * X),
    "binary_cross_entropy": ((P, Q), {}, -Q * np.log(P) - (1 - Q) * np.log(1 - P)),
    "kl_div": ((X, Q), {}, Q * (np.log(Q) - X)),
    "margin_ranking_loss": (
        (X[:, 0], Y[:, 0], SIGNS),
        {"margin": 0.3},
        np.maximum(0, -SIGNS * (X - Y)[:, 0] + 0.3),
    ),
    "hinge_embedding_loss": (
        (X[:, 0], SIGNS),
        {},
        np.where(SIGNS == 1, X[:, 0], np.maximum(0, 1 - X[:, 0])),
    ),
    "cosine_embedding_loss": (
        (X, Y, SIGNS),
        {"margin": 0.1},
        np.where(SIGNS == 1, 1 - cosines(X, Y), np.maximum(0, cosines(X, Y) - 0.1)),
    ),
    "triplet_margin_loss": (
        (X, Y, Z),
        {"swap": True},
        np.maximum(0, distances(X, Y) - np.minimum(distances(X, Z), distances(Y, Z)) + 1),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_values(name):
    operands, options, elements = CASES[name]
    loss = getattr(F, name)
    tensors = [tg.Tensor(x) for x in operands]
    np.testing.assert_allclose(loss(*tensors, reduction="none", **options), elements, rtol=1e-9)
    assert loss(*tensors, **options).item() == pytest.approx(elements.mean())
    assert loss(*tensors, reduction="sum", **options).item() == pytest.approx(elements.sum())
    with pytest.raises(ValueError, match=f"{name}: average is not a valid value for reduction"):
        loss(*tensors, reduction="average", **options)
    gradcheck(lambda x: loss(x, *tensors[1:], **options), [operands[0]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that the shapes differ
        with pytest.raises(ShapeError):
            loss(tensors[0], *[x[:2] for x in tensors[1:]], **options)


def test_reductions_of_the_other_costs():
    x, q = tg.Tensor(X), tg.Tensor(Q)
    classes = np.array([2, 0, 1, 1])
    log_p = X - np.log(np.exp(X).sum(1, keepdims=True))
    right = -log_p[np.arange(4), classes]
    for loss, target, elements in (
        (F.mse_loss, q, (X - Q) ** 2),
        (F.binary_cross_entropy_with_logits, q, np.logaddexp(0, X) - Q * X),
        (F.cross_entropy, classes, right),
        (F.cross_entropy, q, -(Q * log_p).sum(1)),
        (lambda x, t, reduction: F.nll_loss(x.log_softmax(), t, reduction=reduction), classes, right),
    ):
        np.testing.assert_allclose(loss(x, target, reduction="none"), elements, rtol=1e-9)
        assert loss(x, target, reduction="sum").item() == pytest.approx(elements.sum())
        assert loss(x, target, reduction="mean").item() == pytest.approx(elements.mean())
        with pytest.raises(ValueError, match="is not a valid value for reduction"):
            loss(x, target, reduction="all")


def test_divergence_per_example_and_of_logarithms():
    x, q = tg.Tensor(X), tg.Tensor(Q)
    whole = (Q * (np.log(Q) - X)).sum()
    assert F.kl_div(x, q, reduction="batchmean").item() == pytest.approx(whole / 4)
    assert F.kl_div(x, tg.Tensor(np.log(Q)), reduction="sum", log_target=True).item() == pytest.approx(whole)
    assert F.kl_div(tg.zeros(2), tg.zeros(2)).item() == 0


def test_poisson_of_rates_and_with_stirling():
    rate, count = tg.Tensor([2.0, 3.0], dtype="float64"), tg.Tensor([1.0, 4.0], dtype="float64")
    stirling = 4 * math.log(4) - 4 + math.log(8 * math.pi) / 2
    expected = [2 - math.log(2), 3 - 4 * math.log(3) + stirling]
    found = F.poisson_nll_loss(rate, count, log_input=False, full=True, reduction="none")
    np.testing.assert_allclose(found, expected, rtol=1e-7)


def test_certain_probabilities_have_finite_costs_and_gradients():
    p = tg.Tensor([0.0, 1.0, 0.0, 1.0], requires_grad=True)
    cost = F.binary_cross_entropy(p, tg.Tensor([0.0, 1.0, 1.0, 0.0]), reduction="none")
    assert cost.tolist() == [0, 0, 100, 100]
    cost.sum().backward()
    assert np.isfinite(p.grad.numpy()).all()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: F.huber_loss(tg.ones(1), tg.ones(1), delta=0.0),
        lambda: F.smooth_l1_loss(tg.ones(1), tg.ones(1), beta=-1.0),
    ],
)
def test_options_out_of_range(wrong):
    with pytest.raises(ValueError, match=r"delta|beta"):
        wrong()
