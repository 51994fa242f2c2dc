"""What compiled functions are given besides tensors, what they leave behind, and what they refuse."""

from __future__ import annotations

import collections
import datetime
import functools
import io
import itertools
import os
import pathlib
import queue
import random
import secrets
import subprocess
import sys
import threading
import time
import types
import uuid
from typing import Any

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim
from tinygrad_mnist.compiler.calls import TraceWarning
from tinygrad_mnist.errors import DTypeError, TraceError

X = tg.tensor([1.0, 2.0])


def _agree(f: Any, *calls: tuple[Any, ...]) -> str:
    fast = tg.jit(f)
    for args in calls:
        want, got = f(*args), fast(*args)
        assert (got.dtype, got.numpy().tobytes()) == (want.dtype, want.numpy().tobytes()), args
    return fast.explain()


def test_numbers_among_arguments_are_told_apart() -> None:
    values = [0.0, -0.0, 0, False, 1, True, 1.0, np.float32(1), np.int8(1), float("nan"), 2**31, -1]
    _agree(lambda x, k: x * k, *((X, k) for k in values), *((X, k) for k in values))
    whole = tg.tensor([1, 2])
    _agree(lambda x, k: x * k, *((whole, k) for k in [1, True, 1.0, 2, 0, -0.0]))


def test_none_sets_slices_and_objects_among_arguments() -> None:
    f = lambda x, k: x * 2 if k is None or "a" in k else x * 3
    text = _agree(f, (X, None), (X, {"a"}), (X, {"b"}), (X, {"a"}), (X, frozenset("a")), (X, None))
    assert text.count("recorded for") == 4
    assert (
        _agree(lambda x, k: x[k], (X, slice(0, 1)), (X, slice(0, 1)), (X, slice(1, 2))).count("recorded for")
        == 2
    )

    class Unhashable:
        __hash__ = None  # type: ignore[assignment]

        def __init__(self, k: float) -> None:
            self.k = k

        def __eq__(self, other: object) -> bool:
            return True

    a, b = Unhashable(2.0), Unhashable(3.0)
    _agree(lambda x, k: x * k.k, (X, a), (X, b), (X, a))
    fast = tg.jit(lambda x, k: x * k.k)
    fast(X, a)
    a.k = 5.0
    assert fast(X, a).tolist() == [5.0, 10.0]


def test_a_model_among_the_arguments() -> None:
    model = nn.Sequential(
        nn.Linear(2, 3, generator=tg.Generator(0)), nn.Dropout(0.5, generator=tg.Generator(1))
    )
    fast = tg.jit(lambda m, x: m(x))
    x = tg.ones((4, 2))
    assert (fast(model, x).numpy() == 0).any()
    model.eval()
    np.testing.assert_array_equal(fast(model, x).numpy(), model(x).numpy())
    model.train()
    assert (fast(model, x).numpy() == 0).any()


def test_a_compiled_method() -> None:
    class M:
        k = 2.0

        @tg.jit
        def forward(self, x: Any) -> Any:
            return x * self.k

    a, b = M(), M()
    b.k = 3.0
    assert a.forward(X).tolist() == [2.0, 4.0]
    assert b.forward(X).tolist() == [3.0, 6.0]
    a.k = 4.0
    assert a.forward(X).tolist() == [4.0, 8.0]
    assert "recorded" in a.forward.explain()
    assert b.forward.scan(tg.ones((2, 2))).tolist() == [[3.0, 3.0], [3.0, 3.0]]


