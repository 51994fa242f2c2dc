"""Parameter groups: what an optimiser is given, checked and made complete."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from ..core.tensor import Tensor
from ..errors import DTypeError, GraphError

#: Parameters, or groups of them: {"params": [...], option: value}.
Params: TypeAlias = Iterable[Tensor] | Iterable[dict[str, Any]]

#: "params" (a list of Tensors) and the value of every option.
Group: TypeAlias = dict[str, Any]


def complete(owner: str, params: Params, options: Mapping[str, Any]) -> list[Group]:
    """The groups, each with all options: its own values or these.

    Args:
        owner: name of the optimiser, for messages.
        params: Tensors or groups.
        options: every option and its value where a group says nothing.

    Raises the errors that `Optimizer` documents.
    """
    if isinstance(params, Tensor) or not isinstance(params, Iterable):
        raise TypeError(
            f"{owner}: takes several parameters, as in [p] or model.parameters(), not one "
            f"{type(params).__name__}"
        )
    entries: list[Any] = list(params)
    grouped = bool(entries) and all(isinstance(x, dict) for x in entries)
    groups = [_complete(owner, group, options) for group in (entries if grouped else [{"params": entries}])]
    _check_parameters(owner, [p for group in groups for p in group["params"]])
    return groups


def _complete(owner: str, given: Mapping[str, Any], options: Mapping[str, Any]) -> Group:
    unknown = [name for name in given if name != "params" and name not in options]
    if unknown or "params" not in given:
        wrong = f"does not know {', '.join(unknown)}" if unknown else "is missing 'params'"
        raise ValueError(f"{owner}: a group has 'params' and may have {', '.join(options)}; this one {wrong}")
    values = {name: _checked(owner, name, given.get(name, value)) for name, value in options.items()}
    return {"params": list(given["params"]), **values}


def _checked(owner: str, name: str, value: Any) -> Any:
    """The value of an option, its numbers as Python floats: those never widen a parameter."""
    if isinstance(value, bool) or (name == "lr" and callable(value)):
        return value
    several = isinstance(value, tuple | list)
    numbers = tuple(map(float, value if several else [value]))
    limit = 1.0 if name == "betas" else math.inf
    if not all(0 <= x < limit for x in numbers):
        upper = "finite" if limit == math.inf else "below 1"
        raise ValueError(f"{owner}: {name} must be at least 0 and {upper}, not {value}")
    return numbers if several else numbers[0]


def _check_parameters(owner: str, params: list[Any]) -> None:
    if not params:
        raise ValueError(f"{owner}: there are no parameters (a generator of them can be used only once)")
    for i, p in enumerate(params):
        if not isinstance(p, Tensor):
            raise TypeError(f"{owner}: parameter {i} is a {type(p).__name__}, not a Tensor")
        if not p.is_leaf:
            raise GraphError(
                f"{owner}: parameter {i}, of shape {p.shape}, was computed from other tensors, and only "
                "leaves can be changed: give those, or make it a leaf with detach()"
            )
        if p.dtype.kind != "f":
            raise DTypeError(f"{owner}: parameter {i} is {p.dtype}; only float32 and float64 have gradients")
    if len({id(p) for p in params}) < len(params):
        raise ValueError(f"{owner}: a parameter was given twice, and would change twice in each step")
