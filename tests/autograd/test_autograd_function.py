"""Operations with a derivative of one's own: values, derivatives, double derivatives, refusals."""

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist.autograd.function import once_differentiable
from tinygrad_mnist.errors import GraphError, ShapeError
from tinygrad_mnist.testing import gradcheck


class Cube(tg.autograd.Function):
    @staticmethod
    def forward(ctx, x, factor):
        ctx.save_for_backward(x)
        ctx.factor = factor
        return x * x * x * factor

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 3 * x * x * ctx.factor * g, None


class Both(tg.autograd.Function):
    """Product and sum, in the form with setup_context."""

    @staticmethod
    def forward(a, b):
        return a * b, a + b

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, by_product, by_sum):
        a, b = ctx.saved_tensors
        return by_product * b + by_sum, by_product * a + by_sum


def leaf(*values):
    return tg.Tensor(np.array(values), requires_grad=True)


def test_it_passes_gradcheck_to_second_order_compiled_too():
    gradcheck(lambda x: Cube.apply(x, 2.0), [np.array([0.5, -1.0])], order=2)
    gradcheck(lambda a, b: Both.apply(a, b)[0] * Both.apply(b, a)[1], [np.ones(2), np.arange(2.0)], order=2)
    compiled = tg.jit(lambda x: tg.grad(lambda z: Cube.apply(z, 2.0).sum())(x))
    assert compiled(tg.Tensor([1.0, 2.0])).tolist() == [6.0, 24.0]


def test_several_results_meet_in_one_backward():
    calls = []

    class Counted(Both):
        @staticmethod
        def backward(ctx, by_product, by_sum):
            calls.append((by_product.tolist(), by_sum.tolist()))
            return Both.backward(ctx, by_product, by_sum)

    a, b = leaf(3.0), leaf(4.0)
    product, total = Counted.apply(a, b)
    (product * 2 + total).sum().backward()
    assert (a.grad.tolist(), b.grad.tolist()) == ([9.0], [7.0])
    Counted.apply(a, b)[1].sum().backward()
    assert calls == [([2.0], [1.0]), ([0.0], [1.0])]  # zeros for what nothing depends on


def test_nothing_is_recorded_where_no_gradient_is_asked():
    assert not Cube.apply(tg.Tensor([1.0]), 1.0).requires_grad
    with tg.no_grad():
        assert not Cube.apply(leaf(1.0), 1.0).requires_grad
    assert Cube.apply(leaf(1.0), 1.0).requires_grad


