"""Draws functions, what they read, and changes between calls; answers are compared with the function's own.

    python tests/compiler/fuzz_changes.py --minutes 60 [--seed 0]

prints how many functions, changes and calls it took, and stops at the first that differs. Under
`MALLOC_PERTURB_=85 MALLOC_CHECK_=3` memory that was freed does not look like what it was.
"""

from __future__ import annotations

import argparse
import collections
import functools
import sys
import threading
import time
import types
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_mnist as tg
from tinygrad_mnist.compiler import direct, guards
from tinygrad_mnist.errors import TinygradMnistError

VALUES = (2.0, 3.0, -0.0, 0.0, 1, True, 1.0, 7, 0.5)
INTEGERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")


class Config:
    """Somewhere for numbers to stand."""

    shared: Any = 2.0

    def __init__(self, rng: np.random.Generator) -> None:
        self.k = _value(rng)
        self.d = {"a": _value(rng), "b": _value(rng)}
        self.ks = [_value(rng) for _ in range(3)]
        self.s = set(range(int(rng.integers(3))))
        self.q = collections.deque([_value(rng)])
        self.m = types.SimpleNamespace(k=_value(rng))
        self.r = _array(rng)
        self.t = tg.Tensor(_array(rng))
        self.i = rng.integers(-3, 3, 2).astype(INTEGERS[int(rng.integers(8)) & ~1])
        self.f: Callable[[], Any] = lambda: 2.0
        self.steps = 0

    def get(self) -> Any:
        """A number through a method."""
        return self.m.k


def _value(rng: np.random.Generator) -> Any:
    return VALUES[int(rng.integers(len(VALUES)))]


def _array(rng: np.random.Generator) -> Any:
    x = rng.uniform(-2, 2, (3, 4)).astype(np.float32)
    layout = int(rng.integers(4))
    if layout == 1:
        return np.asfortranarray(x)
    if layout == 2:
        return rng.uniform(-2, 2, (6, 8)).astype(np.float32)[::2, ::2]
    return x.astype(">f4") if layout == 3 else x


#: What a function can read, as factors of its result.
READS: list[Callable[[Config, Any], Any]] = [
    lambda c, x: x * c.k,
    lambda c, x: x * c.d["a"],
    lambda c, x: x * c.d.get("z", 1.5),
    lambda c, x: x * sum(c.ks),
    lambda c, x: x * c.ks[-1],
    lambda c, x: x * len(c.ks),
    lambda c, x: x * 2 if 1 in c.s else x,
    lambda c, x: x * c.q[0],
    lambda c, x: x * c.get(),
    lambda c, x: x * c.shared,
    lambda c, x: x * c.f(),
    lambda c, x: x * list(c.d.values())[-1],
    lambda c, x: x * (getattr(c, "late", None) or 3),
    lambda c, x: x * c.r if c.r.shape == x.shape else x,
    lambda c, x: x * float(c.r.sum()),
    lambda c, x: x * c.r.ravel()[0].item(),
    lambda c, x: x * (2 if c.r.dtype == np.float32 else 3),
    lambda c, x: x * c.t,
    lambda c, x: x * c.t.shape[0],
    lambda c, x: x + c.t.sum(),
    lambda c, x: x[tg.Tensor(c.i)].sum() + x,
    lambda c, x: tg.Tensor(c.r).sum() + x,
]


def _in_place(name: str, value: Callable[[Any], Any]) -> Callable[[Config, Any], None]:
    def change(c: Config, rng: Any) -> None:
        try:
            setattr(c.r, name, value(c.r))
        except (ValueError, AttributeError, TypeError):
            c.r = c.r.copy()

    return change


def _resize(c: Config, rng: Any) -> None:
    c.r = np.array(c.r, np.float32)
    c.r.resize((int(rng.integers(1, 5)), 4), refcheck=False)