def test_what_is_kept_on_a_module_is_kept_at_each_call() -> None:
    class M(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter([2.0, 3.0])

        def forward(self, x: Any) -> Any:
            self.out = x * self.w
            self.parts = [self.out, {"sum": self.out.sum()}]
            return self.out + 1

    m = M()
    fast = tg.jit(lambda x: m(x))
    for k in (1.0, 2.0, 3.0):
        assert fast(X * k).tolist() == [2 * k + 1, 6 * k + 1]
        assert m.out.tolist() == [2 * k, 6 * k]
        assert m.parts[1]["sum"].item() == 8 * k
        m.state_dict()
    assert fast.explain().count("recorded for") == 1
    fast.scan(tg.ones((3, 2)))
    assert m.out.tolist() == [2.0, 3.0]


def test_a_counter_inside_counts_as_in_eager_execution() -> None:
    class Counter:
        n = 0

    def f(x: Any) -> Any:
        Counter.n += 1
        return x * Counter.n

    fast = tg.jit(f)
    assert [fast(X).tolist()[0] for _ in range(3)] == [1.0, 2.0, 3.0]
    assert Counter.n == 3
    with pytest.raises(TraceError, match=r"Counter\.n.*assign_"):
        fast.scan(tg.ones((2, 2)))


def test_what_is_not_read_does_not_matter() -> None:
    class Trainer:
        def __init__(self) -> None:
            self.lr, self.step, self.log = 0.5, 0, {"lr": 2.0, "step": 0}
            self.opt = optim.SGD([tg.tensor([1.0], requires_grad=True)], lr=0.1)

    t = Trainer()

    def f(x: Any) -> Any:
        t.opt.step()
        return x * t.lr * t.log["lr"]

    fast = tg.jit(f)
    for _ in range(5):
        fast(X)
        t.step += 1
        t.log["step"] += 1
        t.unrelated = t.step
    assert fast.explain().count("recorded for") == 1


def test_a_lazily_made_table() -> None:
    cache: dict[int, Any] = {}

    def f(x: Any) -> Any:
        if x.shape[0] not in cache:
            cache[x.shape[0]] = tg.arange(x.shape[0]) * 1.0
        return x * cache[x.shape[0]]

    fast = tg.jit(f)
    assert [fast(X).tolist() for _ in range(4)] == [[0.0, 2.0]] * 4
    assert isinstance(cache[2].numpy(), np.ndarray)
    assert fast.explain().count("recorded for") <= 2


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt, SystemExit, MemoryError, GeneratorExit])
def test_an_exception_in_the_middle_of_recording(error: type[BaseException]) -> None:
    g = tg.Generator(3)
    m = nn.Sequential(nn.Linear(2, 2, generator=g))
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    graph = (w * w).sum()
    w.grad = tg.ones(2)
    before, fail = g.state.tolist(), True

    def f(x: Any) -> Any:
        w.grad = None
        m.kept = x * 2
        m.eval()
        y = g.uniform((2,)) * x
        w.assign_(w + 1)
        (w * x).sum().backward()
        if fail:
            raise error("not today")
        return y

    fast = tg.jit(f)
    for _ in range(2):
        with pytest.raises(error):
            fast(X)
    assert (w.tolist(), w.grad.tolist(), g.state.tolist()) == ([1.0, 2.0], [1.0, 1.0], before)
    assert m.training
    assert not hasattr(m, "kept")
    graph.backward()  # of before: nothing was assigned
    m.state_dict()
    fail = False
    assert fast(X).shape == (2,)
    assert w.tolist() == [2.0, 3.0]
    assert (X + 1).tolist() == [2.0, 3.0]


def test_an_argument_that_is_assigned() -> None:
    fast, x, y = tg.jit(lambda x: x.assign_(x + 1)), tg.ones(1), tg.ones(1)
    for k in (2.0, 3.0):
        assert fast(x).tolist() == x.tolist() == [k]
    assert y.assign_(y + 1).tolist() == [2.0]


def test_whole_numbers_that_do_not_fit() -> None:
    x = tg.tensor([1], dtype="int32")
    for k in (2**31, -(2**31) - 1, 2**63):
        for f in (lambda x, k: x + k, tg.jit(lambda x, k: x + k)):
            with pytest.raises((OverflowError, DTypeError)):
                f(x, k)


RNG, OLD, PYTHONS = np.random.default_rng(0), np.random.RandomState(0), random.Random(0)
HOLDER = types.SimpleNamespace(rng=RNG)


