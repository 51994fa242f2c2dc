"""A tensor that a compiled function is given twice, or is given and has from elsewhere, is one there."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from random_programs import interpreting

import tinygrad_mnist as tg

HELD = SimpleNamespace(tensor=tg.zeros(3))


def _added(x: Any, y: Any) -> Any:
    with tg.no_grad():
        x.add_(y)
    return x * y


def _assigned(x: Any, y: Any) -> Any:
    with tg.no_grad():
        x[0] = 7.0
        y *= 2
    return x + 1, y + 1


def _slopes(x: Any, y: Any) -> Any:
    return tg.autograd.grad((x * x * y).sum(), [x, y], allow_unused=True)


def _compared(x: Any, y: Any) -> Any:
    return x * 2 if x is y else x * 3


#: What is done with two tensors.
DONE = {f.__name__: f for f in (_added, _assigned, _slopes, _compared)}

#: How a function comes by them: what takes (what is done) and gives a function of two.
WAYS: dict[str, Callable[[Any], Callable[..., Any]]] = {
    "positions": lambda done: lambda x, y: done(x, y),
    "names": lambda done: lambda *, x, y: done(x, y),
    "a list": lambda done: lambda both: done(*both),
    "a dict": lambda done: lambda both: done(both["x"], both["y"]),
    "elsewhere, second": lambda done: lambda x: done(x, HELD.tensor),
    "elsewhere, first": lambda done: lambda y: done(HELD.tensor, y),
}


def _call(f: Any, way: str, x: Any, y: Any) -> Any:
    if way == "names":
        return f(x=x, y=y)
    if way == "a list":
        return f([x, y])
    if way == "a dict":
        return f({"x": x, "y": y})
    if way.startswith("elsewhere"):
        HELD.tensor = y if way.endswith("second") else x
        return f(x if way.endswith("second") else y)
    return f(x, y)


def _numbers(value: Any) -> Any:
    return (
        [_numbers(v) for v in value]
        if isinstance(value, tuple)
        else value
        if value is None
        else value.tolist()
    )


def _history(f: Any, way: str, requires: bool) -> list[Any]:
    """What calls give, and leave in what they were given: of the same tensor twice, and of two in turn."""
    found = []
    for same in (True, False, True, True, False):
        x = tg.tensor([1.0, -2.0, 3.0], requires_grad=requires)
        y = x if same else tg.tensor([0.5, 4.0, -1.0], requires_grad=requires)
        found += [_numbers(_call(f, way, x, y)), x.tolist(), y.tolist()]
    return found


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("done", DONE)
def test_the_same_tensor_twice_is_one(way: str, done: str) -> None:
    function, requires = WAYS[way](DONE[done]), done == "_slopes"
    with interpreting():
        assert _history(tg.jit(function), way, requires) == _history(function, way, requires)


def test_straight_calls_know_them_too(long_ways: list[Any]) -> None:
    weight = tg.tensor([1.0, 2.0], requires_grad=True)

    def slope(x: Any, y: Any) -> Any:
        return tg.autograd.grad((x * y * weight).sum(), [x])[0]

    fast = tg.jit(slope)
    tensors = [weight, *(tg.tensor([a, 3.0], requires_grad=True) for a in (5.0, 7.0))]
    pairs = list(itertools.product(tensors, tensors))
    for _ in range(20):
        for x, y in pairs:
            assert fast(x, y).tolist() == slope(x, y).tolist()
    del long_ways[:]
    for x, y in pairs:
        assert fast(x, y).tolist() == slope(x, y).tolist()
    assert not long_ways


@pytest.mark.parametrize(
    "change",
    [
        lambda given: given["list"].append(given["x"]),
        lambda given: given["list"].reverse(),
        lambda given: given.update(new=given["x"]),
        lambda given: given.pop("x"),
        lambda given: given.update(x=given["x"] * 2),
        lambda given: given["list"].pop(),
        lambda given: given["list"].__setitem__(0, given["x"] + 1),
    ],
)
def test_a_container_that_is_given_and_changed(change: Callable[[Any], Any]) -> None:
    def function(given: Any) -> Any:
        x = given["x"] * 2
        change(given)
        return x

    given = {"x": tg.ones(2), "list": [tg.ones(2), tg.zeros(2)]}
    with pytest.raises(tg.errors.TraceError, match=r"changes a (dict|list) that it was given"):
        tg.jit(function)(given)
    assert list(given) == ["x", "list"]
    assert len(given["list"]) == 2


def test_an_array_that_is_given_and_changed() -> None:
    def function(array: Any) -> Any:
        array += 1.0
        return array * 2

    array = np.zeros(3, np.float32)
    with interpreting():
        assert tg.jit(function)(array).tolist() == [2.0] * 3
    assert array.tolist() == [1.0] * 3


OUTSIDE, UNUSED = tg.ones(2), tg.ones(2)
RETURNED: dict[str, Callable[[Any], Any]] = {
    "an argument": lambda x: x,
    "an argument that is changed": lambda x: x.add_(1.0),
    "an argument in a dict": lambda x: {"x": x, "y": x * 2, "z": x.float()},
    "a tensor from outside": lambda x: (OUTSIDE, x * 2, [OUTSIDE]),
    "a tensor from outside that is changed": lambda x: (OUTSIDE.add_(x), x),
    "a new one twice": lambda x: (lambda y: (y, y, y * 1))(x * 2),
    "one that was compared": lambda x: x * 2 if x is UNUSED else x * 3,
    "one that was looked for": lambda x: x * 2 if any(x is y for y in [UNUSED]) else x * 3,
}


@pytest.mark.parametrize("given", ["new", "outside", "unused", "array"])
@pytest.mark.parametrize("returned", RETURNED)
def test_what_is_returned_is_the_object_that_eager_calls_return(returned: str, given: str) -> None:
    def history(function: Callable[[Any], Any]) -> list[Any]:
        OUTSIDE.fill_(1.0)
        UNUSED.fill_(1.0)
        x = {"outside": OUTSIDE, "unused": UNUSED, "array": np.ones(2, np.float32)}.get(given, tg.ones(2))
        seen: list[Any] = []
        for _ in range(3):
            value = function(x)
            value = tuple(value.values()) if isinstance(value, dict) else value
            parts = [
                y[0] if isinstance(y, list) else y for y in (value if isinstance(value, tuple) else [value])
            ]
            same = [[y is z for z in (x, OUTSIDE, *parts)] for y in parts]
            seen.append((same, [y.tolist() for y in parts], x.tolist(), OUTSIDE.tolist()))
        return seen

    function = RETURNED[returned]
    if given == "array":  # of which eager calls know no words of Tensors
        function = (lambda x: (x, x)) if "dict" in returned else lambda x: x
    with interpreting():
        assert history(tg.jit(function)) == history(function)


def test_gradients_are_added_up_in_programs_too() -> None:
    def f(x: Any) -> Any:
        w = x.detach().requires_grad_()
        (w * w).sum().backward()
        held = w.grad
        (w * 3).sum().backward()
        return held * 1, w.grad

    with interpreting():
        assert [y.tolist() for y in tg.jit(f)(tg.ones(2))] == [y.tolist() for y in f(tg.ones(2))]
