"""What a compiled function gives back is of the types that eager execution gives, or is refused by name."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import functools
import itertools
import operator
import os
import random
import sys
import threading
from typing import Any, NamedTuple

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist.compiler.calls import TraceWarning
from tinygrad_mnist.errors import TraceError

X = tg.Tensor([1.0, 2.0])


class Pair(NamedTuple):
    a: Any
    b: int = 3


@dataclasses.dataclass
class Output:
    logits: Any
    name: str = "logits"


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    logits: Any
    parts: tuple[Any, ...] = ()


class Names(dict):
    """With an attribute of its own."""

    label: Any = None


class Rows(list):
    def __init__(self, rows: Any, strict: bool) -> None:
        super().__init__(rows)
        self.strict = strict


def _names(x: Any) -> Names:
    made = Names(a=x * 2)
    made.label = x * 3
    return made


OUTSIDE: list[Any] = [1.0]
ARRAY = np.arange(3.0)

RESULTS = {
    "namedtuple": lambda x: Pair(x * 2),
    "dataclass": lambda x: Output(x * 2),
    "frozen dataclass with slots": lambda x: Frozen(x * 2, (x, 1)),
    "ordered dict": lambda x: collections.OrderedDict(b=x * 2, a=1),
    "default dict": lambda x: collections.defaultdict(list, a=x * 2),
    "counter": lambda x: collections.Counter(a=3),
    "dict class": _names,
    "list class": lambda x: Rows([x * 2], strict=True),
    "array": lambda x: np.arange(3),
    "array of no axes": lambda x: (x, np.array(3.0)),
    "array of strings": lambda x: np.array(["a"]),
    "numpy number": lambda x: (x * 2, np.float64(3)),
    "set": lambda x: {1, 2},
    "queue": lambda x: collections.deque([1, 2]),
    "nested": lambda x: (x, [x, {"a": Pair(x)}], None, 3, 2.5, "a", True, b"a", 1j, slice(1, 2), range(3)),
    "what is outside": lambda x: (OUTSIDE, x),
    "an array from outside": lambda x: (ARRAY, x),
    "part of an array from outside": lambda x: ARRAY[1:],
    "a function": lambda x: (abs, x),
}


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, tg.Tensor):
        return isinstance(b, tg.Tensor) and np.array_equal(a, b)
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    if isinstance(a, dict):
        factories = getattr(a, "default_factory", None) is getattr(b, "default_factory", None)
        own = _same(getattr(a, "label", None), getattr(b, "label", None))
        return factories and own and list(a) == list(b) and all(_same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple | collections.deque):
        own = getattr(a, "strict", None) == getattr(b, "strict", None)
        return own and len(a) == len(b) and all(map(_same, a, b))
    if dataclasses.is_dataclass(a):
        return all(_same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
    return bool(a == b)


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_is_what_eager_execution_gives(name: str) -> None:
    f = RESULTS[name]
    fast = tg.jit(f)
    for x in (X, X, X * 5):
        assert _same(f(x), fast(x))
    assert fast.explain().count("recorded for") == 1


@pytest.mark.parametrize("name", ["array", "set", "queue", "counter", "list class", "dataclass"])
def test_what_a_caller_does_to_a_result_does_not_reach_the_next(name: str) -> None:
    f = RESULTS[name]
    fast = tg.jit(f)
    given = fast(X)
    if isinstance(given, np.ndarray):
        given[:] = 7
    elif dataclasses.is_dataclass(given):
        given.name = "other"
    else:
        given.clear()
    assert _same(f(X), fast(X))


def test_what_is_outside_is_given_itself() -> None:
    fast = tg.jit(lambda x: (OUTSIDE, ARRAY, x))
    assert fast(X)[0] is OUTSIDE
    OUTSIDE.append(2.0)
    try:
        assert fast(X)[0] == [1.0, 2.0]
        assert fast(X)[1] is ARRAY
    finally:
        OUTSIDE.pop()


ARGUMENTS = {
    "default dict": lambda x: collections.defaultdict(lambda: x * 3),
    "ordered dict": lambda x: collections.OrderedDict(a=x, b=x * 2),
    "dict class": _names,
    "list class": lambda x: Rows([x], strict=True),
    "namedtuple": lambda x: Pair(x),
    "keys that are equal": lambda x: {1: x},
    "others": lambda x: {1.0: x},
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_an_argument_arrives_as_what_it_is(name: str) -> None:
    def f(given: Any) -> Any:
        if isinstance(given, collections.defaultdict):
            return given["new"] * 2
        if isinstance(given, collections.OrderedDict):
            given.move_to_end("a")
            return list(given)
        if isinstance(given, Names):
            return given.label
        if isinstance(given, Rows):
            return given[0] * (2 if given.strict else 1)
        if isinstance(given, Pair):
            return given.a * given.b
        return next(iter(given))

    fast = tg.jit(f)
    assert _same(f(ARGUMENTS[name](X)), fast(ARGUMENTS[name](X)))


def test_keys_that_are_equal_and_differ() -> None:
    fast = tg.jit(lambda given: next(iter(given)))
    assert [type(fast({k: X})) for k in (1, 1.0, True, 1)] == [int, float, bool, int]


REFUSED = {
    "map": lambda x: map(abs, [x]),
    "iterator": lambda x: iter([1]),
    "generator": lambda x: (v for v in [x]),
    "zip": lambda x: (zip([1], [2]), x),
    "function of it": lambda x: lambda: x * 2,
    "default of a function": lambda x: lambda y=x: y,
    "partial": lambda x: functools.partial(operator.add, x),
    "method": lambda x: x.sum,
    "set of tensors": lambda x: {x},
    "queue of tensors": lambda x: collections.deque([x]),
    "itself": lambda x: (lambda made: (made.append(made), made)[1])([x]),
    "array of objects": lambda x: (lambda made: (made.fill(x), made)[1])(np.empty(1, object)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_result_that_cannot_be_made_again_is_refused(name: str) -> None:
    with pytest.raises(TraceError, match=r"cannot make anew|contains itself"):
        tg.jit(REFUSED[name])(X)


def test_an_argument_that_contains_itself_is_refused() -> None:
    made: list[Any] = [X]
    made.append(made)
    with pytest.raises(TraceError, match="contains itself"):
        tg.jit(lambda x: x[0])(made)


class Holder:
    kept: Any = None


def test_what_is_kept_in_objects_is_filled_anew_or_refused() -> None:
    holder = Holder()

    def keeps(x: Any) -> Any:
        holder.kept = Output(x * 2)
        return x

    fast = tg.jit(keeps)
    for x in (X, X * 3):
        fast(x)
        assert holder.kept.logits.tolist() == (x * 2).tolist()

    def hides(x: Any) -> Any:
        holder.kept = {x}
        return x

    with pytest.raises(TraceError, match=r"holder\.kept a set"):
        tg.jit(hides)(X)


# Errors of ours that the function catches ------------------------------------------------------------


def _once(x: Any) -> Any:
    try:
        return x * float(x.sum())
    except Exception:
        return x * 100


def _into_another(x: Any) -> Any:
    try:
        return x if x.sum() > 0 else -x
    except Exception as error:
        raise RuntimeError("bad") from error


def _suppressed(x: Any) -> Any:
    with contextlib.suppress(Exception):
        return x * x.sum().item()
    return x * 100


def _everything(x: Any) -> Any:
    try:
        return x * float(x.sum())
    except BaseException:
        return x * 100


def _again_and_again(x: Any) -> Any:
    n = 0
    while n < 10**9:
        try:
            return x * float(x.sum())
        except Exception:
            n += 1


def _in_a_helper(x: Any) -> Any:
    def number() -> float:
        try:
            return float(x.sum())
        except TraceError:
            return 3.0

    return x * number()


@pytest.mark.parametrize(
    "f", [_once, _into_another, _suppressed, _everything, _again_and_again, _in_a_helper]
)
def test_a_refusal_cannot_be_caught_by_the_function(f: Any) -> None:
    fast = tg.jit(f)
    for _ in range(2):
        with pytest.raises(TraceError):
            fast(X)
    assert (X * 2).tolist() == [2.0, 4.0]


def test_cleaning_up_still_happens() -> None:
    def f(x: Any) -> Any:
        try:
            return x * float(x.sum())
        finally:
            for k in range(3):
                LOG.append(k)

    with pytest.raises(TraceError):
        tg.jit(f)(X)
    assert LOG == [0, 1, 2]


LOG: collections.UserList[int] = (
    collections.UserList()
)  # whose code, of the standard library, is not followed
DRAWS, NUMPY_DRAWS = random.Random(0), np.random.default_rng(0)
COUNTS, CYCLE = itertools.count(), itertools.cycle([1.0])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * operator.methodcaller("random")(DRAWS),
        lambda x: x * operator.methodcaller("normal")(NUMPY_DRAWS),
        lambda x: x * functools.partial(DRAWS.uniform, 1, 2)(),
        lambda x: x * next(map(float, COUNTS)),
        lambda x: x * operator.methodcaller("__next__")(COUNTS),
        lambda x: x * next(enumerate(CYCLE))[1],
    ],
)
def test_what_draws_or_is_used_up_through_others_is_refused(f: Any) -> None:
    with pytest.raises(TraceError, match=r"random numbers|used up"):
        tg.jit(f)(X)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * os.getpid(),
        lambda x: x * os.cpu_count(),
        lambda x: x * threading.get_ident(),
        lambda x: x * (threading.current_thread() is threading.main_thread()),
        lambda x: x * len(os.path.abspath(".")),
    ],
)
def test_what_the_system_answers_is_warned_of(f: Any) -> None:
    with pytest.warns(TraceWarning, match=r"test_jit_results.py:\d+"):
        tg.jit(f)(X)


def test_a_tracer_that_is_taken_away_is_noticed() -> None:
    def f(x: Any) -> Any:
        sys.settrace(None)
        return x * OUTSIDE[0]

    with pytest.raises(TraceError, match="settrace"):
        tg.jit(f)(X)