@pytest.mark.parametrize(
    ("ask", "what"),
    [
        (lambda x: x * random.random(), "random"),
        (lambda x: x * random.Random(0).random(), "random"),
        (lambda x: x * np.random.rand(), "random"),  # noqa: NPY002
        (lambda x: x * np.random.default_rng(0).random(), "random"),
        (lambda x: x * uuid.uuid4().int, "random"),
        (lambda x: x * len(os.urandom(2)), "random"),
        (lambda x: x * secrets.randbelow(3), "random"),
        (lambda x: x * random.SystemRandom().random(), "random"),
        (lambda x: x * float(RNG.random()), "random"),
        (lambda x: x * tg.Tensor(RNG.normal(size=2)), "random"),
        (lambda x, rng=RNG: x * int(rng.integers(3)), "random"),
        (lambda x: x * getattr(RNG, "random")(), "random"),  # noqa: B009
        (lambda x: x * HOLDER.rng.random(), "random"),
        (lambda x: x * sum([RNG.random() for _ in range(2)]), "random"),
        (lambda x: x * sorted([1.0, 2.0], key=lambda _: RNG.random())[0], "random"),
        (lambda x: x * sum(map(RNG.normal, [0.0, 1.0])), "random"),
        (lambda x: x * len(RNG.spawn(1)), "random"),
        (lambda x: x * functools.partial(RNG.normal, 0.0)(), "random"),
        (lambda x: x * np.random.Generator.random(RNG), "random"),
        (lambda x: x * float(RNG.bit_generator.random_raw() % 3), "random"),
        (lambda x: x * OLD.rand(), "random"),
        (lambda x: x * OLD.normal(), "random"),
        (lambda x: x * PYTHONS.gauss(0, 1), "random"),
        (lambda x: x * random.Random.random(PYTHONS), "random"),
    ],
)
def test_random_numbers_of_others_are_refused(ask: Any, what: str) -> None:
    with pytest.raises(TraceError, match=rf"(?s){what}.*test_watched_calls.py:\d+"):
        tg.jit(ask)(X)


def test_iterators_that_are_used_up_are_refused() -> None:
    for it in (iter([1.0, 2.0]), (k for k in [1.0]), zip([1.0]), map(float, [1]), itertools.count()):
        for ask in (
            lambda x, it=it: x * next(it),
            lambda x, it=it: x * tuple(itertools.islice(it, 1)),
            lambda x, it=it: [x for _ in it],
        ):
            with pytest.raises(TraceError, match=r"iterator.*test_watched_calls.py:\d+"):
                tg.jit(ask)(X)


TEXT = io.StringIO("one\ntwo\n")


def test_lines_of_an_open_file_are_used_up() -> None:
    lines = io.StringIO("1\n2\n")
    for ask in (lambda x: x * float(next(lines)), lambda x: x * len(list(lines))):
        with pytest.raises(TraceError, match="iterator"):
            tg.jit(ask)(X)
    assert tg.jit(lambda x: (lines.write("3"), x * 2)[1])(X).tolist() == [2.0, 4.0]


def test_a_queue_and_a_variable_of_a_thread() -> None:
    waiting: queue.SimpleQueue[float] = queue.SimpleQueue()
    waiting.put(1.0)
    with pytest.raises(TraceError, match=r"get\(\)"):
        tg.jit(lambda x: x * waiting.get())(X)
    mine = threading.local()
    fast = tg.jit(lambda x: x * mine.k)
    for k in (2.0, 3.0):
        mine.k = k
        assert fast(X).tolist() == [k, 2 * k]


