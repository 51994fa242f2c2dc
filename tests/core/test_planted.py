"""Faults planted in the derivatives of the registry: the checker must find every one."""

import numpy as np
import pytest

from tinygrad_mnist import ops
from tinygrad_mnist.kinds import Loop
from tinygrad_mnist.ops import stop_gradient
from tinygrad_mnist.primitive import COMPOSITES, REGISTRY
from tinygrad_mnist.testing import GradcheckError, check_composite, check_primitive, gradcheck


def sign(vjp):
    return lambda g, y, *args: -vjp(g, y, *args)


def factor(vjp):
    return lambda g, y, *args: vjp(g, y, *args) * 1.0001


def dropped(vjp):
    return lambda g, y, *args: vjp(g, y, *args) * 0.0


def reversed_order(vjp):
    """The right numbers in the wrong places."""
    return lambda g, y, *args: ops.flip(vjp(g, y, *args))


FAULTS = [sign, factor, dropped, reversed_order]
STEPS = ("sign", "floor", "round")  # their slope is 0: what is made of it by these faults is 0 too
RULES = [
    (p.name, k) for p in REGISTRY.values() for k, vjp in enumerate(p.vjps) if vjp and p.name not in STEPS
]


def plant(monkeypatch, name, operand, vjp):
    primitive = REGISTRY[name]
    rules = list(primitive.vjps)
    rules[operand] = vjp
    monkeypatch.setattr(primitive, "vjps", tuple(rules))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("name", "operand"), RULES)
def test_fault_in_a_primitive(monkeypatch, name, operand, fault):
    plant(monkeypatch, name, operand, fault(REGISTRY[name].vjps[operand]))
    with pytest.raises(GradcheckError, match=f"{name}.*wrong"):
        check_primitive(REGISTRY[name])


@pytest.mark.parametrize("name", STEPS)
def test_slope_of_a_step_that_is_not_zero(monkeypatch, name):
    plant(monkeypatch, name, 0, lambda g, y, x: g)
    with pytest.raises(GradcheckError, match=f"{name}.*wrong"):
        check_primitive(REGISTRY[name])


def first_along_broadcast_axes(g, x):
    """What is left of a cotangent where the sum over an axis that was broadcast is forgotten."""
    g = g[(0,) * (g.ndim - x.ndim)]
    return g[tuple(slice(0, n) for n in x.shape)]


@pytest.mark.parametrize(
    ("name", "operand"),
    [(n, k) for n, k in RULES if isinstance(REGISTRY[n].kind, Loop) and REGISTRY[n].arity > 1]
    + [("expand", 0), ("matmul", 0), ("matmul", 1), ("linear", 2)],
)
def test_missing_broadcast_sum(monkeypatch, name, operand):
    vjp = REGISTRY[name].vjps[operand]
    plant(
        monkeypatch,
        name,
        operand,
        lambda g, y, *args: first_along_broadcast_axes(vjp(g, y, *args), args[operand]),
    )
    with pytest.raises(GradcheckError, match=f"{name}.*wrong"):
        check_primitive(REGISTRY[name])


MISTAKES = {
    "sigmoid forgets 1 - y": ("sigmoid", 0, lambda g, y, x: g * y),
    "tanh forgets the square": ("tanh", 0, lambda g, y, x: g * (1 - y)),
    "log1p divides by x": ("log1p", 0, lambda g, y, x: g / x),
    "div forgets the second division": ("div", 1, lambda g, y, a, b: -g * y),
    "pow forgets the exponent's factor": ("pow", 0, lambda g, y, a, b: g * ops.pow(a, b - 1)),
    "erf uses x for x * x": ("erf", 0, lambda g, y, x: g * 1.1283791670955126 * ops.exp(-x)),
    "maximum always favours the first": ("maximum", 0, lambda g, y, a, b: g),
    "relu lets everything through": ("relu", 0, lambda g, y, x: g),
    "linear sums the bias over the wrong end": ("linear", 2, lambda g, y, x, w, b: ops.flip(g, -1)),
    "max gives every element the cotangent": ("max", 0, lambda g, y, x, axes, keep: spread(g, x, axes)),
    "prod forgets the other elements": ("prod", 0, lambda g, y, x, axes, keep: spread(g, x, axes)),
    "flip flips all axes": ("flip", 0, lambda g, y, x, axes: ops.flip(g)),
    "take sends everything to position 0": (
        "take",
        0,
        lambda g, y, x, index, axis: ops.scatter_add_along(g, index * 0, axis, x.shape[axis]),
    ),
}


