"""A gradient that is held on to is the one in `grad` until it is forgotten, as in PyTorch."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

import tinygrad_mnist as tg
from tinygrad_mnist.optim import SGD


def _twice(x: Any, between: Callable[[Any], Any], **words: Any) -> Any:
    """What a program shows that holds on to a gradient: is it the same, and its numbers."""
    (x * x).sum().backward(**words)
    held = x.grad
    between(x)
    (x * 3).sum().backward(**words)
    return held is x.grad, held.tolist(), x.grad.tolist()


@pytest.mark.parametrize(
    ("between", "words", "expected"),
    [
        (lambda x: None, {}, (True, [5.0, 7.0], [5.0, 7.0])),
        (lambda x: setattr(x, "grad", None), {}, (False, [2.0, 4.0], [3.0, 3.0])),
        (lambda x: SGD([x], lr=0.1).zero_grad(), {}, (False, [2.0, 4.0], [3.0, 3.0])),
        (lambda x: SGD([x], lr=0.1).zero_grad(set_to_none=False), {}, (True, [3.0, 3.0], [3.0, 3.0])),
        (lambda x: (x.grad.mul_(math.nan), SGD([x]).zero_grad(False)), {}, (True, [3.0, 3.0], [3.0, 3.0])),
        (lambda x: None, {"create_graph": True}, (False, [2.0, 4.0], [5.0, 7.0])),  # as in PyTorch
    ],
)
def test_gradients_are_added_up_in_place(
    between: Callable[[Any], Any], words: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    assert _twice(tg.tensor([1.0, 2.0], requires_grad=True), between, **words) == expected


def test_gradients_that_are_given_are_added_to() -> None:
    x, y, given = (tg.tensor([1.0], requires_grad=k < 2) for k in range(3))
    x.grad = y.grad = given
    (x * 2 + y * 3).sum().backward()
    assert given.tolist() == x.grad.tolist() == [6.0]
    assert x.grad is y.grad is given


@pytest.mark.parametrize(
    "replace",
    [
        lambda y: y.zero_(),
        lambda y: y.fill_(math.inf),
        lambda y: y.copy_(tg.ones(2)),
        lambda y: y.uniform_(),
        lambda y: y.__setitem__(slice(None), 3.0),
    ],
)
def test_a_computed_tensor_of_which_nothing_is_left_stays_in_its_graph(replace: Callable[[Any], Any]) -> None:
    x = tg.tensor([1.0, math.inf], requires_grad=True)
    y = x * 2
    replace(y)
    assert y.requires_grad
    (y.sum() + x[0] * 5).backward()
    assert x.grad.tolist() == [5.0, 0.0]


def test_backward_of_some_inputs() -> None:
    def graph() -> tuple[Any, Any, Any, Any]:
        x, w = (tg.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
        y = x * w
        return x, w, y, (y * y).sum()

    x, w, y, cost = graph()
    cost.backward(inputs=[x, y])
    assert (x.grad.tolist(), y.grad.tolist(), w.grad) == ([2.0, 16.0], [2.0, 8.0], None)
    x, w, y, cost = graph()
    tg.autograd.backward(cost, inputs=w)
    assert (x.grad, w.grad.tolist()) == (None, [2.0, 16.0])
    for inputs, message in (([], "cannot be empty"), ([tg.ones(2)], "does not require")):
        with pytest.raises(tg.errors.GraphError, match=message):
            graph()[-1].backward(inputs=inputs)
