"""A compiled function is differentiable like any other: by what it is given and what it captures."""

from __future__ import annotations

from typing import Any
from unittest import mock

import numpy as np
import pytest
import split_programs
from random_programs import interpreting

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim
from tinygrad_mnist.compiler import native
from tinygrad_mnist.errors import GraphError, TraceError
from tinygrad_mnist.testing import gradcheck

X = tg.Tensor([1.0, -2.0, 3.0])


@pytest.fixture(autouse=True)
def _interpreted() -> Any:
    with interpreting():
        yield


@pytest.mark.parametrize("seed", range(60))
def test_programs_of_compiled_and_eager_parts(seed: int) -> None:
    split_programs.check(seed, interpret=True)


def test_the_derivative_is_compiled() -> None:
    f = lambda x, w: (x @ w).tanh().sum()
    x, w = tg.Tensor(np.eye(3)), tg.Tensor(np.ones((3, 2)), requires_grad=True)
    fast = tg.jit(f)
    with interpreting(False), mock.patch.object(native, "compiled", wraps=native.compiled) as compiled:
        for _ in range(3):
            fast(x, w).backward()
    assert compiled.call_count == 1
    assert fast.explain().count("recorded for") == 1
    expected = tg.grad(f, 1)(x, w)
    np.testing.assert_allclose(w.grad.numpy(), 3 * expected.numpy(), rtol=1e-12)


def test_captured_parameters_and_tensors() -> None:
    w, v = nn.Parameter([1.0, 2.0]), tg.Tensor([3.0, 4.0], requires_grad=True)
    penalty = tg.jit(lambda: (w * w).sum() + (v * w).sum())
    for k in range(1, 3):
        ((w * 3).sum() + penalty()).backward()
        assert w.grad.tolist() == [k * 8.0, k * 11.0]
        assert v.grad.tolist() == [k * 1.0, k * 2.0]


def test_variables_of_an_outer_derivative() -> None:
    def loss(w: Any) -> Any:
        return tg.jit(lambda x: (x * w * w).sum())(tg.Tensor([3.0, 4.0]))

    w, d = tg.Tensor([1.0, 2.0]), tg.Tensor([1.0, 0.0])
    assert tg.grad(loss)(w).tolist() == [6.0, 16.0]
    assert tg.hessian(loss)(w).tolist() == [[6.0, 0.0], [0.0, 8.0]]
    assert tg.hvp(loss, [w], [d])[0].tolist() == [6.0, 0.0]
    assert tg.jvp(loss, [w], [d])[1].item() == 6.0
    assert tg.jacobian(tg.jit(lambda x: x * x))(w).tolist() == [[2.0, 0.0], [0.0, 4.0]]


def test_nested_in_every_order() -> None:
    cube = tg.jit(lambda x: x * x * x)
    twice = tg.jit(lambda x: cube(x) + x)
    x = tg.Tensor(2.0)
    assert tg.grad(twice)(x).item() == 13.0
    assert tg.grad(tg.jit(tg.grad(twice)))(x).item() == 12.0
    assert tg.jit(tg.grad(tg.jit(tg.grad(cube))))(x).item() == 12.0
    assert tg.grad(lambda x: x * tg.grad(tg.jit(lambda y: x * y))(x))(tg.Tensor(3.0)).item() == 6.0


def test_methods_and_structures() -> None:
    class Model:
        def __init__(self) -> None:
            self.w = nn.Parameter([2.0, 3.0, 4.0])

        def forward(self, xs: dict[str, Any]) -> Any:
            return {"sum": (self.w * xs["x"]).sum(), "pair": (xs["y"] * self.w, xs["x"].argmax())}

    model = Model()
    fast = tg.jit(model.forward)
    x, y = X.detach().requires_grad_(), X.detach().requires_grad_()
    result = fast({"x": x, "y": y})
    assert not result["pair"][1].requires_grad
    result["sum"].backward(retain_graph=True)
    assert (model.w.grad.tolist(), x.grad.tolist(), y.grad) == (X.tolist(), [2.0, 3.0, 4.0], None)
    (result["sum"] * 2 + result["pair"][0].sum()).backward()
    assert y.grad.tolist() == [2.0, 3.0, 4.0]
    assert model.w.grad.tolist() == [4.0, -8.0, 12.0]
    with pytest.raises(GraphError, match="retain_graph"):
        result["sum"].backward()


def test_results_that_are_arguments_and_captured_tensors() -> None:
    w, x = nn.Parameter([2.0]), tg.Tensor([3.0], requires_grad=True)
    same, weight, product = tg.jit(lambda x: (x, w, x * w))(x)
    (same * 5 + weight * 7 + product).sum().backward()
    assert (x.grad.item(), w.grad.item()) == (7.0, 10.0)


