"""The functional face: grad, vjp, jvp, hvp, jacobian, hessian, nested and on trees."""

import math
from collections import OrderedDict, defaultdict, namedtuple

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import Tensor, ops
from tinygrad_mnist.testing import gradcheck

A = np.array([[0.5, -1.2, 0.3], [1.1, 0.4, -0.7]])
X = np.array([0.2, -0.4, 0.9])


def f64(values):
    return Tensor(np.asarray(values, np.float64))


def network(x):
    return (f64(A) @ x).tanh().softmax()


def test_grad_and_value_and_grad():
    value, gradient = tg.value_and_grad(lambda x, y: (x * y).sum())(f64([1, 2]), f64([3, 4]))
    assert value.item() == 11
    assert gradient.tolist() == [3, 4]
    assert not value.requires_grad
    assert not gradient.requires_grad


def test_argnums_and_keywords():
    def f(a, b, scale=1.0):
        return (a * b).sum() * scale

    a, b = f64([1, 2]), f64([3, 4])
    assert tg.grad(f, 1)(a, b, scale=2).tolist() == [2, 4]
    assert [g.tolist() for g in tg.grad(f, (0, 1))(a, b)] == [[3, 4], [1, 2]]
    assert [g.tolist() for g in tg.grad(f, (1,))(a, b)] == [[1, 2]]


def test_arguments_that_are_numbers_and_arrays():
    assert tg.grad(lambda x: x * x)(3.0).item() == 6
    assert tg.grad(lambda x: (x * x).sum())(np.array([1.0, 2.0])).tolist() == [2, 4]


def test_independent_arguments_have_zero_gradients():
    x = f64([1.0, 2.0])
    assert tg.grad(lambda x: Tensor(1.0))(x).tolist() == [0, 0]
    assert tg.grad(lambda x, y: y.sum())(x, x).tolist() == [0, 0]
    assert tg.grad(lambda x: x.detach().sum())(x).tolist() == [0, 0]


def test_parameters_closed_over_keep_their_grad():
    w = Tensor([2.0], requires_grad=True)
    assert tg.grad(lambda x: (w * x).sum())(Tensor([3.0])).item() == 2
    assert w.grad is None


def test_gradients_with_respect_to_leaves_that_require_them():
    w = Tensor([2.0], requires_grad=True)
    g = tg.grad(lambda w: (w * w * w).sum())(w)
    assert g.item() == 12
    g.sum().backward()  # a derivative with respect to a leaf outside stays possible
    assert w.grad.item() == 12


def test_grad_works_inside_no_grad():
    with tg.no_grad():
        assert tg.grad(lambda x: (x * x).sum())(Tensor([3.0])).item() == 6
        assert tg.jvp(lambda x: x * x, [Tensor(3.0)], [Tensor(1.0)])[1].item() == 6


# Nesting ------------------------------------------------------------------------------------------


def test_nested_grads_do_not_confuse_their_variables():
    outer = tg.grad(lambda x: x * tg.grad(lambda y: x * y)(x))
    assert outer(3.0).item() == 6


def test_three_levels():
    def f(x):
        return tg.grad(lambda y: y * tg.grad(lambda z: x * y * z * z)(y))(x)

    # d/dy of 2 x y^3 at y = x is 6 x^3
    assert f(2.0).item() == 48
    assert tg.grad(f)(2.0).item() == 72


def test_fourth_derivative_of_sigmoid():
    d = lambda x: x.sigmoid()
    for _ in range(4):
        d = tg.grad(d)
    s = 1 / (1 + math.exp(-0.7))
    expected = s * (1 - s) * (1 - 2 * s) * (1 - 12 * s + 12 * s * s)
    assert d(f64(0.7)).item() == pytest.approx(expected, rel=1e-12)


def test_derivatives_of_a_polynomial_to_the_end():
    d = lambda x: x**5
    for expected in [80, 160, 240, 240, 120, 0]:
        d = tg.grad(d)
        assert d(f64(2.0)).item() == expected


