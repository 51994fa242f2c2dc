"""What a compiled function changes and also reads by another name: what eager calls give, or an error."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from random_programs import interpreting

import tinygrad_mnist as tg

TENSOR = [1.0, 2.0, 3.0]
TAKEN: dict[str, Callable[[Any], Any]] = {
    "itself": lambda x: x,
    "part": lambda x: x[:2],
    "reshaped": lambda x: x.reshape(3, 1),
    "part of part": lambda x: x[1:][:1],
}
OF_TENSORS: dict[str, Callable[[Any], Any]] = {
    **TAKEN,
    "detached": lambda x: x.detach(),
    "data": lambda x: x.data,
    "numpy": lambda x: x.numpy(),
}
#: Where the function has what it changes and what it reads from: its argument, or elsewhere.
WAYS = ["both", "changed", "read", "neither"]


def _function(way: str, changed: Any, read: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    def done(x: Any, y: Any) -> Any:
        x += 1.0
        return tg.as_tensor(y) * 2

    functions: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
        "both": (done, (changed, read)),
        "changed": (lambda x: done(x, read), (changed,)),
        "read": (lambda y: done(changed, y), (read,)),
        "neither": (lambda: done(changed, read), ()),
    }
    return functions[way]


def _history(way: str, of_base: Callable[[Any], Any], base: Any, turned: bool, compiled: bool) -> Any:
    """What three calls give and leave, or the error."""
    pair = (of_base(base), base) if turned else (base, of_base(base))
    function, given = _function(way, *pair)
    call, seen = tg.jit(function) if compiled else function, []
    before = [np.array(x).tolist() for x in pair]
    for _ in range(3):
        try:
            seen.append([np.array(x).tolist() for x in (call(*given), *pair)])
        except tg.errors.TinygradMnistError as error:
            assert [np.array(x).tolist() for x in pair] == before
            return error
    return seen


@pytest.mark.parametrize("way", WAYS)
def test_no_change_is_missed(way: str) -> None:
    kinds = [*itertools.product(["tensor"], OF_TENSORS), *itertools.product(["array"], TAKEN)]
    for (kind, taken), turned in itertools.product(kinds, [False, True]):
        if kind == "array" and way in ("read", "neither"):
            continue  # programs change no array from elsewhere
        histories = []
        for compiled in (False, True):
            base: Any = tg.tensor(TENSOR) if kind == "tensor" else np.array(TENSOR, np.float32)
            with interpreting():
                try:
                    histories.append(_history(way, {**OF_TENSORS, **TAKEN}[taken], base, turned, compiled))
                except ValueError:  # what numpy() gives is read-only
                    histories.append("read-only")
        eager, program = histories
        if isinstance(program, tg.errors.TinygradMnistError):
            refused = "copy" in str(program) or "clone" in str(program) or "outside" in str(program)
            assert refused, (kind, taken, turned, program)
        else:
            assert program == eager, (kind, taken, turned)


def test_in_straight_calls_and_scans(long_ways: list[Any]) -> None:
    weight = tg.zeros(2)

    @tg.jit
    def step(x: Any) -> Any:
        weight.add_(1.0)
        return x * 2

    for _ in range(3):
        step(tg.ones(2))
    del long_ways[:]
    assert step(tg.ones(3)[1:]).tolist() == [2.0, 2.0]  # a view of something else
    assert not long_ways
    with pytest.raises(tg.errors.GraphError, match=r"weight in place.*x\.clone\(\)"):
        step(weight.detach())
    with pytest.raises(tg.errors.GraphError, match=r"weight in place.*x\.clone\(\)"):
        step.scan(weight.reshape(1, 2))
    assert weight.tolist() == [4.0, 4.0]
    with pytest.raises(tg.errors.TraceError, match=r"scan: the function changes x, its argument"):
        tg.jit(lambda x: x.add_(1.0)).scan(tg.ones(3, 2))
