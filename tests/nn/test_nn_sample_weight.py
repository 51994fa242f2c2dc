"""Every cost takes a weight for each example: whole weights are repetitions, and ones change nothing."""

import inspect

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import nn
from tinygrad_mnist.errors import ShapeError
from tinygrad_mnist.nn import costs, functional as F

N, C = 5, 3
REPEATS = np.array([1, 0, 3, 2, 1])
RANDOM = np.random.default_rng(0)
NUMBERS, OTHERS, MORE = RANDOM.normal(size=(3, N, C)).astype(np.float32)
SHARES = np.abs(RANDOM.normal(size=(N, C))).astype(np.float32)
SHARES /= SHARES.sum(1, keepdims=True)
CLASSES = np.array([0, 2, 1, 1, 0])
SIGNS = np.array([1.0, -1.0, -1.0, 1.0, 1.0], np.float32)
WEIGHTS = np.array([0.5, 1.0, 2.0], np.float32)
LOG = np.log(SHARES)

# name: (arguments with an axis of examples, other arguments)
CASES = {
    "mse_loss": [((NUMBERS, OTHERS), {}), ((NUMBERS[:, 0], OTHERS[:, 0]), {})],
    "quadratic_cost": [((NUMBERS, OTHERS), {}), ((NUMBERS[:, 0], OTHERS[:, 0]), {})],
    "l1_loss": [((NUMBERS, OTHERS), {})],
    "huber_loss": [((NUMBERS, OTHERS), {"delta": 0.3})],
    "smooth_l1_loss": [((NUMBERS, OTHERS), {"beta": 0.3})],
    "gaussian_nll_loss": [((NUMBERS, OTHERS, SHARES), {})],
    "poisson_nll_loss": [((NUMBERS, SHARES), {})],
    "binary_cross_entropy": [((SHARES, SHARES[::-1]), {})],
    "binary_cross_entropy_with_logits": [((NUMBERS, SHARES), {"pos_weight": WEIGHTS})],
    "kl_div": [((LOG, SHARES), {}), ((LOG, SHARES), {"reduction": "batchmean"})],
    "cross_entropy": [
        ((NUMBERS, CLASSES), {}),
        ((NUMBERS, CLASSES), {"weight": WEIGHTS}),
        ((NUMBERS, CLASSES), {"ignore_index": 1}),
        ((NUMBERS, CLASSES), {"ignore_index": 2, "weight": WEIGHTS, "label_smoothing": 0.1}),
        ((NUMBERS, SHARES), {"weight": WEIGHTS}),
        ((np.stack([NUMBERS, OTHERS], 2), np.stack([CLASSES, CLASSES[::-1]], 1)), {"weight": WEIGHTS}),
    ],
    "nll_loss": [((LOG, CLASSES), {}), ((LOG, CLASSES), {"weight": WEIGHTS})],
    "margin_ranking_loss": [((NUMBERS[:, 0], OTHERS[:, 0], SIGNS), {"margin": 0.5})],
    "hinge_embedding_loss": [((NUMBERS[:, 0], SIGNS), {})],
    "cosine_embedding_loss": [((NUMBERS, OTHERS, SIGNS), {})],
    "triplet_margin_loss": [((NUMBERS, OTHERS, MORE), {})],
    "triplet_margin_with_distance_loss": [((NUMBERS, OTHERS, MORE), {})],
    "soft_margin_loss": [((NUMBERS[:, 0], SIGNS), {})],
    "multilabel_soft_margin_loss": [((NUMBERS, (SHARES > 0.3).astype(np.float32)), {})],
    "multi_margin_loss": [((NUMBERS, CLASSES), {"weight": WEIGHTS})],
    "multilabel_margin_loss": [((NUMBERS, np.array([[0, 2, -1]] * 2 + [[1, -1, 0]] * 3)), {})],
}
ALL = [(name, i) for name, cases in CASES.items() for i, _ in enumerate(cases)]


def cost_of(name):
    return getattr(F, name, None) or getattr(nn, name)


def tensors(examples, rows=slice(None)):
    return [tg.Tensor(np.ascontiguousarray(x[rows])) for x in examples]


