"""Whether two recordings of a loop's step are the same program: else what the step changes is no state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import Any

import numpy as np

from .body import Body
from .trace import Instruction, Symbol

#: The number or array from outside that a symbol stands for; None for a symbol that is computed.
Known = Callable[[Symbol], Any]


def difference(body: Body, other: Body, known: Known) -> str | None:
    """The user's line where a step is another program at its second recording; None if it is the same."""
    pairs = dict(zip(_given(other), _given(body), strict=True))
    return _difference(body, other, pairs, known)


def _given(body: Body) -> list[Symbol]:
    return [*body.states, *body.elements]


def _difference(body: Body, other: Body, pairs: dict[Symbol, Symbol], known: Known) -> str | None:
    for a, b in zip_longest(body.instructions, other.instructions):
        if a is None or b is None or not _alike(a, b, pairs, known):
            return (b or a).origin[1] or "the step"
        pairs[b.result] = a.result
    for a, b in zip(_results(body), _results(other), strict=True):
        if not _same(a, b, pairs, known):
            return next((i.origin[1] for i in other.instructions if i.result is b), "the step")
    return None


def _results(body: Body) -> Iterator[Symbol]:
    yield from (x for x, _ in (*body.news, *body.kept))
    yield from [body.test] if body.test else []


def _alike(a: Instruction, b: Instruction, pairs: dict[Symbol, Symbol], known: Known) -> bool:
    same = a.primitive.name == b.primitive.name and len(a.args) == len(b.args)
    return same and all(_same(x, y, pairs, known) for x, y in zip(a.args, b.args, strict=True))


def _same(x: Any, y: Any, pairs: dict[Symbol, Symbol], known: Known) -> bool:
    """Whether an argument of the one is that of the other."""
    if isinstance(x, Body) and isinstance(y, Body):
        inner = dict(zip(_given(y), _given(x), strict=False))
        return len(_given(x)) == len(_given(y)) and not _difference(x, y, {**pairs, **inner}, known)
    if isinstance(x, Symbol) and isinstance(y, Symbol):
        if pairs.get(y, y) is x:
            return True
        a, b = known(x), known(y)  # constants that are made anew each time
        return a is not None and b is not None and a.dtype == b.dtype and np.array_equal(a, b, equal_nan=True)
    return type(x) is type(y) and (x is y or repr(x) == repr(y))
