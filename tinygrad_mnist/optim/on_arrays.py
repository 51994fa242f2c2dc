"""An optimiser's rule run on arrays: in one pass over memory, in place where nobody sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from operator import is_, itemgetter
from sys import getrefcount
from typing import Any

import numpy as np

from ..compiler.elementwise import InPlace, Ready
from ..core.inplace import leave_memory
from ..core.tape import clock
from ..core.tensor import Tensor, wrap
from ..primitive import Array, Shape, Value


class OnArrays:
    """The rule of a group.

    Args:
        rule: see `Optimizer`.
        names: of the options that the rule takes, without lr.
    """

    def __init__(self, rule: Callable[..., tuple[Value, ...]], names: Sequence[str]) -> None:
        self._rule, self._names = rule, names
        self._options = itemgetter("params", "lr", *names)  # half the time of one by one: 0.3 us
        self._values: tuple[Any, ...] | None = None
        self._in_place = InPlace(rule, (*names, "lr"))

    def take(self, group: Mapping[str, Any], look: Callable[[Mapping[str, Any]], None]) -> None:
        """Take the options of the group, after a `look` at them if they may be others than before."""
        values = self._options(group)[2:]
        if self._values is None or not all(map(is_, values, self._values)):
            look(group)
            self._in_place.give(values)
            self._values = values if all(map(_is_fixed, values)) else None

    def change(self, group: Mapping[str, Any], states: Sequence[dict[str, Tensor]], lr: Any) -> None:
        """Change those parameters of the group that have a gradient, and their states."""
        opposite = group.get("maximize")
        is_compiled = lr.__class__ is float
        runs: Mapping[Shape, Ready] = {}
        last: Any = None  # what those are for
        names: tuple[str, ...] = ()
        targets = _targets(names)
        counts: dict[int, float] = {}  # parameters share counters
        now = next(clock)
        for p, state in zip(group["params"], states, strict=True):
            g = p._grad
            if g is None:
                continue
            if opposite:
                g = -g
            old = p.array
            # what nobody else refers to can be overwritten; others may read theirs later
            data = old if getrefcount(old) <= _ALONE and old.base is None else _copy(old)
            arrays, floats, plain = [data, g.array], _NONE, is_compiled and old.ndim > 0
            if state:
                if tuple(state) != names:
                    names = tuple(state)
                    targets = _targets(names)
                floats = []
                for x in state.values():
                    found = x.array
                    if found.ndim:
                        plain = plain and not floats
                        alone = getrefcount(found) <= _ALONE and found.base is None
                        arrays.append(found if alone else _copy(found))
                    else:
                        floats.append(counts.get(id(x)) or counts.setdefault(id(x), found.item()))
            elif names:
                names, targets = (), _targets(())
            ready = None
            if plain:
                call = floats, targets, len(arrays)
                if call != last:
                    last = call
                    runs = self._in_place.ready(targets, len(arrays), floats, lr)
                ready = runs.get(old.shape)
                if ready is None or ready.dtype is not old.dtype:
                    ready = self._in_place.find(old)
            if ready is None or not ready.run(*arrays, *ready.numbers):
                self._by_rule(p, g, state, group, lr)
                continue
            if p.memory is not None:
                leave_memory(p, data)
            p.array, p.assigned = data, now
            if len(arrays) > 2:
                for x, own in zip(state.values(), arrays[2:]):
                    if x.memory is not None:
                        leave_memory(x, own)
                    x.array, x.assigned = own, now
            if ready.results:
                put_all(p, state, ready.results)

    def _by_rule(
        self, p: Tensor, g: Tensor, state: Mapping[str, Tensor], group: Mapping[str, Any], lr: Value
    ) -> None:
        options = {name: group[name] for name in self._names}
        values = [x.array.item() if name == "step" else x.array for name, x in state.items()]
        put_all(p, state, self._rule(p.array, g.array, *values, **options, lr=lr))


_NONE: list[float] = []


@cache
def _targets(state: tuple[str, ...]) -> tuple[int, ...]:
    """Which of the rule's arguments its results replace."""
    return 0, *(k for k, name in enumerate(state, 2) if name != "step")


def _is_fixed(x: Any) -> bool:
    """Whether a value cannot change in place."""
    return all(map(_is_fixed, x)) if type(x) is tuple else type(x) in (float, int, bool, str, type(None))


def _copy(array: Array) -> Array:
    return np.array(array, order="C")


def _references_of_its_own() -> int:
    """What getrefcount gives for an array to which only its Tensor and a local variable refer."""
    tensor = Tensor(0.0)
    array = tensor.array
    return getrefcount(array)


_ALONE = _references_of_its_own()


def put_all(p: Tensor, state: Mapping[str, Tensor], values: Sequence[Value | None]) -> None:
    """Give a parameter and its states, but for their counter, new values where there are some."""
    places = (p, *(x for name, x in state.items() if name != "step"))
    for place, value in zip(places, values, strict=True):
        if value is not None:
            put(place, value)


def put(place: Tensor, value: Value) -> None:
    """Give a Tensor the numbers of another, of an array, or of a Python number."""
    if isinstance(value, Tensor):
        place.assign_(value)
    elif value is not place.array:
        value, old = np.asarray(value), place.array
        if value.dtype is old.dtype and value.shape == old.shape:
            if place.memory is not None:
                leave_memory(place, value)
            place.array, place.assigned = value, next(clock)  # all that `assign_` would do
        else:
            place.assign_(wrap(value))