def spread(g, x, axes):
    return ops.expand(ops.reshape(g, [1 if i in axes else n for i, n in enumerate(x.shape)]), x.shape)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_typical_mistake(monkeypatch, mistake):
    name, operand, vjp = MISTAKES[mistake]
    plant(monkeypatch, name, operand, vjp)
    with pytest.raises(GradcheckError, match="wrong"):
        check_primitive(REGISTRY[name])


def test_sum_along_the_wrong_axis(monkeypatch):
    plant(monkeypatch, "sum", 0, lambda g, y, x, axes, keep: spread(g, x, tuple(1 - a for a in axes)))
    with pytest.raises(GradcheckError, match="wrong"):
        gradcheck(lambda x: x.sum(0), [np.array([[1.0, 2.0], [3.0, 4.0]])])


def test_permute_not_inverted(monkeypatch):
    plant(monkeypatch, "permute", 0, lambda g, y, x, axes: ops.permute(g, axes))
    with pytest.raises(GradcheckError, match="wrong"):
        gradcheck(lambda x: x.permute(1, 2, 0), [np.arange(8.0).reshape(2, 2, 2)])


def test_composites_are_checked_through_their_primitives(monkeypatch):
    plant(monkeypatch, "exp", 0, lambda g, y, x: g * y * 1.001)
    with pytest.raises(GradcheckError, match=r"cosh.*wrong"):
        check_composite(COMPOSITES["cosh"])


def test_a_wrong_second_derivative(monkeypatch):
    """Right to first order: the derivative of exp is taken from a constant."""
    plant(monkeypatch, "exp", 0, lambda g, y, x: g * stop_gradient(y))
    with pytest.raises(GradcheckError, match=r"order 2.*wrong"):
        check_primitive(REGISTRY["exp"])
    assert check_primitive(REGISTRY["exp"], order=1).worst < 1


# Faults that are no derivatives -------------------------------------------------------------------


def test_wrong_infer(monkeypatch):
    monkeypatch.setattr(REGISTRY["exp"], "infer", lambda x: (x.shape, np.dtype(np.float64)))
    with pytest.raises(GradcheckError, match="infer says"):
        check_primitive(REGISTRY["exp"])
    monkeypatch.setattr(REGISTRY["argmax"], "infer", lambda x, axis, keep: ((), np.dtype(np.int64)))
    with pytest.raises(GradcheckError, match="infer says"):
        check_primitive(REGISTRY["argmax"])


def test_mutation(monkeypatch):
    monkeypatch.setattr(REGISTRY["sign"], "run", lambda x: np.sign(x, out=x))
    with pytest.raises(GradcheckError, match="changes its operands"):
        check_primitive(REGISTRY["sign"])


def test_layout(monkeypatch):
    def run(x):  # reads memory in the order it lies in
        return np.sin(x.ravel("K")).reshape(x.shape)

    monkeypatch.setattr(REGISTRY["sin"], "run", run)
    with pytest.raises(GradcheckError, match="not contiguous"):
        check_primitive(REGISTRY["sin"])


def test_precision(monkeypatch):
    monkeypatch.setattr(REGISTRY["cos"], "run", lambda x: np.cos(x, dtype=np.float64))
    with pytest.raises(GradcheckError, match=r"cos.*float64"):
        check_primitive(REGISTRY["cos"])


def test_no_cases(monkeypatch):
    monkeypatch.setattr(REGISTRY["matmul"], "cases", ())
    with pytest.raises(GradcheckError, match="matmul: declares no cases"):
        check_primitive(REGISTRY["matmul"])
    with pytest.raises(GradcheckError, match="cosh: declares no cases"):
        check_composite(COMPOSITES["cosh"]._replace(cases=()))