def test_a_second_backward_and_gradients_of_gradients() -> None:
    f = tg.jit(lambda x: (x * x * x).sum())
    x = X.detach().requires_grad_()
    y = f(x)
    y.backward(create_graph=True)
    (x.grad * x.grad).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 3 * X.numpy() ** 2 + 36 * X.numpy() ** 3)
    gradcheck(tg.jit(lambda x, w: (x.sigmoid() @ w).logsumexp()), [np.eye(2), np.ones((2, 2))], order=2)


def test_nothing_is_recorded_without_need() -> None:
    w = nn.Parameter([1.0])
    f = tg.jit(lambda x: x * w)
    with tg.no_grad():
        assert not f(X).requires_grad
    assert f(X).requires_grad
    w.requires_grad_(False)
    assert not f(X).requires_grad
    w.requires_grad_(True)
    f(X).sum().backward()
    assert w.grad.item() == 2.0

    def half(x: Any) -> Any:
        with tg.no_grad():
            scale = x * w
        return (scale * w).sum()

    w.grad = None
    tg.jit(half)(X).backward()
    assert w.grad.item() == 2.0  # the product that was taken in `no_grad` is a constant


def test_training_steps_stay_what_they_are() -> None:
    w = nn.Parameter([1.0, 1.0, 1.0])
    opt = optim.SGD([w], lr=0.5)

    def step(x: Any) -> Any:
        cost = (w * x).sum()
        opt.zero_grad()
        cost.backward()
        opt.step()
        return cost

    cost = tg.jit(step)(X)
    assert w.tolist() == [0.5, 2.0, -0.5]
    with pytest.raises(GraphError, match="freed"):
        cost.backward()
    with pytest.raises(GraphError, match="scan"):
        tg.jit(lambda x: (w * x).sum()).scan(np.ones((2, 3), np.float32)).sum().backward()


def test_updates_inside() -> None:
    w = nn.Parameter([2.0])

    def late(x: Any) -> Any:
        y = (w * x).sum()
        w.assign_(w * 2)
        return y

    with pytest.raises(GraphError, match="assigned"):
        tg.jit(late)(X).backward()

    def early(x: Any) -> Any:
        w.assign_(w * 2)
        return (w * w * x).sum()

    assert w.item() == 4.0
    y = tg.jit(early)(X)
    assert y.item() == 128.0
    y.backward()
    assert w.grad.item() == 2 * 8 * 2.0  # with respect to the new value, as in eager execution


def test_updates_between_a_call_and_its_backward() -> None:
    w, table = nn.Parameter([2.0]), np.array([1.0, 2.0, 3.0], np.float32)
    given = table.copy()
    f = tg.jit(lambda x: (w * w * table * x).sum())
    y = f(given)
    table[:] = given[:] = 0
    y.backward()
    assert w.grad.item() == 4 * 14.0
    y = f(X)
    w.assign_([5.0])
    with pytest.raises(GraphError, match="assigned"):
        y.backward()


def test_the_same_random_numbers_forward_and_backward() -> None:
    generator = tg.Generator(1)
    layer = nn.Dropout(0.5, generator=generator)
    w = nn.Parameter(np.ones(200, np.float32))
    f = tg.jit(lambda: layer(w * 3))
    for _ in range(3):
        w.grad = None
        y, state = f(), generator.state.tolist()
        y.sum().backward()
        np.testing.assert_array_equal(w.grad.numpy(), y.numpy())
        assert (w.grad.numpy() == 0).any()
        assert generator.state.tolist() == state


def test_gradients_left_on_arguments_are_left_there() -> None:
    def f(x: Any) -> Any:
        cost = (x * x).sum()
        cost.backward()
        return cost

    fast, x = tg.jit(f), X.detach().requires_grad_()
    for k in range(1, 3):
        fast(x)
        assert x.grad.tolist() == [k * 2.0, k * -4.0, k * 6.0]
    with pytest.raises(TraceError, match="detach"):
        fast.scan(tg.Tensor(np.ones((2, 3), np.float32), requires_grad=True))


def test_a_model_trained_by_eager_steps_of_a_compiled_cost() -> None:
    results = []
    for compile in (lambda f: f, tg.jit):
        model = nn.MLP(3, 4, 2, activation=nn.Tanh, generator=tg.Generator(0))
        opt = optim.Adam(model.parameters(), lr=0.1)
        cost = compile(lambda x, t, model=model: nn.cross_entropy(model(x), t))
        x, t = tg.Tensor(np.eye(3, dtype=np.float32)), tg.tensor([0, 1, 1])
        for _ in range(5):
            opt.zero_grad()
            cost(x, t).backward()
            opt.step()
        results.append([p.numpy() for p in model.parameters()])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-6)
