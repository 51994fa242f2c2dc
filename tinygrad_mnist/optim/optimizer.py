"""What all optimisers share: state, and the step that applies a rule to every parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from itertools import chain
from sys import getrefcount
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from ..compiler.elementwise import InPlace
from ..core.inplace import leave_memory
from ..core.tape import clock, set_recording, tracing
from ..core.tensor import Tensor, wrap
from ..primitive import Array, Value
from .groups import Params, check_parameters, complete, one
from .saving import States, put_back, saved

__all__ = ["Optimizer"]


class Optimizer:
    """Base of the optimisers: changes parameters by the gradients in their `grad`.

    A subclass has a `rule`, one function of values:
    (p, g, *state, lr=..., **options) -> (new p, *new state), in operators and `ops` only. A rule of
    elementwise operations is compiled to one pass over memory; any other runs on arrays, and on Tensors
    while a program is recorded. A state named `step` is how often the parameter was updated, this time
    included; the optimiser sees to it, and the rule gives no new one. A subclass may instead define `step`
    itself, as in PyTorch, with `param_groups` and `state`.

    Args:
        params: Tensors (a generator will do), pairs of name and Tensor, or groups as dicts:
            {"params": [...]} with options that differ from the others'.
        defaults: the rule's options and their values where a group says nothing; `lr` among them,
            a number or a schedule (function from the number of steps done to the rate). PyTorch's
            foreach, fused, capturable and differentiable change nothing; maximize turns the gradient round.

    Attributes:
        param_groups: one dict per group; options changed here count from the next step on.
        defaults: as given.
        steps: how many steps were done (int64 Tensor).

    Raises:
        ValueError: for no parameters at all, one given twice, a misspelt option, or one out of range.
        TypeError, GraphError, DTypeError: for a parameter that is no Tensor, was computed from
            others, or is not of floats.
    """

    rule: Callable[..., tuple[Value, ...]]

    def __init__(self, params: Params, defaults: dict[str, Any]) -> None:
        self.defaults = dict(defaults)
        self.param_groups = complete(type(self).__name__, params, defaults)
        check_parameters(type(self).__name__, self.param_groups)
        self.steps = Tensor(np.array(0))
        self._options = [name for name in defaults if name != "lr" and name not in NOT_OF_THE_RULE]
        self._begin()
        for p in chain(*(group["params"] for group in self.param_groups)):
            waiting = getattr(p, "waiting", None)
            if waiting is not None:  # of a lazy layer, which has not seen an input yet
                waiting.append(self._begin)

    def _begin(self) -> None:
        """The states as before the first step."""
        self._states = [[self.new_state(p, group) for p in group["params"]] for group in self.param_groups]
        self._arrange([0.0] * sum(map(len, self._states)))

    def _arrange(self, counts: Sequence[float]) -> None:
        """Note which states have counters, and give them these numbers of updates."""
        self._counting = any("step" in state for state in chain(*self._states))
        self._share_counts(counts)

    @property
    def state(self) -> States:
        """The state of each parameter, a dict by name."""
        return States([p for group in self.param_groups for p in group["params"]], list(chain(*self._states)))

    def new_state(self, p: Tensor, options: Mapping[str, Any]) -> dict[str, Tensor]:
        """The state of one parameter before its first step, in the order in which the rule takes it."""
        return {}

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Let a further group of parameters be changed; raises as making the optimiser does."""
        group = one(type(self).__name__, param_group, self.defaults)
        check_parameters(type(self).__name__, [*self.param_groups, group])
        counts = [float(state.get("step", 0.0)) for state in chain(*self._states)]
        self.param_groups.append(group)
        self._states.append([self.new_state(p, group) for p in group["params"]])
        self._arrange([*counts, *[0.0] * len(group["params"])])

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient, once.

        `closure`, if given, is called first: it computes gradients and gives the cost, which is the result.
        """
        cost = None
        if closure is not None:
            with set_recording(True):
                cost = closure()
        if not hasattr(self, "rule"):
            raise NotImplementedError(f"{type(self).__name__} must define step, or a rule")
        recorder = tracing.get()
        if recorder is None:
            self._apply(self._change_arrays, int(self.steps.array))
        else:
            with set_recording(False), recorder.during("update"):
                self._apply(self._change_tensors, self.steps)
        return cost

    def _share_counts(self, counts: Sequence[float]) -> None:
        """Give the parameters, in order, counters: one to all with equal counts, which mostly stay equal.

        What depends on a counter is then computed once in a program.
        """
        shared: dict[float, Tensor] = {}
        for state, count in zip(chain(*self._states), counts, strict=True):
            if "step" in state:
                if count not in shared:  # one that is there already stays: a program may know it
                    taken = any(x is state["step"] for x in shared.values())
                    shared[count] = Tensor(0.0, dtype="float64") if taken else state["step"]
                    shared[count].assign_(np.asarray(count))
                state["step"] = shared[count]

    def _count_updates(self) -> None:
        """Count this update of those parameters that have a gradient, apart from those that have none."""
        params = chain(*(group["params"] for group in self.param_groups))
        counted = [
            (p._grad is not None, state) for p, state in zip(params, chain(*self._states), strict=True)
        ]
        left_behind = {id(state["step"]) for updated, state in counted if not updated and "step" in state}
        new: dict[int, Tensor] = {}
        for updated, state in counted:
            if not updated or "step" not in state:
                continue
            old = state["step"]
            if id(old) not in new:
                new[id(old)] = Tensor(old.array) if id(old) in left_behind else old
                _put(new[id(old)], old.array + 1 if tracing.get() is None else old + 1)
            state["step"] = new[id(old)]

    def _apply(self, change: Callable[[int, dict[str, Any], Given], None], steps: Value) -> None:
        recorder = tracing.get()
        if self._counting:
            self._count_updates()
        for k, (group, states) in enumerate(zip(self.param_groups, self._states, strict=True)):
            value = group.__getitem__ if recorder is None else partial(recorder.floats.option, group)
            options = {name: value(name) for name in (*self._options, "lr")}
            lr = options["lr"](steps) if callable(options["lr"]) else options["lr"]
            plain = isinstance(lr, Tensor | float) and not isinstance(lr, np.generic)
            options["lr"] = lr if plain else float(lr)
            opposite = group.get("maximize")
            given = zip(group["params"], states, strict=True)
            change(
                k,
                options,
                [(p, -g if opposite else g, state) for p, state in given if (g := p._grad) is not None],
            )
        _put(self.steps, steps + 1)

    def _change_tensors(self, group: int, options: dict[str, Any], given: Given) -> None:
        for p, g, state in given:
            _put_all(p, state, self.rule(p, g, *state.values(), **options))

    def _change_arrays(self, group: int, options: dict[str, Any], given: Given) -> None:
        passes = _PASSES.setdefault(self, {})
        key = group, self.rule
        in_place = passes[key] if key in passes else passes.setdefault(key, InPlace(self.rule))
        in_place.give(options)
        counts: dict[int, float] = {}  # parameters share counters
        for p, g, state in given:
            old, arrays = p.array, [g.array]
            plain, floats, places = old.ndim > 0, list[float](), [p]
            # what nobody else refers to can be overwritten; others may read theirs later
            data = old if getrefcount(old) <= _ALONE and old.base is None else _copy(old)
            for x in state.values():
                found = x.array
                if found.ndim:
                    plain = plain and not floats
                    alone = getrefcount(found) <= _ALONE and found.base is None
                    arrays.append(found if alone else _copy(found))
                    places.append(x)
                else:
                    floats.append(counts.get(id(x)) or counts.setdefault(id(x), found.item()))
            results = in_place(data, arrays, floats, _targets(*state)) if plain else None
            if results is None:
                values = [counts[id(x)] if name == "step" else x.array for name, x in state.items()]
                _put_all(p, state, self.rule(old, g.array, *values, **options))
                continue
            now, arrays[0] = next(clock), data
            for x, own in zip(places, arrays, strict=True):
                if x.memory is not None:
                    leave_memory(x, own)
                x.array, x.assigned = own, now
            if results:
                _put_all(p, state, results)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or make them zero."""
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None if set_to_none or p.grad is None else p.grad.detach() * 0

    def state_dict(self) -> dict[str, Any]:
        """Copies of all that steps change besides the parameters, and of the options: PyTorch's form.

        Returns:
            "state": by the place of each parameter among all, its state by name; empty before the first step.
            "param_groups": the options of each group, with the places of its parameters as "params"; a
            schedule given as lr is left out. "steps", beside such a schedule: how many were done.
        """
        return saved(self.param_groups, list(chain(*self._states)), self.steps)

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Continue from a `state_dict`, its options included: with the same bits as without the stop.

        Raises StateError, naming every entry that is missing, unexpected or of another shape; then
        nothing has been changed.
        """
        fresh = [self.new_state(p, group) for group in self.param_groups for p in group["params"]]
        counts = put_back(
            type(self).__name__, state_dict, self.param_groups, list(chain(*self._states)), fresh
        )
        self._share_counts(counts)
        begun = max(int(max(counts, default=0.0)), int(bool(state_dict["state"])))
        self.steps.assign_(np.asarray(state_dict.get("steps", begun)))

    def __repr__(self) -> str:
        lines = []
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {name}: {group[name]}" for name in sorted(group) if name != "params"]
        return "\n".join([f"{type(self).__name__} (", *lines, ")"])


#: Options that no rule takes: what the optimiser sees to, and PyTorch's words for other machines.
NOT_OF_THE_RULE = ("maximize", "foreach", "fused", "capturable", "differentiable")


#: The parameters of a group that have a gradient, the gradient, and their state.
Given = Sequence[tuple[Tensor, Tensor, dict[str, Tensor]]]


def zeros_like(p: Tensor) -> Tensor:
    """Zeros of p's shape and dtype, for a rule's state."""
    return wrap(np.zeros(p.shape, p.dtype))


@cache
def _targets(*state: str) -> tuple[int, ...]:
    """Which of the rule's arguments its results replace."""
    return 0, *(k for k, name in enumerate(state, 2) if name != "step")


#: The rule of each group of an optimiser, compiled; an optimiser that is copied or saved has none.
_PASSES: WeakKeyDictionary[Optimizer, dict[Any, InPlace]] = WeakKeyDictionary()


def _copy(array: Array) -> Array:
    return np.array(array, order="C")


def _references_of_its_own() -> int:
    """What getrefcount gives for an array to which only its Tensor and a local variable refer."""
    tensor = Tensor(0.0)
    array = tensor.array
    return getrefcount(array)


_ALONE = _references_of_its_own()


def _put_all(p: Tensor, state: dict[str, Tensor], values: Sequence[Value | None]) -> None:
    places = (p, *(x for name, x in state.items() if name != "step"))
    for place, value in zip(places, values, strict=True):
        if value is not None:
            _put(place, value)


def _put(place: Tensor, value: Value) -> None:
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
