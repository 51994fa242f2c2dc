"""Calls in the straight way: taken where they can be, left where they must be, and the same answers."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim
from tinygrad_mnist.compiler import direct

X = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)


def _model() -> Any:
    return nn.Sequential(nn.Linear(3, 4, generator=tg.Generator(0)), nn.Tanh())


def _numbers(tree: Any) -> Any:
    if isinstance(tree, tg.Tensor):
        return tree.numpy().tobytes(), tree.shape, tree.dtype, tree.requires_grad
    if isinstance(tree, dict):
        return [(k, _numbers(x)) for k, x in tree.items()]
    return [type(tree), *map(_numbers, tree)] if isinstance(tree, list | tuple) else tree


MODEL = _model()
SCALE = tg.Tensor([2.0])

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "one": lambda x: x * SCALE,
    "a model": MODEL,
    "a tuple": lambda x: (x + 1, x.sum(), x > 0),
    "a list in a dict": lambda x: {"a": [x + 1, x.sum()], 1: (x.argmax(), None, "text")},
    "nothing": lambda x: None,
    "an object": lambda x: [x * 2, types],
    "of a class": lambda x: x.max(1),
    "whole numbers": lambda x: (x * 3).to(np.int8),
}


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_goes_straight(name: str, recorded: bool, long_ways: list[Any]) -> None:
    function, x = FUNCTIONS[name], tg.Tensor(X)
    fast = tg.jit(function)
    kinds = [X, x, tg.Tensor(np.stack([X, X]))[1]]  # a view is a Tensor, too
    with tg.set_grad_enabled(recorded):
        fast(X)
        del long_ways[:]
        for given in kinds * 2:
            want, got = function(tg.Tensor(given)), fast(given)
            if name in ("a model",):
                np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=1e-6)
                assert got.requires_grad is want.requires_grad
            else:
                assert _numbers(got) == _numbers(want)
    assert not long_ways


@pytest.mark.parametrize("requires", [False, True])
def test_gradients_through_straight_calls(requires: bool, long_ways: list[Any]) -> None:
    fast = tg.jit(MODEL)
    x = tg.Tensor(X, requires_grad=requires)
    fast(x)
    del long_ways[:]
    MODEL.zero_grad()
    fast(x).sum().backward()
    got = [x.grad, *(p.grad for p in MODEL.parameters())]
    x.grad = None
    MODEL.zero_grad()
    MODEL(x).sum().backward()
    want = [x.grad, *(p.grad for p in MODEL.parameters())]
    for a, b in zip(got, want, strict=True):
        assert (a is None) is (b is None)
        if a is not None and b is not None:
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5)
    assert not long_ways
    MODEL.zero_grad()


class _Array(np.ndarray[Any, Any]):
    """A subclass."""


def _odd(x: Any) -> dict[str, Any]:
    named = np.dtype(np.float32, metadata={"a": 1})
    shifted = np.zeros(x.nbytes + 1, np.uint8)[1:].view(np.float32).reshape(x.shape)
    shifted[...] = x
    frozen = x.copy()
    frozen.flags.writeable = False
    return {
        "another layout": np.asfortranarray(x),
        "strides": np.repeat(x, 2, 1)[:, ::2],
        "backwards": x[:, ::-1],
        "another byte order": x.astype(">f4"),
        "not aligned": shifted,
        "a dtype of its own": x.astype(named),
        "a subclass": x.view(_Array),
        "not to be written": frozen,
        "more numbers": x.astype(np.float64),
        "another shape": x.T.copy(),
        "whole numbers": (x * 9).astype(np.int32),
        "no rows": x[:0],
        "NaN and infinities": np.where(x > 0, np.nan, -np.inf).astype(np.float32),
        "a Parameter": nn.Parameter(x),
        "a column of another": tg.Tensor(np.stack([x, x], -1))[..., 0],
    }


@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("kind", _odd(X))
def test_arguments_of_other_kinds(kind: str, recorded: bool) -> None:
    function = lambda x: (x * SCALE, x.sum(0))
    fast = tg.jit(function)
    with tg.set_grad_enabled(recorded):
        for _ in range(3):
            fast(X)
            given = _odd(X)[kind]
            want = function(given if isinstance(given, tg.Tensor) else tg.Tensor(given))
            assert _numbers(fast(given)) == _numbers(want)
            assert _numbers(fast(X)) == _numbers(function(tg.Tensor(X)))


@pytest.mark.filterwarnings("ignore:Setting the shape:DeprecationWarning")
def test_an_argument_whose_array_is_changed_in_place() -> None:
    fast = tg.jit(lambda x: x + 1)
    x = tg.Tensor(X)
    fast(x), fast(x)
    x.array.shape = (3, 2)
    assert fast(x).shape == (3, 2)
    x.array = np.zeros((2, 3), np.float32)
    assert fast(x).tolist() == [[1.0] * 3] * 2


def test_wrong_numbers_of_arguments_and_none() -> None:
    fast = tg.jit(lambda x: x + 1)
    fast(X), fast(X)
    for args in ((), (X, X)):
        with pytest.raises(TypeError, match="argument"):
            fast(*args)
    nothing = tg.jit(lambda: SCALE * 2)
    assert [nothing().item() for _ in range(3)] == [4.0] * 3
    many = tg.jit(lambda *xs: sum(xs, start=tg.Tensor([0.0])))
    for count in (1, 2, 1, 3, 2):
        assert many(*[X] * count).tolist() == tg.Tensor(X * np.float32(count)).tolist()


def test_the_way_depends_on_who_records(long_ways: list[Any]) -> None:
    fast = tg.jit(MODEL)
    for _ in range(3):
        assert fast(X).requires_grad
        with tg.no_grad():
            assert not fast(X).requires_grad
    outer = tg.jit(lambda x: fast(x) * 2)
    for _ in range(3):
        np.testing.assert_allclose(outer(X).numpy(), 2 * MODEL(tg.Tensor(X)).numpy(), rtol=1e-6)
    assert fast.explain().count("recorded for") == 2  # inside another it is the function itself


def _counter() -> tuple[Any, Callable[[Any], Any]]:
    total = nn.Parameter(np.zeros(3, np.float32))
    optimiser = optim.SGD([total], lr=1.0)

    def step(x: Any) -> Any:
        optimiser.zero_grad()
        cost = -(total * x).sum()
        cost.backward()
        optimiser.step()
        return cost

    return total, step


def test_a_step_that_others_look_at(long_ways: list[Any]) -> None:
    total, step = _counter()
    fast, ones = tg.jit(step), np.ones(3, np.float32)
    fast(ones), fast(ones)
    del long_ways[:]
    fast(ones)
    assert not long_ways
    views = [total.numpy(), total.detach(), total[0], memoryview(total.numpy()), total.numpy()[1:]]
    seen = [np.array(x) for x in views]
    fast(ones)
    assert long_ways  # to memory of its own
    assert all((np.array(x) == y).all() for k, (x, y) in enumerate(zip(views, seen)) if k not in (1, 2))
    assert total.tolist() == [4.0] * 3
    del views
    fast(ones)
    del long_ways[:]
    fast(ones)
    assert not long_ways
    assert total.tolist() == [6.0] * 3


@pytest.mark.parametrize(
    "change",
    [
        lambda p: setattr(p, "data", tg.Tensor([1.0, 1.0, 1.0])),
        lambda p: setattr(p, "array", np.ones(3, np.float32)),
        lambda p: p.assign_(tg.Tensor([1.0, 1.0, 1.0])),
        lambda p: p.array.__setitem__(slice(None), 1.0),
        lambda p: p.fill_(1.0),
        lambda p: setattr(p, "array", np.ones(6, np.float32)[::2]),
        lambda p: setattr(p, "array", np.ones(3, np.float64)),
    ],
)
def test_a_parameter_that_is_exchanged(change: Callable[[Any], Any]) -> None:
    results = []
    for way in (tg.jit, lambda step: step):
        total, step = _counter()
        step, ones = way(step), np.ones(3, np.float32)
        for _ in range(3):
            step(tg.Tensor(ones))
        with tg.no_grad():
            change(total)
        gc.collect()
        costs = [step(tg.Tensor(ones)).item() for _ in range(3)]
        results.append((costs, total.tolist()))
    assert results[0] == results[1]


def test_graphs_over_a_leaf_that_a_straight_step_changed() -> None:
    total, step = _counter()
    fast, ones = tg.jit(step), np.ones(3, np.float32)
    fast(ones), fast(ones)
    y = (total * total).sum()
    fast(ones)
    with pytest.raises(tg.errors.GraphError, match="assigned a new value"):
        y.backward()
    total.grad = tg.Tensor([9.0, 9.0, 9.0])
    fast(ones)
    with pytest.raises(Exception, match="compiled"):
        _ = total.grad.tolist()  # the program's own


def test_an_error_in_a_straight_call() -> None:
    table = tg.Tensor(X)
    fast = tg.jit(lambda i: (table[i], i + 1))
    i = np.array([0, 1])
    fast(i), fast(i)
    given = np.array([0, 7])
    before = sys.getrefcount(given), sys.getrefcount(table.array)
    for _ in range(50):
        with pytest.raises(IndexError, match=r"names an element .* that is not there"):
            fast(given)
    assert (sys.getrefcount(given), sys.getrefcount(table.array)) == before
    assert fast(i)[0].tolist() == X.tolist()


def test_straight_calls_leave_nothing_behind() -> None:
    fast = tg.jit(lambda x: {"a": x + 1, "b": (x.sum(), SCALE * 2)})
    x = tg.Tensor(X)
    for _ in range(3):
        fast(x), fast(X.T)
    counted = (x, x.array, SCALE, SCALE.array)
    gc.collect()
    before, blocks = [sys.getrefcount(y) for y in counted], sys.getallocatedblocks()
    for _ in range(2000):
        fast(x), fast(X.T)  # each misses
    gc.collect()
    assert [sys.getrefcount(y) for y in counted] == before
    assert sys.getallocatedblocks() - blocks < 500


def test_threads_that_step_and_scan_at_once() -> None:
    total, step = _counter()
    fast, ones = tg.jit(step), np.ones(3, np.float32)
    fast(ones), fast(ones)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    failed: list[BaseException] = []

    def steps(times: int) -> None:
        try:
            for k in range(times):
                if k % 50:
                    fast(ones)
                else:
                    fast.scan(np.ones((3, 3), np.float32))
        except BaseException as error:
            failed.append(error)

    try:
        threads = [threading.Thread(target=steps, args=(500,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not failed
    assert total.tolist() == [2.0 + 3 * (490 + 10 * 3)] * 3


def test_other_threads_run_while_a_long_program_does() -> None:
    n = 700
    big = tg.Tensor(np.ones((n, n), np.float32))
    fast, x = tg.jit(lambda x: (x @ big).sum()), np.ones((n, n), np.float32)
    fast(x), fast(x)
    straight = fast._latest.straight
    assert straight is not None
    assert straight.__globals__["plan"].long
    ticks, stop = [0], threading.Event()

    def tick() -> None:
        while not stop.is_set():
            ticks[0] += 1
            time.sleep(0)

    results: list[float] = []
    threads = [threading.Thread(target=lambda: results.append(fast(x).item())) for _ in range(4)]
    ticking = threading.Thread(target=tick)
    ticking.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    ticking.join()
    assert results == [float(n) ** 3] * 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_fork_while_another_thread_calls() -> None:
    fast = tg.jit(lambda x: (x * 2, {}))
    fast(X), fast(X)
    held, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with fast._lock, fast._latest._elsewhere():
            held.set()
            go_on.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    child = os.fork()
    if child == 0:
        try:
            right = all((fast(X)[0].numpy() == X * 2).all() for _ in range(3))
            os._exit(0 if right and fast._straight is not None else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    go_on.set()
    thread.join()


def test_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine code for straight calls is not made for a few of them."""
    monkeypatch.setattr(direct, "PATIENCE", 5)
    fast = tg.jit(lambda x: x + 1)
    for k in range(8):
        assert fast(X).tolist() == (X + 1).tolist()
        assert (fast._latest.straight is not None) is (k >= 5)


