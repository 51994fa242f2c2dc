"""Floats are read at each call: a new one compiles nothing, and one that decides something is noticed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim
from tinygrad_mnist.compiler import build, specialization


@pytest.fixture(autouse=True)
def _in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(specialization, "compiled", build.interpreted)


def times(f: Any) -> int:
    """How often a function was recorded."""
    return f.explain().count("recorded for")


X = tg.Tensor(np.linspace(-2, 2, 6, dtype=np.float32))


@pytest.mark.parametrize(
    "f",
    [
        lambda x, s: x * s,
        lambda x, s: (1 - s) * x + s**2 / 3,
        lambda x, s: -s * x // 0.7 % (s + 1),
        lambda x, s: tg.where(x > s, x, s),
        lambda x, s: tg.nn.functional.leaky_relu(x, s),
        lambda x, s: x**s if s > 0 else x,
        lambda x, s: tg.tensor([1, 2, 3]) * s,
        lambda x, s: x.double() * s + abs(s) * 2.5,
        lambda x, s: tg.grad(lambda x: (x * x * s).sum())(x),
    ],
)
def test_arguments(f: Callable[..., Any]) -> None:
    compiled = tg.jit(f)
    for s in (0.3, 0.1, 0.7, 0.3):
        expected = f(X, s)
        found = compiled(X, s)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found.numpy(), expected.numpy())
    assert times(compiled) == 1


@pytest.mark.parametrize("kind", [optim.schedules.constant, optim.schedules.linear, optim.schedules.cosine])
def test_programs_of_schedules_with_other_numbers_are_the_same(kind: Callable[..., Any]) -> None:
    texts = []
    for rate, steps in ((0.05, 4), (0.0125, 7)):
        options = () if kind is optim.schedules.constant else (steps,)
        once, often = (nn.Linear(3, 2, generator=tg.Generator(0)) for _ in range(2))
        for model in (once, often):
            optimiser = optim.SGD(model.parameters(), lr=kind(rate, *options))

            def step(x: Any, model: Any = model, optimiser: Any = optimiser) -> Any:
                cost = (model(x) ** 2).sum()
                optimiser.zero_grad()
                cost.backward()
                optimiser.step()
                return cost

            run = tg.jit(step) if model is often else step
            for _ in range(5):
                run(X.reshape(2, 3))
        np.testing.assert_allclose(often.weight.numpy(), once.weight.numpy(), rtol=1e-5)
        assert times(run) == 1
        texts.append([line for line in run.explain().splitlines() if "watched" not in line])
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    "f",
    [
        lambda x, s: x * 2 if s > 0.5 else x * 3,
        lambda x, s: x * math.sqrt(s),
        lambda x, s: x * {0.25: 1, 0.75: 2}[s],
        lambda x, s: x[: int(s * 4)],
        lambda x, s: x * round(s),
        lambda x, s: x * float(f"{s:.1f}"),
        lambda x, s: x * (1.0 if not s else 2.0) * bool(s - 0.25),
        lambda x, s: tg.full((2,), s) * x[:2],
        lambda x, s: x * np.sqrt(s),
        lambda x, s: x * (s + np.float64(1)),
        lambda x, s: x * (np.ones(6, np.float32) * s),
        lambda x, s: x * np.array([s]),
        lambda x, s: x * sorted([s, 0.5])[0],
        lambda x, s: x * max(s, 0.5),
        lambda x, s: x * min(s, 0.5) + s.is_integer(),
        lambda x, s: tg.ones(2) * (s == 0.25),
        lambda x, s: x * math.floor(4 * s),
    ],
)
def test_what_a_float_decides_is_decided_anew(f: Callable[..., Any]) -> None:
    compiled = tg.jit(f)
    for s in (0.25, 0.75, 0.25):
        expected = f(X, s)
        np.testing.assert_array_equal(compiled(X, s).numpy(), expected.numpy())
    assert times(compiled) > 1


def test_a_decision_that_comes_out_the_same_compiles_nothing() -> None:
    f = tg.jit(lambda x, s: x * s if s > 0 else x)
    for s in (1.5, 2.5, 3.5):
        np.testing.assert_array_equal(f(X, s).numpy(), X.numpy() * np.float32(s))
    assert times(f) == 1
    np.testing.assert_array_equal(f(X, -1.0).numpy(), X.numpy())
    assert times(f) == 2
    assert "number" in f.explain()


def test_other_types_than_floats_are_constants() -> None:
    f = tg.jit(lambda x, n: x * n)
    for n in (2.0, 2, True, 3.0, np.float64(4)):
        expected = X * n
        found = f(X, n)
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found.numpy(), expected.numpy())


def test_results_hold_floats() -> None:
    f = tg.jit(lambda x, s: (x * s, s, s + 1))
    for s in (2.0, 3.0):
        y, *floats = f(X, s)
        assert floats == [s, s + 1]
        assert [type(v) for v in floats] == [float, float]
        np.testing.assert_array_equal(y.numpy(), X.numpy() * np.float32(s))


RULES: dict[str, Callable[[Any], Any]] = {
    "sgd": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
    "nesterov": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "adam": lambda p: optim.Adam(p, lr=0.1),
    "adamw": lambda p: optim.AdamW(p, lr=0.1),
    "rmsprop": lambda p: optim.RMSprop(p, lr=0.1),
    "lion": lambda p: optim.Lion(p, lr=0.1),
    "nadam": lambda p: optim.NAdam(p, lr=0.1),
    "adagrad": lambda p: optim.Adagrad(p, lr=0.1),
}


@pytest.mark.parametrize("rule", RULES)
def test_the_numbers_of_an_optimiser(rule: str) -> None:
    """Rates, momenta, decays: compiled training is eager training, recorded once."""
    results = []
    for compile in (tg.jit, lambda f: f):
        w = tg.Tensor(np.linspace(-1, 1, 4, dtype=np.float32), requires_grad=True)
        optimiser = RULES[rule]([w])

        def step(w: Any = w, optimiser: Any = optimiser) -> Any:
            cost = ((w - 3) ** 2).sum()
            optimiser.zero_grad()
            cost.backward()
            optimiser.step()
            return cost

        run = compile(step)
        group = optimiser.param_groups[0]
        for k in range(4):
            run()
            for name, value in group.items():
                if type(value) is float and value:
                    group[name] = value * (0.9 - 0.1 * k)
                if type(value) is tuple and name == "betas":
                    group[name] = tuple(b * 0.99 for b in value)
        results.append(w.numpy().copy())
        if compile is tg.jit:
            assert times(run) == 1, run.explain()
    np.testing.assert_allclose(results[0], results[1], rtol=1e-5)


def test_switching_weight_decay_on() -> None:
    w = tg.tensor([1.0], requires_grad=True)
    optimiser = optim.SGD([w], lr=0.5)

    def step() -> None:
        optimiser.zero_grad()
        (w * 0).sum().backward()
        optimiser.step()

    f = tg.jit(step)
    f()
    assert w.item() == 1.0
    optimiser.param_groups[0]["weight_decay"] = 0.5
    f()
    assert w.item() == 0.75
    optimiser.param_groups[0]["lr"] = tg.Tensor(1.0)
    f()
    assert w.item() == 0.375


def test_a_derivative_takes_the_number_of_its_call() -> None:
    f = tg.jit(lambda x, s: x * x * s)
    x = tg.tensor([3.0], requires_grad=True)
    y = f(x, 2.0)
    f(x, 5.0)
    y.backward()
    assert x.grad is not None
    assert x.grad.tolist() == [12.0]


def test_dropout_and_schedules() -> None:
    layer = nn.Dropout(0.5)
    f = tg.jit(lambda x: layer(x))
    f(X)
    layer.p = 0.0
    np.testing.assert_array_equal(f(X).numpy(), X.numpy())