def test_no_cost_is_forgotten():
    named = {
        n for n, x in vars(F).items() if callable(x) and n.endswith(("_loss", "entropy", "_logits", "kl_div"))
    }
    assert named | {"quadratic_cost"} == CASES.keys() | (named & {"ctc_loss"})
    for name in CASES:
        assert "sample_weight" in inspect.signature(cost_of(name)).parameters


@pytest.mark.parametrize(("name", "case"), ALL)
def test_whole_weights_are_repetitions(name, case):
    examples, options = CASES[name][case]
    cost, rows = cost_of(name), np.repeat(np.arange(N), REPEATS)
    reductions = ["mean", "sum"] if "reduction" not in options else [options["reduction"]]
    for reduction in reductions:
        given = {**options, "reduction": reduction}
        repeated = cost(*tensors(examples, rows), **given).item()
        weighted = cost(*tensors(examples), **given, sample_weight=REPEATS).item()
        assert weighted == pytest.approx(repeated, rel=1e-5)
        compiled = tg.jit(lambda w, *x, given=given: cost(*x, **given, sample_weight=w))
        if name != "multilabel_margin_loss":  # which looks at the numbers of its target
            assert compiled(tg.Tensor(REPEATS), *tensors(examples)).item() == pytest.approx(
                repeated, rel=1e-5
            )
        plain = cost(*tensors(examples), **given)
        ones = cost(*tensors(examples), **given, sample_weight=np.ones(N))
        assert ones.item() == pytest.approx(plain.item(), rel=1e-5)
        assert ones.dtype == plain.dtype
    if "reduction" not in options:
        parts = cost(*tensors(examples), **options, reduction="none").numpy()
        weighted = cost(*tensors(examples), **options, reduction="none", sample_weight=REPEATS).numpy()
        np.testing.assert_allclose(weighted, parts * REPEATS.reshape(-1, *(1,) * (parts.ndim - 1)), rtol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_weights_that_do_not_fit(name):
    examples, options = CASES[name][0]
    for wrong in (np.ones(N - 1), np.ones((N, 1)), 2.0):
        with pytest.raises(
            ShapeError, match=r"sample_weight is one number for each example, of shape \(5,\)"
        ):
            cost_of(name)(*tensors(examples), **options, sample_weight=wrong)


def test_costs_as_modules():
    for name, kind in vars(costs).items():
        if (
            inspect.isclass(kind)
            and issubclass(kind, costs._Cost)
            and not name.startswith("_")
            and name.endswith("Loss")
        ):
            function = kind._cost.__name__
            examples, _ = CASES[function][0]
            expected = cost_of(function)(*tensors(examples), sample_weight=REPEATS).item()
            assert kind()(*tensors(examples), sample_weight=REPEATS).item() == pytest.approx(expected)


def test_gradients_are_weighted():
    x = tg.Tensor(NUMBERS, requires_grad=True)
    nn.functional.cross_entropy(x, CLASSES, sample_weight=REPEATS).backward()
    y = tg.Tensor(NUMBERS, requires_grad=True)
    nn.functional.cross_entropy(y[np.repeat(np.arange(N), REPEATS)], np.repeat(CLASSES, REPEATS)).backward()
    np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("compiled", [False, True])
def test_fit(compiled, monkeypatch):
    monkeypatch.setattr("tinygrad_mnist.train.loop._WORTH_COMPILING", 0 if compiled else 10**9)
    rows = np.repeat(np.arange(N), REPEATS)
    ends = []
    for examples, weights in ((np.arange(N), REPEATS), (rows, None)):
        model = nn.Linear(C, 2, generator=tg.Generator(0))
        tg.train.fit(model, tg.optim.SGD(model.parameters(), 0.5), F.cross_entropy, NUMBERS[examples],
                     CLASSES[examples] % 2, epochs=4, batch_size=10, seed=0, shuffle=False,
                     sample_weight=weights)  # fmt: skip
        ends.append(np.array(model.weight.numpy()))
    np.testing.assert_allclose(*ends, rtol=1e-4)
    with pytest.raises(ShapeError, match="a number for each of 5 images"):
        tg.train.fit(model, tg.optim.SGD(model.parameters(), 0.5), nn.functional.cross_entropy, NUMBERS,
                     CLASSES % 2, epochs=1, batch_size=2, seed=0, sample_weight=np.ones(4))  # fmt: skip
