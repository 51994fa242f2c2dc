"""In-place words whose other operand is the tensor itself, or a view of it: as PyTorch's `x += x`."""

from __future__ import annotations

import operator

import numpy as np
import pytest

import tinygrad_mnist as tg

AT = tg.tensor([[0.3, 1.2, -0.7], [0.9, -0.2, 0.4], [1.1, 0.5, 0.8]], dtype=tg.float64)

#: (in place, out of place)
CHANGES = {
    "+=": (operator.iadd, operator.add),
    "-=": (operator.isub, operator.sub),
    "*=": (operator.imul, operator.mul),
    "/=": (operator.itruediv, operator.truediv),
    **{
        name: (getattr(tg.Tensor, f"{name}_"), getattr(tg, name))
        for name in ("add", "sub", "mul", "div", "hypot", "atan2", "copysign", "xlogy", "remainder")
    },
    "copy": (tg.Tensor.copy_, lambda x, y: y * 1),
    "addcmul": (lambda x, y: x.addcmul_(y, y), lambda x, y: x.addcmul(y, y)),
    "addmm": (lambda x, y: x.addmm_(y, y), lambda x, y: x.addmm(y, y)),
    "lerp": (lambda x, y: x.lerp_(y, 0.3), lambda x, y: x.lerp(y, 0.3)),
    "all of it": (lambda x, y: x.__setitem__(slice(None), y), lambda x, y: y * 1),
    "where": (lambda x, y: x.__setitem__(x > 0.4, y.sum()), lambda x, y: tg.where(x > 0.4, y.sum(), x)),
    "times its sum": (lambda x, y: x.mul_(y.sum()), lambda x, y: x * y.sum()),
}
#: What of x is the other operand.
OTHERS = {"itself": lambda x: x, "turned": lambda x: x.T, "a row": lambda x: x[-1]}


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_by_itself_has_the_gradient_of_the_same_out_of_place(name, other):
    in_place, plain = CHANGES[name]
    pick = OTHERS[other]
    if other == "a row" and name == "addmm":
        pick = lambda x: x.flip(0)

    def changed(x):
        first = x * 1
        before = first * 2
        with np.errstate(invalid="ignore", divide="ignore"):
            in_place(first, pick(first))
            middle = first * 1
            in_place(first, pick(first))
        return before.sum() + (middle * before).sin().sum() + (first * 0.1).sin().sum()

    def written_out(x):
        first = x * 1
        before = first * 2
        spread = lambda y: y + first * 0
        with np.errstate(invalid="ignore", divide="ignore"):
            middle = spread(plain(first, pick(first)))
            last = spread(plain(middle, pick(middle)))
        return before.sum() + (middle * before).sin().sum() + (last * 0.1).sin().sum()

    with np.errstate(invalid="ignore", divide="ignore"):
        value, gradient = tg.value_and_grad(changed)(AT)
        wanted = tg.value_and_grad(written_out)(AT)
    np.testing.assert_allclose(value.numpy(), wanted[0].numpy())
    np.testing.assert_allclose(gradient.numpy(), wanted[1].numpy())


def test_a_change_by_itself_compiles():
    def doubled(x):
        y = x * 1
        y += y
        y.copy_(y.T)
        return (y * y).sum()

    np.testing.assert_allclose(tg.jit(tg.grad(doubled))(AT).numpy(), (AT * 8).numpy())
