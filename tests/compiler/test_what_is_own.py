"""What a recorded function makes is its own: Tensors, and what functions made in the call close over."""

from __future__ import annotations

import functools
import types
from typing import Any

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist.errors import TraceError

X = tg.tensor([1.0, 2.0])
BEFORE: list[Any] = [1.0]


def read_by_a_lambda(x):
    values = [x]
    get = lambda k: values[k]
    values.append(get(0) * 2)
    return values[-1]


def added_by_a_function(x):
    values, seen = [x], set()

    def add(k):
        seen.add(k)
        values.append(values[-1] * len(seen))

    add(1)
    add(2)
    return values[-1]


def made_elsewhere(x):
    def make():
        values = [x]

        def add():
            values.append(values[-1] + 1)
            return values[-1]

        return add

    add, other = make(), make()
    add()
    return add() * other()


def remembered(x):
    memo: dict[int, Any] = {}

    def fibonacci(n):
        if n not in memo:
            memo[n] = x * n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)
        return memo[n]

    return fibonacci(6)


def called_by_native_code(x):
    values = [x]
    values.extend([functools.reduce(lambda a, k: a * values[k], [0, 0], 2)])
    first = sorted([2, 1], key=lambda k: len(values) * k)[0]
    values.append(values[first])
    return values[-1]


def of_an_object(x):
    class Values:
        def __init__(self):
            self.all = [x]

        def add(self):
            self.all.append(self.all[-1] * 2)

    values = Values()
    again = lambda: values.add()
    again()
    again()
    return values.all[-1]


def in_a_step_of_a_loop(x):
    def body(s, _):
        values = []
        put, get = lambda v: values.append(v), lambda: values[-1]
        put(s * 2)
        put(get() + 1)
        return get(), None

    return tg.scan(body, x, length=3)[0]


@pytest.mark.parametrize(
    "f",
    [
        read_by_a_lambda,
        added_by_a_function,
        made_elsewhere,
        remembered,
        called_by_native_code,
        of_an_object,
        in_a_step_of_a_loop,
    ],
)
def test_what_was_made_in_the_call_may_change(f):
    compiled, wanted = tg.jit(f), f(X).tolist()
    assert compiled(X).tolist() == compiled(X).tolist() == wanted


def closing_over(values):
    """Functions that close over a list from outside, by a function of their own and by two."""

    def direct(of, x):
        return (lambda: of(values, x))()

    def deep(of, x):
        return (lambda: (lambda: of(values, x))())()

    def handed(of, x):
        return next(iter([lambda: of(values, x)]))()

    def native(of, x):
        return functools.reduce(lambda y, v: of(values, y * v), [1.0], x)

    return [direct, deep, handed, native]


@pytest.mark.parametrize("number", range(4))
def test_a_list_from_outside_is_watched_through_functions_made_in_the_call(number):
    values = [2.0]
    run = closing_over(values)[number]
    scaled = tg.jit(lambda x: run(lambda v, x: x * v[0], x))
    assert scaled(X).tolist() == [2.0, 4.0]
    values[0] = 3.0
    assert scaled(X).tolist() == [3.0, 6.0]
    with pytest.raises(TraceError, match="is changed by append"):
        tg.jit(lambda x: run(lambda v, x: (v.append(1), x)[1], x))(X)
    assert values == [3.0]


def test_functions_made_before_have_the_same_code_and_what_they_close_over_is_watched():
    def make(values):
        def add(x):
            values.append(1.0)
            return x * len(values)

        return add

    before = make(BEFORE)
    both = tg.jit(lambda x: make([])(x) + before(x))
    with pytest.raises(TraceError, match="is changed by append"):
        both(X)
    assert BEFORE == [1.0]
    assert tg.jit(lambda x: make([])(x))(X).tolist() == [1.0, 2.0]


def test_variables_from_outside_that_a_function_made_in_the_call_sets_are_set_at_each_call():
    count = 0

    def f(x):
        def up():
            nonlocal count
            count += 1

        up()
        return x * 2

    compiled = tg.jit(f)
    compiled(X)
    assert count == 1


def changed(x):
    t = tg.tensor([0.0, 1.0])
    t += x
    t.copy_(t.flip(0))
    t[0] = x[1]
    return t


def assigned(x):
    t = tg.from_numpy(np.zeros(2, np.float32))
    t.assign_(t + x)
    u = tg.Tensor([1.0, 2.0])
    u.data = t.data * u
    return u * 1


def fitted(x):
    t = tg.tensor([0.0, 0.0], requires_grad=True)
    for _ in range(3):
        ((t - x) ** 2).sum().backward()
        with tg.no_grad():
            t -= 0.1 * t.grad
        t.grad = None
    return t.detach()


def of_other_makers(x):
    a, b, c = tg.arange(2.0), tg.eye(2), tg.linspace(0, 1, 2)
    a *= x
    b[0] = a
    c -= x
    return b @ c


def differentiated(x):
    def number(x):
        t = tg.tensor([0.0, 1.0])
        t += x
        t *= t
        return t.sum()

    return tg.grad(number)(x)


def in_each_step(x):
    def body(s, _):
        t = tg.tensor([0.0, 1.0])
        t.add_(s)
        t[0] = s[1]
        return t, None

    return tg.scan(body, x, length=4)[0]


@pytest.mark.parametrize(
    "f", [changed, assigned, fitted, of_other_makers, differentiated, in_each_step], ids=lambda f: f.__name__
)
def test_a_tensor_made_in_the_call_is_made_anew_at_each_call(f):
    compiled, wanted = tg.jit(f), f(X).numpy()
    for _ in range(3):
        np.testing.assert_allclose(compiled(X).numpy(), wanted, rtol=1e-6)


def test_a_tensor_made_in_the_call_and_kept_outside_goes_on():
    def totals(x, kept):
        if not hasattr(kept, "total"):
            kept.total = tg.tensor([0.0, 0.0])
        kept.total.add_(x)
        return kept.total * 1

    here, there = types.SimpleNamespace(), types.SimpleNamespace()
    compiled = tg.jit(lambda x: totals(x, there))
    for _ in range(3):
        assert compiled(X).tolist() == totals(X, here).tolist()
    assert there.total.tolist() == here.total.tolist()