@pytest.mark.parametrize(
    "f",
    [
        lambda x: ((f64(A) @ x) ** 2).sum(),
        lambda x: (x.softmax() * f64(X)).sum(),
        lambda x: (x[[0, 2, 0]] * x[1:]).sum() if x.numel() == 4 else (x[[0, 2, 0]] ** 3).sum(),
        lambda x: (x.outer(x) @ x).logsumexp(),
        lambda x: x.max() * x.norm(),
    ],
)
def test_gradient_of_a_gradient(f):
    gradcheck(lambda x: (tg.grad(f)(x) ** 2).sum(), [X], order=2)


def test_a_penalty_on_the_gradient_reaches_the_parameters():
    w = Tensor(A, requires_grad=True)
    slope = tg.grad(lambda x: (w @ x).tanh().sum())(f64(X))
    (slope * slope).sum().backward()
    expected = tg.grad(lambda w: (tg.grad(lambda x: (w @ x).tanh().sum())(f64(X)) ** 2).sum())(f64(A))
    np.testing.assert_allclose(w.grad, expected, rtol=1e-12)
    assert w.grad.abs().max().item() > 0.1


# Products with Jacobians ----------------------------------------------------------------------------


def test_jacobian():
    j = tg.jacobian(lambda x: f64(A) @ x)(f64(X))
    np.testing.assert_allclose(j, A)
    assert tg.jacobian(lambda x: x.reshape(3, 1).expand(3, 2))(f64(X)).shape == (3, 2, 3)
    assert tg.jacobian(lambda x: x.sum())(f64(X)).shape == (3,)
    assert tg.jacobian(lambda x: x[:0])(f64(X)).shape == (0, 3)


def test_vjp_jvp_and_jacobian_agree():
    j = np.asarray(tg.jacobian(network)(f64(X)))
    u, v = np.array([0.3, -2.0]), np.array([1.0, 0.5, -0.25])
    value, pull = tg.vjp(network, f64(X))
    np.testing.assert_allclose(value, network(f64(X)))
    np.testing.assert_allclose(pull(f64(u))[0], u @ j, rtol=1e-12)
    np.testing.assert_allclose(pull(f64(2 * u))[0], 2 * u @ j, rtol=1e-12)
    value, tangent = tg.jvp(network, [f64(X)], [f64(v)])
    np.testing.assert_allclose(value, network(f64(X)))
    np.testing.assert_allclose(tangent, j @ v, rtol=1e-12)


def test_products_are_differentiable():
    u, v = f64([0.3, -2.0]), f64([1.0, 0.5, -0.25])
    gradcheck(lambda x: tg.vjp(network, x)[1](u)[0], [X], order=2)
    gradcheck(lambda x: tg.jvp(network, [x], [v]), [X], order=2)
    gradcheck(lambda x, v: tg.jvp(network, [x], [v])[1], [X, v], order=1)
    gradcheck(lambda x, u: tg.vjp(network, x)[1](u)[0], [X, u], order=1)
    gradcheck(lambda x: tg.hvp(lambda x: network(x)[0], [x], [v])[0], [X], order=1)
    gradcheck(lambda x: tg.jacobian(network)(x), [X], order=1)


def test_hessian_is_symmetric_and_hvp_agrees():
    f = lambda x: (network(x) * f64([1.0, 3.0])).sum() * x.norm()
    h = np.asarray(tg.hessian(f)(f64(X)))
    assert h.shape == (3, 3)
    np.testing.assert_allclose(h, h.T, rtol=1e-12)
    assert np.abs(h).min() > 1e-3
    v = np.array([1.0, -0.5, 2.0])
    np.testing.assert_allclose(tg.hvp(f, [f64(X)], [f64(v)])[0], h @ v, rtol=1e-11)


