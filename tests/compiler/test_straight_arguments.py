"""Straight calls with arguments by name, floats, and lists, tuples and dicts: as often, and as right."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import optim
from tinygrad_mnist.compiler import direct, function as function_module

X = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)
A, B = tg.Tensor(X), tg.Tensor(X * 3 + 1)
PARAMETER = tg.Tensor(X, requires_grad=True)


def _of_tree(tree: Any) -> Any:
    if isinstance(tree, dict):
        return sum((_of_tree(x) * (k + 2) for k, x in enumerate(tree.values())), start=tg.Tensor(0.0))
    if isinstance(tree, list | tuple):
        return sum((_of_tree(x) * (k + 2) for k, x in enumerate(tree)), start=tg.Tensor(0.0))
    return tree


CALLS: dict[str, tuple[Callable[..., Any], list[tuple[tuple[Any, ...], dict[str, Any]]]]] = {
    "by name": (lambda x, y: x - y, [((A,), {"y": B}), ((B,), {"y": A}), ((A,), {"y": X})]),
    "all by name": (lambda x, y: x - y, [((), {"x": A, "y": B}), ((), {"x": B, "y": A})]),
    "floats": (
        lambda x, s: x * s + 1,
        [((A, 2.5), {}), ((A, -0.5), {}), ((B, 1e-3), {}), ((A, float("inf")), {})],
    ),
    "a float by name": (lambda x, s=1.0: x / s, [((A,), {"s": 2.0}), ((A,), {"s": 7.0})]),
    "floats of a derivative": (
        lambda x, s: (x * s * PARAMETER).sum(),
        [((A, 2.5), {}), ((A, -0.5), {})],
    ),
    "a tuple": (_of_tree, [(((A, B),), {}), (((B, A),), {})]),
    "a list": (_of_tree, [(([A, B],), {}), (([B, X],), {})]),
    "a dict": (_of_tree, [(({"a": A, "b": B},), {}), (({"a": B, "b": A},), {})]),
    "nested": (
        lambda x, rest: x - _of_tree(rest),
        [((A,), {"rest": {"a": [A, (B, 0.5)], "b": []}}), ((A,), {"rest": {"a": [B, (A, 2.5)], "b": []}})],
    ),
    "constants within": (
        lambda x, o: x * o["n"] if o["how"] == "up" else x,
        [((A, {"n": 10**6, "how": "up"}), {}), ((B, {"n": int("1000000"), "how": "".join(["u", "p"])}), {})],
    ),
}


def _same(got: Any, want: Any) -> None:
    assert (got.shape, got.dtype, got.requires_grad) == (want.shape, want.dtype, want.requires_grad)
    np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=1e-6)


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("name", CALLS)
def test_what_goes_straight(name: str, recorded: bool, long_ways: list[Any]) -> None:
    function, calls = CALLS[name]
    fast = tg.jit(function)
    with tg.set_grad_enabled(recorded):
        args, kwargs = calls[0]
        fast(*args, **kwargs)
        del long_ways[:]
        for args, kwargs in calls * 2:
            _same(fast(*args, **kwargs), function(*args, **kwargs))
    assert not long_ways


class _Float(float):
    """A subclass."""


@pytest.mark.parametrize(
    ("usual", "odd"),
    [
        ([A, B], (A, B)),
        ([A, B], [A, B, A]),
        ([A, B], [A]),
        ((A, B), [A, B]),
        ({"a": A, "b": B}, {"b": A, "a": B}),  # the order of keys is seen by who iterates
        ({"a": A, "b": B}, {"a": A, "c": B}),
        ({"a": A, "b": B}, OrderedDict(a=A, b=B)),
        ([A, 2.0], [A, 2]),
        ([A, 2.0], [A, True]),
        ([A, 2.0], [A, _Float(3.0)]),
        ([A, 2.0], [A, np.float64(3.0)]),
        ([A, 2.0], [A, np.float32(3.0)]),
        ([A, 2.0], [A, B]),
        ([A, 2], [A, 3]),
        ([A, 1], [A, True]),
        ([A, 1], [A, 1.0]),
        ([A, [B]], [A, B]),
        ([A, B], [A, PARAMETER]),
    ],
)
def test_arguments_that_are_nearly_the_same(usual: Any, odd: Any) -> None:
    function = lambda tree: (_of_tree(tree), len(tree))
    fast, named = tg.jit(function), tg.jit(lambda tree: function(tree))
    for _ in range(3):
        for given in (usual, odd, usual):
            want = function(given)
            for got in (fast(given), named(tree=given)):
                _same(got[0], want[0])
                assert got[1] == want[1]


def test_names_in_another_order_and_other_names() -> None:
    fast = tg.jit(lambda x, **rest: _of_tree([x, rest]))
    for _ in range(3):
        for kwargs in ({"a": A, "b": B}, {"b": B, "a": A}, {"a": A}, {}, {"c": A, "b": B}):
            _same(fast(B, **kwargs), _of_tree([B, kwargs]))
    with pytest.raises(TypeError):
        tg.jit(lambda x: x)(A, y=B)


def test_a_float_that_decides() -> None:
    function = lambda x, s: x * s if s > 0 else x - s
    fast = tg.jit(function)
    for _ in range(3):
        for s in (1.0, 2.0, -1.0, -2.0, 0.0, -0.0, 0.5, float("nan")):
            _same(fast(A, s), function(A, s))


def test_a_float_of_two_calls_whose_derivatives_are_asked_for_later() -> None:
    """Each graph has the number of its own call, though numbers are exchanged in place."""
    fast = tg.jit(lambda x, s: (x * x * s).sum())
    x = tg.Tensor(X, requires_grad=True)
    for _ in range(2):
        costs = [fast(x, s) for s in (2.0, 3.0, 5.0)]
        for cost, s in zip(costs, (2.0, 3.0, 5.0), strict=True):
            x.grad = None
            cost.backward()
            np.testing.assert_allclose(x.grad.numpy(), 2 * s * X, rtol=1e-6)


def test_threads_with_numbers_of_their_own() -> None:
    fast = tg.jit(lambda x, s: x * s)
    fast(A, 1.0), fast(A, 1.0)
    wrong: list[float] = []

    def calls(s: float) -> None:
        for _ in range(500):
            if fast(A, s).tolist() != (X * np.float32(s)).tolist():
                wrong.append(s)

    threads = [threading.Thread(target=calls, args=(float(k),)) for k in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_rate_that_is_new_at_each_step(long_ways: list[Any]) -> None:
    results = []
    for compile in (tg.jit, lambda f: f):
        w = tg.Tensor(X, requires_grad=True)
        optimiser = optim.SGD([w], lr=0.5)

        def step(x: Any, w: Any = w, optimiser: Any = optimiser) -> Any:
            optimiser.zero_grad()
            ((w - x) ** 2).sum().backward()
            optimiser.step()

        run = compile(step)
        run(A)
        del long_ways[:]
        for k in range(6):
            optimiser.param_groups[0]["lr"] = 0.5 / (k + 2)
            run(B)
        results.append(w.numpy().copy())
        assert not long_ways
    np.testing.assert_allclose(results[0], results[1], rtol=1e-5)


@pytest.mark.parametrize("before", [False, True])
def test_a_rate_that_the_function_reads_itself(before: bool) -> None:
    """What the optimiser reads anew may change; what the function made of it would be old."""
    w = tg.Tensor(X, requires_grad=True)
    optimiser = optim.SGD([w], lr=0.5)

    @tg.jit
    def step(x: Any) -> Any:
        if before:
            y = x * optimiser.param_groups[0]["lr"]
        optimiser.zero_grad()
        (w * x).sum().backward()
        optimiser.step()
        return y if before else x * optimiser.param_groups[0]["lr"]

    for rate in (0.5, 0.5, 0.25, 0.25, 0.125, 0.5):
        optimiser.param_groups[0]["lr"] = rate
        assert step(A).tolist() == (X * np.float32(rate)).tolist()


def _step() -> tuple[Any, Callable[[Any], Any]]:
    w = tg.Tensor(X, requires_grad=True)
    optimiser = optim.SGD([w], lr=0.5, momentum=0.9)

    def step(x: Any) -> Any:
        optimiser.zero_grad()
        cost = ((w - x[:2]) ** 2).sum()
        cost.backward()
        optimiser.step()
        return cost

    return w, step


def test_batches_that_take_turns_update_one_memory(long_ways: list[Any]) -> None:
    (w, step), (v, plain) = _step(), _step()
    fast, batches = tg.jit(step), [X * 2, np.concatenate([X, X]), np.concatenate([X, X, X])]
    for batch in batches:
        fast(batch), plain(tg.Tensor(batch))
    del long_ways[:]
    place = w.array.ctypes.data
    for batch in batches * 3:
        np.testing.assert_allclose(fast(batch).numpy(), plain(tg.Tensor(batch)).numpy(), rtol=1e-5)
        assert w.array.ctypes.data == place
    assert not long_ways
    np.testing.assert_allclose(w.numpy(), v.numpy(), rtol=1e-5)


@pytest.mark.parametrize("change", ["a reader", "an assignment", "another array", "a new program"])
def test_batches_that_take_turns_while_somebody_looks(change: str) -> None:
    """What somebody holds of a tensor stays as it is, and an exchanged one reaches every program."""
    (w, step), (v, plain) = _step(), _step()
    fast, batches = tg.jit(step), [X * 2, np.concatenate([X, X])]
    held = []
    for k, batch in enumerate([*batches, *batches * 3]):
        if k >= 2:
            if change == "a reader":
                held.append((w.numpy(), w.numpy().copy()))
            elif change == "an assignment":
                for x in (w, v):
                    x.assign_(X * k)
            elif change == "another array":
                for x in (w, v):
                    x.data = tg.Tensor(X * k)
            else:
                fast(np.concatenate([X] * (k + 1)))
                plain(tg.Tensor(np.concatenate([X] * (k + 1))))
        fast(batch), plain(tg.Tensor(batch))
        np.testing.assert_allclose(w.numpy(), v.numpy(), rtol=1e-5)
    for view, then in held:
        np.testing.assert_array_equal(view, then)


def test_programs_that_are_gone_count_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many kinds of arguments the oldest programs go: the others update in place, and nobody else's."""
    monkeypatch.setattr(function_module, "_KEPT", 2)
    w, step = _step()
    fast = tg.jit(step)
    for rows in (2, 3, 4, 5, 2, 3):
        fast(np.concatenate([X] * rows))
    fast(np.concatenate([X] * 3))
    view, then = w.numpy(), w.numpy().copy()
    place = w.array.ctypes.data
    fast(np.concatenate([X] * 2))
    np.testing.assert_array_equal(view, then)
    assert w.array.ctypes.data != place


def test_the_long_way_updates_in_place_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "PATIENCE", 1000)
    w, step = _step()
    fast = tg.jit(step)
    fast(X)
    place = w.array.ctypes.data
    for _ in range(3):
        fast(X)
        assert w.array.ctypes.data == place
