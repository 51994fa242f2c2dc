"""What all optimisers share: state, and the step that applies a rule to every parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from ..core.gradients import zeroed
from ..core.handle import Removable
from ..core.interpreter import interpreter
from ..core.tape import set_recording
from ..core.tensor import Tensor, of_numbers
from ..errors import TraceError
from ..primitive import Value
from .groups import Params, check_betas, check_parameters, complete, one
from .hooks import Hook, add, hooks_of
from .on_arrays import OnArrays, put, put_all
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
    _deciding: tuple[str, ...] = ()  # options by which it is decided which states there are
    _tells_steps = False  # whether a saved state says how many there were, as PyTorch's does

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
        params = [p for group in self.param_groups for p in group["params"]]
        return States(params, list(chain(*self._states)), self._fresh if self._has_rule else None)

    @property
    def _has_rule(self) -> bool:
        """Whether the states are what the rule takes; where a subclass steps itself, they are its own."""
        return hasattr(self, "rule")

    def _fresh(self, groups: Sequence[Mapping[str, Any]] | None = None) -> list[dict[str, Tensor]]:
        """The state of each parameter before its first step, with the options of these groups."""
        return [self.new_state(p, group) for group in groups or self.param_groups for p in group["params"]]

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
        interpreter.get().update(self)
        return cost

    def register_step_pre_hook(self, hook: Hook) -> Removable:
        """Call `hook(optimizer, args, kwargs)` before each step; it may give other (args, kwargs)."""
        return add(hooks_of(self).before, hook)

    def register_step_post_hook(self, hook: Hook) -> Removable:
        """Call `hook(optimizer, args, kwargs)` after each step."""
        return add(hooks_of(self).after, hook)

    def _complete_states(self) -> None:
        """Begin the states that an option asks for which was changed; those no longer asked for are kept."""
        for group, states in zip(self.param_groups, self._states, strict=True):
            for p, state in zip(group["params"], states, strict=True):
                fresh = self.new_state(p, group)
                missing = fresh.keys() - state.keys()
                if state and "step" in missing:
                    fresh["step"].assign_(self.steps)
                if missing:
                    before = dict(state)
                    state.clear()
                    state.update({**fresh, **before})
                    self._counting |= "step" in state

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

    def _count_updates(self, numbers: Callable[[Tensor], Value]) -> None:
        """Count this update of those parameters that have a gradient, apart from those that have none.

        `numbers` gives what is counted on with.
        """
        updated: list[dict[str, Tensor]] = []
        left_behind = set[int]()
        for group, states in zip(self.param_groups, self._states, strict=True):
            for p, state in zip(group["params"], states, strict=True):
                if p._grad is not None:
                    updated.append(state)
                elif "step" in state:
                    left_behind.add(id(state["step"]))
        new: dict[int, Tensor] = {}
        for state in updated:
            old = state.get("step")
            if old is not None:
                if id(old) not in new:
                    new[id(old)] = now = Tensor(old.array) if id(old) in left_behind else old
                    put(now, numbers(old) + 1)
                state["step"] = new[id(old)]

    def step_on_arrays(self) -> None:
        """The step where there are numbers."""
        groups, key = self.param_groups, (self.rule, len(self.param_groups))
        known, rules = _RULES.get(self, (None, []))
        if known != key:
            rules = [OnArrays(self.rule, self._options) for _ in groups]
            _RULES[self] = key, rules
        for rule, group in zip(rules, groups):
            rule.take(group, self._look_at)
        if self._counting:
            self._count_updates(attrgetter("array"))
        steps = int(self.steps.array)
        rates: dict[int, Any] = {}  # groups share schedules
        for rule, group, states in zip(rules, groups, self._states, strict=True):
            lr = group["lr"]
            rate = rates.get(id(lr))
            if rate is None:
                rate = rates[id(lr)] = _rate(lr(steps) if callable(lr) else lr)
            rule.change(group, states, rate)
        put(self.steps, steps + 1)

    def _look_at(self, group: Mapping[str, Any]) -> None:
        """See to what options of a group ask for; ValueError for betas that are none."""
        if "betas" in self.defaults:
            check_betas(type(self).__name__, group.get("betas"))
        if self._deciding:
            self._complete_states()

    def step_on_tensors(self, option: Callable[[dict[str, Any], str], Any]) -> None:
        """The step in a program.

        Args:
            option: what the program reads for an option of a group, by its name.
        """
        if self._counting:
            self._count_updates(lambda count: count)
        for group, states in zip(self.param_groups, self._states, strict=True):
            options = {name: option(group, name) for name in (*self._options, "lr")}
            check_betas(type(self).__name__, options.get("betas"))
            lr = options["lr"]
            options["lr"] = _rate(lr(self.steps) if callable(lr) else lr)
            for p, state in zip(group["params"], states, strict=True):
                g = p._grad
                if g is not None:
                    g = -g if group.get("maximize") else g
                    try:
                        new = self.rule(p, g, *state.values(), **options)
                    except IndexError:
                        if not self._deciding:
                            raise
                        raise TraceError(
                            f"{type(self).__name__}: {' or '.join(self._deciding)} was changed, and needs a "
                            "state that is not there yet: take a step outside of the compiled function first"
                        ) from None
                    put_all(p, state, new)
        put(self.steps, self.steps + 1)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or make them zero."""
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = zeroed(p, set_to_none)

    def state_dict(self) -> dict[str, Any]:
        """Copies of all that steps change besides the parameters, and of the options: PyTorch's form.

        Returns:
            "state": by the place of each parameter among all, its state by name; empty before the first step.
            "param_groups": the options of each group, with the places of its parameters as "params"; a
            schedule given as lr is left out. "steps", beside such a schedule: how many were done.
        """
        begun = bool(int(self.steps.array)) or not self._has_rule
        states = list(chain(*self._states))
        return saved(self.param_groups, states, self.steps, begun, self._tells_steps)

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Continue from a `state_dict`, its options included: with the same bits as without the stop.

        Raises StateError, naming every entry that is missing, unexpected or of another shape; then
        nothing has been changed.
        """
        fresh = self._fresh if self._has_rule else None
        counts = put_back(
            type(self).__name__, state_dict, self.param_groups, list(chain(*self._states)), fresh
        )
        if fresh is None:
            return
        self._arrange(counts)
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


def zeros_like(p: Tensor) -> Tensor:
    """Zeros of p's shape and dtype, for a rule's state."""
    return of_numbers(np.zeros(p.shape, p.dtype))


def _rate(lr: Any) -> Any:
    """A learning rate: a Tensor as it is, anything else as a Python float."""
    if type(lr) is float:
        return lr
    return lr if isinstance(lr, Tensor | float) and not isinstance(lr, np.generic) else float(lr)


#: The rule and the number of groups that an optimiser had, with what runs it for each; one that is copied or
#: saved has none.
_RULES: WeakKeyDictionary[Optimizer, tuple[Any, list[OnArrays]]] = WeakKeyDictionary()