def test_hessian_of_a_matrix_argument():
    h = tg.hessian(lambda w: ((w @ f64(X)) ** 2).sum())(f64(A))
    assert h.shape == (2, 3, 2, 3)
    np.testing.assert_allclose(np.asarray(h)[0, :, 0], 2 * np.outer(X, X))
    assert not np.asarray(h)[0, :, 1].any()


def test_jvp_of_a_constant_and_of_integers_in_the_output():
    value, tangent = tg.jvp(lambda x: {"c": Tensor(1.0), "i": x.argmax()}, [f64(X)], [f64(X)])
    assert tangent["c"].item() == 0
    assert value["i"].item() == 2
    assert tangent["i"].item() == 0


# Trees --------------------------------------------------------------------------------------------

Pair = namedtuple("Pair", "weight bias")


def test_trees_in_trees_out():
    tree = {"layers": [Pair(f64(A), f64([0.1, 0.2])), (f64(X[:2]),)], "scale": f64(2.0)}

    def f(t):
        (layer, (w,)) = t["layers"]
        return (layer.weight @ f64(X) + layer.bias).tanh().dot(w) * t["scale"]

    gradient = tg.grad(f)(tree)
    assert isinstance(gradient["layers"][0], Pair)
    assert isinstance(gradient["layers"][1], tuple)
    assert gradient["layers"][0].weight.shape == (2, 3)
    assert gradient["scale"].item() == pytest.approx(f(tree).item() / 2)
    _, pull = tg.vjp(f, tree)
    (pulled,) = pull(f64(1.0))
    np.testing.assert_allclose(pulled["layers"][0].weight, gradient["layers"][0].weight)
    _, tangent = tg.jvp(f, [tree], [gradient])
    squares = [g * g for g in (*gradient["layers"][0], *gradient["layers"][1], gradient["scale"])]
    assert tangent.item() == pytest.approx(sum(s.sum().item() for s in squares))


class Layers(list):
    """A list with an attribute, which is not made from its items alone."""

    def __init__(self, rate, *layers):
        super().__init__(layers)
        self.rate = rate


@pytest.mark.parametrize(
    "tree",
    [
        OrderedDict(b=f64([1.0, 2.0]), a=f64(3.0)),
        defaultdict(list, a=f64([1.0, 2.0])),
        Layers(0.5, f64([1.0, 2.0]), f64(3.0)),
    ],
    ids=lambda tree: type(tree).__name__,
)
def test_trees_of_any_class_keep_it(tree):
    def f(t):
        assert type(t) is type(tree)
        return sum((x * x).sum() for x in (t if isinstance(t, list) else t.values()))

    gradient = tg.grad(f)(tree)
    for found in (gradient, tg.scan(lambda t, _: (t, None), tree, f64([0.0]))[0]):
        assert type(found) is type(tree)
        assert vars(found) == vars(tree) if isinstance(tree, Layers) else [*found] == [*tree]
        assert getattr(found, "default_factory", None) is getattr(tree, "default_factory", None)
    parts = zip(*(t if isinstance(t, list) else t.values() for t in (gradient, tree)), strict=True)
    for g, x in parts:
        np.testing.assert_array_equal(g, 2 * x.numpy())
    again = tg.checkpoint(f)(tree)
    assert again.item() == f(tree).item()


def test_jacobian_and_hessian_of_trees():
    tree = {"a": f64([1.0, 2.0]), "b": f64(3.0)}
    j = tg.jacobian(lambda t: [t["a"] * t["b"], t["b"]])(tree)
    assert j[0]["a"].tolist() == [[3, 0], [0, 3]]
    assert j[0]["b"].tolist() == [1, 2]
    assert j[1]["a"].tolist() == [0, 0]
    h = tg.hessian(lambda t: (t["a"] * t["a"]).sum() * t["b"])(tree)
    assert h["a"]["b"].tolist() == [2, 4]
    assert h["b"]["a"].tolist() == [2, 4]
    assert h["b"]["b"].item() == 0


def test_random_numbers_have_no_derivative():
    for p in (ops.uniform, ops.normal):
        assert p.vjps == (None,)
        assert not p.differentiable