@pytest.mark.parametrize(
    "ask",
    [
        lambda x: x * time.time(),
        lambda x: x * time.perf_counter(),
        lambda x: x * datetime.datetime.now().year,
        lambda x: x * len(os.environ.get("HOME", "")),
        lambda x: x * len(os.environ["PATH"]),
        lambda x: x * len(os.getenv("HOME", "")),
        lambda x: x * len(pathlib.Path(__file__).read_text()),
        lambda x: x * datetime.date.today().year,
        lambda x: x * os.times().user,
        lambda x: x * len(TEXT.readline()),
        lambda x: x * len(sys.stdin.read()),
        lambda x: x * len(input()),
        lambda x: x * os.path.exists(__file__),
        lambda x: x * os.stat(__file__).st_size,
        lambda x: x * len(subprocess.check_output(["true"])),
    ],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_what_cannot_be_asked_again_warns_of_its_line(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("a line\n"))
    with pytest.warns(TraceWarning, match=r"test_watched_calls.py:\d+"):
        tg.jit(ask)(X)


LOG: list[Any] = []
BAG: set[Any] = set()
TABLE: dict[str, Any] = {}
ARRAY = np.zeros(2)


@pytest.mark.parametrize(
    "change",
    [
        lambda x: LOG.append(x),
        lambda x: LOG.extend([x]),
        lambda x: LOG.__iadd__([x]),
        lambda x: BAG.add(1),
        lambda x: ARRAY.fill(1),
        lambda x: ARRAY.__setitem__(0, 1),
        lambda x: list.append(LOG, x),
    ],
)
def test_changes_of_containers_that_a_program_cannot_repeat(change: Any) -> None:
    with pytest.raises(TraceError, match="is changed by"):
        tg.jit(lambda x: (change(x), x * 2)[1])(X)
    assert (LOG, BAG, TABLE, ARRAY.tolist()) == ([], set(), {}, [0.0, 0.0])


def test_names_are_never_evaluated() -> None:
    class Config: ...

    cfg = Config()
    for name in ("x or __import__('os').abort()", "a.b", "", "k)\n raise SystemExit", "\u00e9", "class"):
        setattr(cfg, name, 2.0)
        fast = tg.jit(lambda x, name=name: x * getattr(cfg, name))
        assert fast(X).tolist() == [2.0, 4.0]
        setattr(cfg, name, 3.0)
        assert fast(X).tolist() == [3.0, 6.0]
        setattr(Config, name, lambda self: 4.0)
        delattr(cfg, name)
        call = tg.jit(lambda x, name=name: x * getattr(cfg, name)())
        assert call(X).tolist() == call(X).tolist() == [4.0, 8.0]


def test_check_finds_what_is_not_watched() -> None:
    hidden = [2.0]
    fast = tg.jit(lambda x: x * float(np.array(hidden).sum()), check=True)
    assert fast(X).tolist() == fast(X).tolist() == [2.0, 4.0]
    hidden[0] = 3.0
    assert fast(X).tolist() == [3.0, 6.0]

    @tg.jit(check=True)
    def clock(x: Any) -> Any:
        return x * time.perf_counter()

    with pytest.warns(TraceWarning):
        clock(X)
    with pytest.warns(TraceWarning), pytest.raises(TraceError, match="not what the function is now"):
        clock(X)


def test_explain_lists_what_is_watched() -> None:
    class Config:
        lr = 2.0

    fast = tg.jit(lambda x: x * Config.lr)
    fast(X)
    assert "watched: Config.lr = 2.0" in fast.explain()


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8"])
def test_products_of_whole_numbers(dtype: str) -> None:
    a, b = tg.tensor([[1, 2], [3, 4], [5, 6]], dtype=dtype), tg.tensor([[1, 200], [3, 4]], dtype=dtype)
    _agree(lambda a, b: a @ b, (a, b))


@pytest.mark.parametrize(
    "make",
    [
        lambda y: types.SimpleNamespace(y=y),
        lambda y: {y},
        lambda y: collections.deque([y]),
        lambda y: {"y": y}.values(),
        lambda y: [1, (types.SimpleNamespace(y=y), None)],
        lambda y: (k for k in [y]),
    ],
)
def test_results_that_no_program_can_fill_are_refused(make: Any) -> None:
    with pytest.raises(TraceError, match="return tensors, and tuples, lists, dicts and"):
        tg.jit(lambda x: make(x * 2))(X)
    keeps = types.SimpleNamespace(k=2.0)
    assert tg.jit(lambda x: (keeps, x * 2))(X)[0] is keeps