def test_results_without_a_derivative_and_cotangents_that_are_none():
    class Sorted(tg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            order = x.argsort()
            ctx.mark_non_differentiable(order)
            ctx.set_materialize_grads(False)
            ctx.order = order
            return x[order], order, x * 2

        @staticmethod
        def backward(ctx, g, none, twice):
            assert none is None
            assert twice is None
            return g[ctx.order.argsort()]

    x = leaf(3.0, 1.0, 2.0)
    values, order, _ = Sorted.apply(x)
    assert not order.requires_grad
    (values * tg.Tensor([1.0, 2.0, 3.0])).sum().backward()
    assert x.grad.tolist() == [3.0, 1.0, 2.0]


class Wrong(tg.autograd.Function):
    @staticmethod
    def forward(ctx, x, y):
        return x + y

    @staticmethod
    def backward(ctx, g):
        return g


class Misshaped(Wrong):
    @staticmethod
    def backward(ctx, g):
        return tg.ones((3,)), g


class Once(Wrong):
    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        return g * 2, g


def test_errors():
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    with pytest.raises(GraphError, match=r"incorrect number of gradients \(expected 2, got 1\)"):
        Wrong.apply(x, y).sum().backward()
    with pytest.raises(ShapeError, match=r"index 0 - got \[3\] but expected shape compatible with \[2\]"):
        Misshaped.apply(x, y).sum().backward()
    (once,) = tg.autograd.grad(Once.apply(x, y).sum(), x)
    assert once.tolist() == [2.0, 2.0]
    g = leaf(1.0, 1.0)
    with pytest.raises(GraphError, match="once_differentiable"):
        tg.autograd.grad(Once.apply(x, y), x, g, create_graph=True)
    with pytest.raises(GraphError, match=r"Cube\.apply"):
        Cube(x)
    with pytest.raises(NotImplementedError, match="forward"):
        tg.autograd.Function.apply(x)


def test_grad_of_what_was_computed():
    x, y, z = leaf(2.0), leaf(3.0), leaf(5.0)
    middle = x * y
    out = middle * middle
    assert [g.item() for g in tg.autograd.grad(out, [middle, x, y], retain_graph=True)] == [12, 36, 24]
    assert x.grad is None
    with pytest.raises(GraphError, match="not have been used"):
        tg.autograd.grad(out, [x, z], retain_graph=True)
    assert tg.autograd.grad(out, [x, z], retain_graph=True, allow_unused=True)[1] is None
    assert tg.autograd.grad(out, [x, z], materialize_grads=True)[1].tolist() == [0.0]
    with pytest.raises(GraphError, match="freed"):
        tg.autograd.grad(out, x)
    with pytest.raises(ShapeError, match="scalar outputs"):
        tg.autograd.grad(leaf(1.0, 2.0) * x, x)
    with pytest.raises(GraphError, match="does not require grad"):
        tg.autograd.grad(x * 1, tg.Tensor([1.0]))
    (second,) = tg.autograd.grad(tg.autograd.grad(x**3, x, create_graph=True)[0].sum(), x)
    assert second.item() == 12
    (weighted,) = tg.autograd.grad([x * 2, x * 3], x, [tg.Tensor([1.0]), tg.Tensor([10.0])])
    assert weighted.item() == 32


def test_modes():
    x = leaf(1.0)
    with tg.set_grad_enabled(False):
        assert not (x * 2).requires_grad
        with tg.enable_grad():
            assert (x * 2).requires_grad
    assert tg.is_grad_enabled()
    tg.set_grad_enabled(False)
    assert not tg.is_grad_enabled()
    tg.set_grad_enabled(True)

    @tg.inference_mode()
    def with_parentheses():
        return x * 2

    @tg.inference_mode
    def without():
        return x * 2

    assert not with_parentheses().requires_grad
    assert not without().requires_grad
    assert (x * 2).requires_grad


def test_func():
    x, y = tg.Tensor([1.0, 2.0]), tg.Tensor([3.0, 4.0])
    assert [g.tolist() for g in tg.func.grad(lambda a, b: (a * b).sum(), argnums=(0, 1))(x, y)] == [
        [3, 4],
        [1, 2],
    ]
    found, (value, aux) = tg.func.grad_and_value(lambda a: ((a * a).sum(), "aux"), has_aux=True)(x)
    assert (found.tolist(), value.item(), aux) == ([2, 4], 5, "aux")
    value, pull = tg.func.vjp(lambda a: a * a, x)
    assert pull(tg.Tensor([1.0, 10.0]))[0].tolist() == [2, 40]
    value, moved = tg.func.jvp(lambda a, b: a * b, (x, y), (tg.ones((2,)), tg.zeros((2,))))
    assert moved.tolist() == [3, 4]
    for jacobian in (tg.func.jacrev, tg.func.jacfwd):
        assert jacobian(lambda a: tg.stack([a.sum(), (a * a).sum()]))(x).tolist() == [[1, 1], [2, 4]]
        assert jacobian(lambda a, b: a * b, argnums=1)(x, y).tolist() == [[1, 0], [0, 2]]
    assert tg.func.hessian(lambda a: (a**3).sum())(x).tolist() == [[6, 0], [0, 12]]
    with pytest.raises(NotImplementedError, match=r"docs/vmap\.md"):
        tg.func.vmap(lambda a: a)


def test_functional_call():
    model = tg.nn.Sequential(tg.nn.Linear(2, 2), tg.nn.BatchNorm1d(2))
    before = {name: x.tolist() for name, x in model.state_dict().items()}
    x = tg.Tensor(np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32))
    weight = tg.zeros((2, 2)).requires_grad_()
    tg.func.functional_call(model.eval(), {"0.weight": weight}, x).sum().backward()
    assert weight.grad is not None
    assert model[0].weight.grad is None
    assert {name: x.tolist() for name, x in model.state_dict().items()} == before
    with pytest.raises(KeyError, match=r"no parameter or buffer 0\.wait"):
        tg.func.functional_call(model, {"0.wait": weight}, x)
    with pytest.raises(KeyError, match=r"missing 0\.bias"):
        tg.func.functional_call(model, {"0.weight": weight}, x, strict=True)


def test_functional():
    x, y = tg.Tensor([1.0, 2.0]), tg.Tensor([3.0])
    f = tg.autograd.functional
    assert f.jacobian(lambda a: a * a, x).tolist() == [[2, 0], [0, 4]]
    by_x, by_y = f.jacobian(lambda a, b: a * b, (x, y))
    assert (by_x.tolist(), by_y.tolist()) == ([[3, 0], [0, 3]], [[1], [2]])
    assert f.hessian(lambda a: (a**3).sum(), x).tolist() == [[6, 0], [0, 12]]
    value, found = f.vjp(lambda a: (a * a).sum(), x)
    assert (value.item(), found.tolist()) == (5, [2, 4])
    assert f.jvp(lambda a: a * a, x, tg.ones((2,)))[1].tolist() == [2, 4]
    assert f.hvp(lambda a: (a**3).sum(), x, tg.ones((2,)))[1].tolist() == [6, 12]
    assert tg.autograd.Variable(tg.ones((1,)), requires_grad=True).requires_grad
