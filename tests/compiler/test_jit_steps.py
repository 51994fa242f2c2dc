"""Whole training steps: compiled against eager, one by one and in one native loop."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim

RNG = np.random.default_rng(0)
IMAGES = tg.Tensor(RNG.integers(0, 256, (50, 12), dtype=np.uint8))
LABELS = tg.Tensor(RNG.integers(0, 3, 50))
ORDER = tg.Tensor(RNG.integers(0, 50, (9, 5)))

OPTIMISERS: dict[str, Callable[[Any], Any]] = {
    "sgd": lambda p: optim.SGD(p, lr=0.5, weight_decay=0.01),
    "nesterov": lambda p: optim.SGD(p, lr=optim.schedules.linear(0.3, 20), momentum=0.9, nesterov=True),
    "adamw": lambda p: optim.AdamW(p, lr=optim.schedules.warmup(optim.schedules.cosine(0.1, 20), 3)),
    "rmsprop": lambda p: optim.RMSprop(p, lr=0.01),
}


def _training(optimiser: str, dropout: float = 0.0) -> tuple[Callable[[Any], Any], nn.Module, Any]:
    generator = tg.Generator(3)
    layers: list[nn.Module] = [nn.Linear(12, 8, generator=generator), nn.Sigmoid()]
    if dropout:
        layers.append(nn.Dropout(dropout, generator=generator))
    model = nn.Sequential(*layers, nn.Linear(8, 3, generator=generator))
    opt = OPTIMISERS[optimiser](model.parameters())

    def step(index: Any) -> Any:
        cost = nn.cross_entropy(model(IMAGES[index].float() / 255), LABELS[index])
        opt.zero_grad()
        cost.backward()
        opt.step()
        return cost

    return step, model, opt


def _assert_same_state(a: nn.Module, b: nn.Module) -> None:
    for (name, x), y in zip(a.state_dict().items(), b.state_dict().values()):
        np.testing.assert_allclose(y, x, rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_steps_and_scan_agree_with_eager(optimiser: str) -> None:
    step, eager, eager_opt = _training(optimiser)
    expected = [step(ORDER[i]).item() for i in range(9)]
    step, compiled, compiled_opt = _training(optimiser)
    fast = tg.jit(step)
    costs = [fast(ORDER[i]).item() for i in range(2)] + fast.scan(ORDER[2:]).tolist()
    np.testing.assert_allclose(costs, expected, rtol=1e-5)
    _assert_same_state(eager, compiled)
    assert int(eager_opt.steps) == int(compiled_opt.steps) == 9
    assert fast.explain().count("recorded for") == 1  # recorded once


def test_dropout_draws_the_same_numbers_as_eager() -> None:
    step, eager, _ = _training("sgd", dropout=0.5)
    expected = [step(ORDER[i]).item() for i in range(9)]
    step, compiled, _ = _training("sgd", dropout=0.5)
    np.testing.assert_allclose(tg.jit(step).scan(ORDER).tolist(), expected, rtol=1e-5)
    _assert_same_state(eager, compiled)


def test_two_runs_give_the_same_bits() -> None:
    results = []
    for _ in range(2):
        step, model, _ = _training("adamw")
        costs = tg.jit(step).scan(ORDER).numpy()
        results.append((costs.tobytes(), *(x.numpy().tobytes() for x in model.state_dict().values())))
    assert results[0] == results[1]


def test_eager_code_in_between_sees_and_changes_the_parameters() -> None:
    step, model, _ = _training("sgd")
    fast = tg.jit(step)
    fast(ORDER[0])
    model.load_state_dict({name: x * 0 for name, x in model.state_dict().items()})
    cost = fast(ORDER[1])
    assert cost.item() == pytest.approx(np.log(3), rel=1e-6)  # all logits are equal
    assert np.abs(model.state_dict()["2.bias"].numpy()).max() > 0


def test_values_taken_before_a_step_stay_as_they_were() -> None:
    step, model, _ = _training("sgd")
    fast = tg.jit(step)
    fast(ORDER[0])
    weight = next(model.parameters())
    view, flat = weight.numpy(), weight.detach().reshape(-1).clone()
    shared = weight.detach()
    before = view.copy()
    fast(ORDER[1])
    np.testing.assert_array_equal(view, before)
    np.testing.assert_array_equal(flat.numpy(), before.ravel())
    assert (weight.numpy() != before).any()
    np.testing.assert_array_equal(shared, weight.detach())  # as in PyTorch


def _allocated(call: Callable[[], Any]) -> int:
    """The most bytes that a call had in use at once, besides those that were in use before."""
    tracemalloc.start()
    try:
        call()
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        call()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("optimiser", ["sgd", "nesterov", "adamw"])
def test_a_step_copies_nothing(optimiser: str) -> None:
    generator = tg.Generator(0)
    model = nn.Sequential(
        nn.Linear(200, 100, generator=generator), nn.Tanh(), nn.Linear(100, 150, generator=generator)
    )
    opt = OPTIMISERS[optimiser](model.parameters())

    @tg.jit
    def step(x: Any) -> Any:
        cost = model(x).square().mean()
        opt.zero_grad()
        cost.backward()
        opt.step()
        return cost

    x = tg.ones((2, 200))
    step(x)
    smallest = 4 * 100 * 150  # bytes of a weight; what else a call makes is small
    assert _allocated(lambda: step(x)) < smallest / 2
    first, _, last, _ = model.parameters()
    seen = first.numpy(), last.array
    before = [array.copy() for array in seen]
    step(x)
    for array, old, now in zip(seen, before, (first, last), strict=True):
        np.testing.assert_array_equal(array, old)  # somebody looks: these two were copied
        assert (now.numpy() != old).any()
    del seen, array
    assert _allocated(lambda: step(x)) < smallest / 2


def test_leaves_of_one_shape_that_are_computed_from_each_other() -> None:
    start = np.arange(12, dtype=np.float32).reshape(3, 4)
    a, b, c, d = (tg.Tensor(start + 100 * k) for k in range(4))

    def step() -> None:
        new = b + 1, a + 1, a * 2 + b.flip(0), (c + d)[:, ::-1]
        for leaf, value in zip((a, b, c, d), new, strict=True):
            leaf.assign_(value)

    tg.jit(step)()
    old = [start + 100 * k for k in range(4)]
    expected = old[1] + 1, old[0] + 1, old[0] * 2 + old[1][::-1], (old[2] + old[3])[:, ::-1]
    for leaf, value in zip((a, b, c, d), expected, strict=True):
        np.testing.assert_array_equal(leaf.numpy(), value)


def test_train_and_eval_are_told_apart() -> None:
    generator = tg.Generator(0)
    model = nn.Sequential(nn.Dropout(0.9, generator=generator))
    f = tg.jit(lambda x: model(x))
    x = tg.ones((4, 50))
    assert (f(x).numpy() == 0).any()
    model.eval()
    np.testing.assert_array_equal(f(x).numpy(), 1)
    assert "training" in f.explain()


def test_functional_derivatives_compile() -> None:
    x = tg.Tensor([0.3, -0.7, 1.1])
    f = lambda x: (x.sigmoid() * x).sum()
    for transformed in (tg.grad(f), tg.hessian(f)):
        compiled = tg.jit(transformed)(x).numpy()
        np.testing.assert_allclose(compiled, transformed(x).numpy(), rtol=1e-5, atol=1e-7)
    value, gradient = tg.jit(tg.value_and_grad(f))(x)
    np.testing.assert_allclose(value.item(), f(x).item(), rtol=1e-6)
    np.testing.assert_allclose(tg.grad(tg.jit(f))(x).numpy(), gradient.numpy(), rtol=1e-5)
