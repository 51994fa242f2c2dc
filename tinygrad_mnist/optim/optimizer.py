"""What all optimisers share: state, and the step that applies a rule to every parameter."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from ..core.tape import clock, set_recording, tracing
from ..core.tensor import Tensor, wrap
from ..errors import DataError
from ..primitive import Array, Value
from .groups import Params, complete


class Optimizer:
    """Base of the optimisers: changes parameters by the gradients in their `grad`.

    A subclass has a `rule`, one function of values:
    (p, g, *state, lr=..., **options) -> (new p, *new state), in operators and `ops` only. A step
    runs it on arrays; while a program is recorded, it runs it on Tensors. A subclass may also have
    `in_one_pass`, which does what the rule does in one pass over memory. A state named `count` is how
    often the parameter was updated, this time included; the step sees to it, and the rule gives no new one.

    Args:
        params: Tensors (a generator will do), or groups as dicts: {"params": [...]} with options
            that differ from the others'.
        options: the rule's options and their values where a group says nothing; `lr` among them,
            a number or a schedule (function from the number of steps done to the rate).

    Attributes:
        param_groups: one dict per group; options changed here count from the next step on.
        steps: how many steps were done (int64 Tensor).

    Raises:
        ValueError: for no parameters at all, one given twice, an unknown option, or an option
            out of range.
        TypeError, GraphError, DTypeError: for a parameter that is no Tensor, was computed from
            others, or is not of floats.
    """

    rule: Callable[..., tuple[Value, ...]]

    def __init__(self, params: Params, options: dict[str, Any]) -> None:
        self.param_groups = complete(type(self).__name__, params, options)
        self.steps = Tensor(0)
        self._options = [name for name in options if name != "lr"]
        self._states = [[self.new_state(p, group) for p in group["params"]] for group in self.param_groups]
        self._counting = any("count" in state for state in chain(*self._states))
        self._share_counts([0.0] * sum(map(len, self._states)))

    def new_state(self, p: Tensor, options: Mapping[str, Any]) -> dict[str, Tensor]:
        """What the rule remembers of a parameter, by name, as it is before the first step."""
        return {}

    def step(self) -> None:
        """Change every parameter that has a gradient, once."""
        if tracing.get() is None:
            self._apply(self._update_arrays, int(self.steps.array))
        else:
            with set_recording(False):
                self._apply(self._update_tensors, self.steps)

    def in_one_pass(self, *arrays: Any, **options: Any) -> bool:
        """The rule, p and its state overwritten; False, and nothing is changed, to leave it to the rule."""
        return False

    def _share_counts(self, counts: Sequence[float]) -> None:
        """Give the parameters, in order, counters: one to all with equal counts, which mostly stay equal.

        What depends on a counter is then computed once in a program.
        """
        shared: dict[float, Tensor] = {}
        for state, count in zip(chain(*self._states), counts, strict=True):
            if "count" in state:
                state["count"] = shared.setdefault(count, Tensor(count, dtype="float64"))

    def _count_updates(self) -> None:
        """Count this update of those parameters that have a gradient, apart from those that have none."""
        params = chain(*(group["params"] for group in self.param_groups))
        counted = [
            (p._grad is not None, state) for p, state in zip(params, chain(*self._states), strict=True)
        ]
        left_behind = {id(state["count"]) for updated, state in counted if not updated}
        new: dict[int, Tensor] = {}
        for updated, state in counted:
            old = state["count"]
            if updated and id(old) not in new:
                new[id(old)] = Tensor(old.array) if id(old) in left_behind else old
                _put(new[id(old)], old.array + 1 if tracing.get() is None else old + 1)
            if updated:
                state["count"] = new[id(old)]

    def _apply(self, update: Callable[..., None], steps: Value) -> None:
        if self._counting:
            self._count_updates()
        for group, states in zip(self.param_groups, self._states, strict=True):
            options = {name: group[name] for name in self._options}
            lr = group["lr"](steps) if callable(group["lr"]) else group["lr"]
            options["lr"] = lr if isinstance(lr, Tensor) else float(lr)
            for p, state in zip(group["params"], states, strict=True):
                g = p._grad
                if g is not None:
                    update(p, g, state, options)
        _put(self.steps, steps + 1)

    def _update_tensors(
        self, p: Tensor, g: Tensor, state: dict[str, Tensor], options: dict[str, Any]
    ) -> None:
        _put_all(p, state, self.rule(p, g, *state.values(), **options))

    def _update_arrays(self, p: Tensor, g: Tensor, state: dict[str, Tensor], options: dict[str, Any]) -> None:
        arrays = [x.array for x in state.values()]
        if not isinstance(options["lr"], Tensor):
            # what nobody else refers to can be overwritten; others may read theirs later
            alone = _references(p.array) <= _ALONE and p.array.base is None
            data = p.array if alone else np.array(p.array, order="C")
            if self.in_one_pass(data, g.array, *arrays, **options):
                p.array, p.assigned = data, next(clock)
                return
        _put_all(p, state, self.rule(p.array, g.array, *arrays, **options))

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None

    def state_dict(self) -> dict[str, Array]:
        """Copies of all that steps change besides the parameters: `steps`, and the rule's state.

        Entries are named by the place of the parameter among all: "0.velocity". The options are
        not among them: whoever resumes makes the optimiser with the same arguments.
        """
        return {name: np.array(x.numpy()) for name, x in self._tensors().items()}

    def load_state_dict(self, values: Mapping[str, Any]) -> None:
        """Continue from a `state_dict`; further steps give the same bits as without the stop.

        Raises DataError, naming every entry that is missing, unexpected or of another shape; then
        nothing has been changed.
        """
        tensors = self._tensors()
        wanted = {name: x.shape for name, x in tensors.items()}
        given = {name: np.shape(x) for name, x in values.items()}
        wrong = [
            f"{name} ({given.get(name, 'missing')}, here {wanted.get(name, 'unexpected')})"
            for name in {**wanted, **given}
            if wanted.get(name) != given.get(name)
        ]
        if wrong:
            owner = type(self).__name__
            raise DataError(f"load_state_dict: this state does not fit this {owner}: {', '.join(wrong)}")
        names = (f"{i}.count" for i, _ in enumerate(chain(*self._states)))
        self._share_counts([float(values.get(name, 0.0)) for name in names])
        for name, x in self._tensors().items():
            x.assign_(np.asarray(values[name]))

    def _tensors(self) -> dict[str, Tensor]:
        states = [state for group in self._states for state in group]
        named = {f"{i}.{name}": x for i, state in enumerate(states) for name, x in state.items()}
        return {"steps": self.steps, **named}


def zeros_like(p: Tensor) -> Tensor:
    """Zeros of p's shape and dtype, for a rule's state."""
    return wrap(np.zeros(p.shape, p.dtype))


def _references(data: Array) -> int:
    """The references to an array; the caller says `x.array`, so that none but x's own is held meanwhile."""
    return sys.getrefcount(data)


_PROBE = Tensor(0.0)
_ALONE = _references(_PROBE.array)


def _put_all(p: Tensor, state: dict[str, Tensor], values: Sequence[Value]) -> None:
    places = (p, *(x for name, x in state.items() if name != "count"))
    for place, value in zip(places, values, strict=True):
        _put(place, value)


def _put(place: Tensor, value: Value) -> None:
    if isinstance(value, Tensor):
        place.assign_(value)
    elif value is not place.array:
        value, old = np.asarray(value), place.array
        if value.dtype is old.dtype and value.shape == old.shape:
            place.array, place.assigned = value, next(clock)  # all that `assign_` would do
        else:
            place.assign_(wrap(value))
