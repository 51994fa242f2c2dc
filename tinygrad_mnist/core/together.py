"""Several results of one call on the tape: one node stands for the call, and each result is a part of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from typing import Any

import numpy as np

from ..primitive import Value
from .tape import clock
from .tensor import Tensor, wrap

#: (cotangents of results by their number, inputs) -> cotangents of inputs by their number; of Tensors if
#: the cotangents are Tensors, else of arrays.
Pull = Callable[[dict[int, Value], Sequence[Any]], dict[int, Value]]
NOTHING = np.zeros((), np.float32)


class Cotangents:
    """What a node that stands for several results receives: their cotangents by number."""

    def __init__(self, parts: dict[int, Value]) -> None:
        self.parts = parts
        self.shape, self.dtype = NOTHING.shape, NOTHING.dtype

    def __add__(self, other: Cotangents) -> Cotangents:
        parts = dict(self.parts)
        for k, g in other.parts.items():
            parts[k] = parts[k] + g if k in parts else g
        return Cotangents(parts)


class Call:
    """A call, as a primitive.

    Args:
        name: of what was called.
        pull: see `Pull`; it is run once for all inputs.
        number: of the result, where the node is that one result; None: it stands for several, and its
            cotangent is `Cotangents`.
    """

    def __init__(self, name: str, pull: Pull, number: int | None = None) -> None:
        self.name, self._pull, self._number = name, pull, number

    @property
    def vjps(self) -> Iterator[Callable[..., Value | None]]:
        """A rule for each input, however many, all of which come from one run of `pull`."""
        found: dict[int, Value] | None = None

        def pulled(place: int, g: Any, y: Value, *values: Any) -> Value | None:
            nonlocal found
            if found is None:
                found = self._pull(g.parts if self._number is None else {self._number: g}, values)
            return found.get(place)

        return (partial(pulled, k) for k in count())


class Part:
    """One of the results of a call, as a primitive whose argument is the call."""

    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self.vjps = (lambda g, y, call: Cotangents({number: g}),)


def called(name: str, inputs: Sequence[Any], pull: Pull, array: Any = NOTHING) -> Tensor:
    """The node of a call, of which `picked` takes the results; `array`: its symbol in a program."""
    return on_tape(wrap(array), Call(name, pull), tuple(inputs))


def picked(call: Tensor, number: int, array: Any) -> Tensor:
    """A result of a call: on the tape, if it has a derivative."""
    result = wrap(array)
    assert call.primitive is not None
    return on_tape(result, Part(call.primitive.name, number), (call,)) if array.dtype.kind == "f" else result


def on_tape(y: Tensor, primitive: Any, args: tuple[Any, ...]) -> Tensor:
    """A Tensor as the result of a primitive."""
    y.requires_grad, y.primitive, y.args, y.number = True, primitive, args, next(clock)
    return y