def test_a_call_while_arrays_are_exchanged() -> None:
    """Who is interrupted between letting go of arrays and taking others leaves nothing dangling."""
    total, step = _counter()
    fast, ones = tg.jit(step), np.ones(3, np.float32)
    fast(ones), fast(ones)
    latest = fast._latest
    latest._guard.let_go()
    latest._plan.let_go()
    assert latest.straight((ones,), {}) is direct.MISSED
    for k in range(len(latest._bound)):
        latest._bound[k] = np.empty_like(latest._bound[k])
    gc.collect()
    for _ in range(3):
        fast(ones)
    assert total.tolist() == [5.0] * 3


class _Scaler:
    def __init__(self, k: float) -> None:
        self.k = k

    @tg.jit
    def scaled(self, x: Any, how: str = "up", *more: Any) -> Any:
        """x times or by k."""
        return x * self.k if how == "up" else x / self.k


def test_methods_and_constants_among_the_arguments(long_ways: list[Any]) -> None:
    a, b = _Scaler(2.0), _Scaler(4.0)
    for _ in range(2):
        a.scaled(X), a.scaled(X, "down"), b.scaled(X), a.scaled(X, "up", 1, None)
    del long_ways[:]
    for _ in range(3):
        assert a.scaled(X).tolist() == (X * 2).tolist()
        assert a.scaled(X, "down").tolist() == (X / 2).tolist()
        assert b.scaled(X).tolist() == (X * 4).tolist()
        assert a.scaled(X, "up", 1, None).tolist() == (X * 2).tolist()
    assert not long_ways
    assert a.scaled(X, "".join(["do", "wn"])).tolist() == (X / 2).tolist()  # equal, and another object
    a.k = 8.0
    assert a.scaled(X).tolist() == (X * 8).tolist()
    assert b.scaled(X).tolist() == (X * 4).tolist()


def test_constants_that_change_within() -> None:
    """Sets and floats are no constants that are known by themselves."""
    fast = tg.jit(lambda x, s: x * len(s) if isinstance(s, set) else x * s)
    chosen = {1, 2}
    fast(X, chosen), fast(X, chosen)
    chosen.add(3)
    assert fast(X, chosen).tolist() == (X * 3).tolist()
    for k in (2.0, 3.0, 2, True, 1, 1.0):
        for _ in range(3):
            assert fast(X, k).tolist() == (X * np.float32(k)).tolist()


def test_shapes_that_take_turns(long_ways: list[Any]) -> None:
    fast, other = tg.jit(MODEL), np.concatenate([X, X])
    for _ in range(2):
        fast(X), fast(other)
    del long_ways[:]
    for _ in range(3):
        assert fast(X).shape == (2, 4)
        assert fast(other).shape == (4, 4)
    assert not long_ways
    MODEL[0].bias.assign_(MODEL[0].bias + 1)
    for given in (X, other):
        np.testing.assert_allclose(fast(given).numpy(), MODEL(tg.Tensor(given)).numpy(), rtol=1e-6)
