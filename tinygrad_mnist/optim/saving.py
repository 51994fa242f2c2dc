"""The state of an optimiser as nested dicts of PyTorch's form, and back."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np

from ..core.tensor import Tensor, wrap
from ..errors import StateError
from .groups import Group


class States(MutableMapping[Tensor, dict[str, Any]]):
    """The states by parameter: a view of what the optimiser keeps by place.

    Where a rule takes them, a state that is deleted or made empty begins anew, and one that is set has the
    names of the rule's.

    Args:
        params: all of them.
        states: of each.
        fresh: gives those before the first step; None: the states are a subclass's own, and may be anything.
    """

    def __init__(
        self,
        params: Sequence[Tensor],
        states: Sequence[dict[str, Any]],
        fresh: Callable[[], Sequence[dict[str, Any]]] | None,
    ) -> None:
        self._states = {id(p): state for p, state in zip(params, states, strict=True)}
        self._params, self._all_fresh = params, fresh

    def _fresh(self, p: Tensor) -> dict[str, Any]:
        if self._all_fresh is None:
            return {}
        return next(state for x, state in zip(self._params, self._all_fresh()) if x is p)

    def __getitem__(self, p: Tensor) -> dict[str, Any]:
        return self._states[id(p)]

    def __setitem__(self, p: Tensor, state: dict[str, Any]) -> None:
        mine, fresh = self._states[id(p)], self._fresh(p)
        if self._all_fresh is not None and state and state.keys() != fresh.keys():
            raise StateError(f"a state here has the names {[*fresh]}, and not {[*state]}")
        new = {name: state[name] for name in fresh} if fresh and state else fresh or dict(state)
        mine.clear()
        mine.update(new)

    def __delitem__(self, p: Tensor) -> None:
        self[p] = {}

    def clear(self) -> None:
        """Let the states of all parameters begin anew."""
        for p in self._params:
            del self[p]

    def __iter__(self) -> Iterator[Tensor]:
        return iter(p for p in self._params if self._states[id(p)])

    def __len__(self) -> int:
        return sum(map(bool, self._states.values()))

    def __repr__(self) -> str:
        return repr({i: self._states[id(p)] for i, p in enumerate(self._params)})


def _copied(x: Any) -> Any:
    return wrap(np.array(x.array)) if isinstance(x, Tensor) else copy.deepcopy(x)


def saved(
    groups: Sequence[Group],
    states: Sequence[Mapping[str, Any]],
    steps: Tensor,
    begun: bool,
    tells_steps: bool,
) -> dict[str, Any]:
    """See `Optimizer.state_dict`; `begun`: whether there are states; `tells_steps`: with their number."""
    number = {"step": steps.to("float64")} if tells_steps else {}
    numbers = iter(range(len(states)))
    found: dict[str, Any] = {
        "state": {
            i: {name: _copied(x) for name, x in {**state, **number}.items()}
            for i, state in enumerate(states)
            if begun and state
        },
        "param_groups": [
            {
                **{name: value for name, value in group.items() if name != "params" and not callable(value)},
                "params": [next(numbers) for _ in group["params"]],
            }
            for group in groups
        ],
    }
    if any(callable(group["lr"]) for group in groups):  # schedules go by it
        found["steps"] = int(steps.array)
    return found


def put_back(
    owner: str,
    given: Mapping[str, Any],
    groups: Sequence[Group],
    states: Sequence[dict[str, Any]],
    fresh: Callable[[Sequence[Group]], Sequence[Mapping[str, Tensor]]] | None,
) -> list[float]:
    """Load what `saved` made; gives how often each parameter was updated.

    Raises StateError, before any change, if it does not fit.

    `fresh` gives the states before the first step, by the options of groups; None: the states are a
    subclass's own, and may be anything. How often a parameter was updated may be there or not: not every
    optimiser of PyTorch's says it where ours does, and the other way round.
    """
    if not isinstance(given, Mapping) or not {"state", "param_groups"} <= given.keys():
        raise StateError(f"load_state_dict: a state of {owner} has 'state' and 'param_groups'")
    others = given["param_groups"]
    if len(others) != len(groups):
        raise StateError(
            f"load_state_dict: loaded state dict has a different number of parameter groups: {len(others)}, "
            f"here {len(groups)}"
        )
    sizes = [
        (len(theirs["params"]), len(ours["params"])) for theirs, ours in zip(others, groups, strict=True)
    ]
    if any(a != b for a, b in sizes):
        raise StateError(
            "load_state_dict: loaded state dict contains a parameter group that doesn't match the size of "
            f"optimizer's group: {sizes}"
        )
    places = [key for group in others for key in group["params"]]
    found = {i: _by_place(given["state"], key) for i, key in enumerate(places)}
    options = [{**other, **_kept(group)} for group, other in zip(groups, others, strict=True)]
    begun = [] if fresh is None else fresh([{**a, **b} for a, b in zip(groups, options, strict=True)])
    wrong = []
    for i, state in enumerate(begun):
        mine = {name: tuple(x.shape) for name, x in state.items() if name != "step"}
        theirs = {name: np.shape(x) for name, x in found[i].items() if name != "step"} if found[i] else mine
        wrong += [
            f"{i}.{name} ({theirs.get(name, 'missing')}, here {mine.get(name, 'unexpected')})"
            for name in {**mine, **theirs}
            if mine.get(name) != theirs.get(name)
        ]
    if wrong:
        raise StateError(f"load_state_dict: this state does not fit this {owner}: {', '.join(wrong)}")
    for group, other in zip(groups, options, strict=True):
        group.update(other)
    if fresh is None:
        for i, state in enumerate(states):
            state.clear()
            state.update({name: _copied(x) for name, x in found[i].items()})
        return []
    for i, (state, new) in enumerate(zip(states, begun, strict=True)):
        before, source = dict(state), found[i] or new
        state.clear()
        for name, x in new.items():
            state[name] = before.get(name, x)  # a program may know it
            if name != "step":
                state[name].assign_(np.asarray(source[name]))
    return [float(np.asarray(found[i].get("step", bool(found[i])))) for i in range(len(states))]


def _kept(group: Group) -> dict[str, Any]:
    """What of a group is not loaded."""
    return {name: value for name, value in group.items() if name == "params" or callable(value)}


def _by_place(states: Mapping[Any, Any], key: Any) -> Mapping[str, Any]:
    """The state of a place, whose key may have become text in a file; what is None is not there."""
    state = states.get(key, states.get(str(key), {}))
    return {name: x for name, x in state.items() if x is not None}