#: What can change between two calls.
CHANGES: list[Callable[[Config, Any], None]] = [
    lambda c, rng: setattr(c, "k", _value(rng)),
    lambda c, rng: c.d.__setitem__("a", _value(rng)),
    lambda c, rng: c.d.__setitem__("z", _value(rng)),
    lambda c, rng: c.d.__setitem__("b", c.d.pop("b")),
    lambda c, rng: c.ks.__setitem__(int(rng.integers(len(c.ks))), _value(rng)),
    lambda c, rng: c.ks.append(_value(rng)),
    lambda c, rng: c.s.symmetric_difference_update({1}),
    lambda c, rng: c.q.appendleft(_value(rng)),
    lambda c, rng: setattr(c.m, "k", _value(rng)),
    lambda c, rng: setattr(c, "m", types.SimpleNamespace(k=_value(rng))),
    lambda c, rng: setattr(Config, "shared", _value(rng)),
    lambda c, rng: setattr(c, "shared", _value(rng)),
    lambda c, rng: vars(c).pop("shared", None),
    lambda c, rng: setattr(c, "f", functools.partial(float, _value(rng))),
    lambda c, rng: setattr(c, "late", _value(rng)),
    lambda c, rng: setattr(c, "steps", c.steps + 1),
    lambda c, rng: c.r.__setitem__((0, 0) if c.r.ndim == 2 else ..., 5),
    lambda c, rng: setattr(c, "r", _array(rng)),
    lambda c, rng: c.t.assign_(np.full(c.t.shape, 2.0)),
    lambda c, rng: setattr(c, "t", tg.Tensor(_array(rng))),
    lambda c, rng: c.i.__setitem__(0, int(rng.integers(-4, 4)) % 3),
    lambda c, rng: c.i.__setitem__(
        0, np.iinfo(c.i.dtype).max if rng.random() < 0.5 else np.iinfo(c.i.dtype).min
    ),
    _in_place("shape", lambda r: r.shape[::-1]),
    _in_place("shape", lambda r: (r.size,)),
    _in_place("dtype", lambda r: np.int32),
    _in_place("dtype", lambda r: r.dtype.newbyteorder()),
    _in_place("strides", lambda r: (4, 12)),
    _resize,
]


def _outcome(f: Callable[[Any], Any], x: Any) -> Any:
    try:
        with np.errstate(all="ignore"):
            y = f(x).numpy()
    except (TinygradMnistError, IndexError, ValueError, TypeError, OverflowError) as error:
        return type(error).__name__
    return y


def _agree(a: Any, b: Any) -> bool:
    if isinstance(a, str) or isinstance(
        b, str
    ):  # an error of ours on both sides, or of eager where a program can
        return isinstance(a, str)
    return a.dtype == b.dtype and a.shape == b.shape and np.allclose(a, b, 1e-4, 1e-4, equal_nan=True)


def one(rng: np.random.Generator, rounds: int = 6) -> tuple[int, int]:
    """Draw a function, and change what it reads between calls; how many changes and calls that were."""
    c, calls = Config(rng), 0
    Config.shared = 2.0
    reads = [READS[k] for k in rng.integers(0, len(READS), int(rng.integers(1, 4)))]

    def f(x: Any) -> Any:
        for read in reads:
            x = read(c, x)
        return x

    fast, x = tg.jit(f), tg.Tensor(rng.uniform(-1, 1, (3, 4)).astype(np.float32))
    history: list[int] = []
    for _ in range(rounds):
        for _ in range(2):
            want, got = _outcome(f, x), _outcome(fast, x)
            calls += 2
            assert _agree(want, got), (reads, history, want, got)
        change = int(rng.integers(len(CHANGES)))
        history.append(change)
        CHANGES[change](c, rng)
    return rounds, calls


def threads(seconds: float) -> int:
    """Call with positions and labels that another thread keeps changing; how many calls that were."""
    labels, stop, calls = np.zeros(64, np.int64), threading.Event(), 0
    table = tg.Tensor(np.ones((10, 3), np.float32))
    scores = tg.Tensor(np.ones((64, 10), np.float32))

    def spoil() -> None:
        while not stop.is_set():
            labels[:] = 2**62
            labels[:] = -(2**62)
            labels[:] = 3

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread = threading.Thread(target=spoil)
    gather, cost = tg.jit(lambda i: table[i].sum()), tg.jit(lambda y: tg.nn.cross_entropy(scores, y))
    eager: list[Callable[[Any], Any]] = [lambda i: table[i].sum(), lambda y: tg.nn.cross_entropy(scores, y)]
    for f in (gather, cost):
        _outcome(f, labels)
    thread.start()
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            for f in (gather, cost, *eager):
                _outcome(f, labels)
                calls += 1
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(interval)
    return calls


def main() -> None:
    """Take as long as was asked for."""
    parser = argparse.ArgumentParser(description="compiled functions against changes between calls")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    begin, functions, changes, calls = time.monotonic(), 0, 0, 0
    warnings.simplefilter("ignore")
    guards.PATIENCE = direct.PATIENCE = 0  # machine code from the first question on
    while time.monotonic() - begin < 60 * args.minutes:
        try:
            more = one(np.random.default_rng((args.seed, functions)))
        except AssertionError:
            sys.exit(f"function {functions} of seed {args.seed} differs:\n{sys.exc_info()[1]}")
        functions, changes, calls = functions + 1, changes + more[0], calls + more[1]
        if functions % 100 == 0:
            calls += threads(0.5)
    print(f"{functions} functions, {changes} changes, {calls} calls in {args.minutes} minutes: none differs")


if __name__ == "__main__":
    main()
