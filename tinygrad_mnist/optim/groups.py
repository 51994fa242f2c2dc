"""Parameter groups: what an optimiser is given, checked and made complete."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from ..core.inplace import check_view
from ..core.tensor import Tensor
from ..errors import DTypeError, GraphError

#: Parameters, or groups of them: {"params": [...], option: value}.
Params: TypeAlias = Iterable[Tensor] | Iterable[dict[str, Any]]

#: "params" (a list of Tensors) and the value of every option.
Group: TypeAlias = dict[str, Any]


def options_in(names: Mapping[str, Any]) -> dict[str, Any]:
    """The options among the local names of an optimiser's `__init__` as it begins."""
    return {name: x for name, x in names.items() if name not in ("self", "params", "__class__")}


def complete(owner: str, params: Params, options: Mapping[str, Any]) -> list[Group]:
    """The groups, each with all options: its own values or these.

    Args:
        owner: name of the optimiser, for messages.
        params: Tensors, pairs of name and Tensor, or groups.
        options: every option and its value where a group says nothing.

    Raises the errors that `Optimizer` documents.
    """
    if isinstance(params, Tensor) or not isinstance(params, Iterable):
        raise TypeError(
            f"{owner}: params argument given to the optimizer should be an iterable of Tensors or dicts, "
            f"as in "
            f"[p] or model.parameters(), but got one {type(params).__name__}"
        )
    entries: list[Any] = list(params)
    if not entries:
        raise ValueError(
            f"{owner}: there are no parameters: optimizer got an empty parameter list (a generator of "
            f"them can be "
            "used only once)"
        )
    grouped = isinstance(entries[0], dict)
    return [one(owner, group, options) for group in (entries if grouped else [{"params": entries}])]


def one(owner: str, given: Mapping[str, Any], options: Mapping[str, Any]) -> Group:
    """A group made complete; what is no option stays as it is."""
    if not isinstance(given, Mapping):
        raise TypeError(f"{owner}: param_group must be a dict, but got {type(given).__name__}")
    if "params" not in given:
        raise ValueError(
            f"{owner}: a group has 'params' and may have {', '.join(options)}; this one is missing 'params'"
        )
    for name in given.keys() - options.keys() - {"params"}:
        near = difflib.get_close_matches(name, options, 1, 0.8)
        if near:
            raise ValueError(f"{owner}: a group has an entry {name!r}; the option is called {near[0]!r}")
    _check_tensors(owner, {**options, **given})
    values = {name: checked(owner, name, given.get(name, value)) for name, value in options.items()}
    several = given["params"]
    if isinstance(several, set):
        raise TypeError(
            f"{owner}: optimizer parameters need to be organized in ordered collections, not in a set"
        )
    entries = [several] if isinstance(several, Tensor) else list(several)
    group: Group = {**given, "params": entries, **values}
    named = [isinstance(x, tuple) and len(x) == 2 for x in entries]
    if any(named) and not all(named):
        raise ValueError(
            f"{owner}: all optimizer params should be with/without names. Some param names are missing"
        )
    if entries and all(named):
        group["params"] = [p for _, p in entries]
        group["param_names"] = [name for name, _ in entries]
    return group


def _check_tensors(owner: str, options: Mapping[str, Any]) -> None:
    """ValueError for Tensors among the options where PyTorch takes none, and for betas that are not two."""
    if len(options.get("betas", (0, 0))) != 2:
        raise ValueError(f"{owner}: betas are two numbers, not {options['betas']}")
    betas = [isinstance(x, Tensor) for x in options.get("betas", ())]
    if any(betas) and not all(betas):
        raise ValueError(f"{owner}: betas must be either both floats or both Tensors")
    if options.get("foreach") and not options.get("capturable", True):
        for name, found in (("lr", isinstance(options["lr"], Tensor)), ("betas", any(betas))):
            if found:
                raise ValueError(
                    f"{owner}: {name} as a Tensor is not supported for capturable=False and foreach=True"
                )


def checked(owner: str, name: str, value: Any) -> Any:
    """The value of an option, its numbers as Python floats: those never widen a parameter."""
    if isinstance(value, Tensor) and value.array.size != 1:
        raise ValueError(f"{owner}: Tensor {name} must be 1-element, not of shape {tuple(value.shape)}")
    if value is None or isinstance(value, bool | str | Tensor) or (name == "lr" and callable(value)):
        return value
    if name in _COUNTS and isinstance(value, int) and value >= 0:
        return value
    several = isinstance(value, tuple | list)
    numbers = tuple(None if x is None else float(x) for x in (value if several else [value]))
    if name not in _FREE:
        _check_range(owner, name, numbers, value)
    return numbers if several else numbers[0]


def _check_range(owner: str, name: str, numbers: Iterable[Any], value: Any) -> None:
    limit = 1.0 if name == "betas" else math.inf
    if not all(x is None or 0 <= x < limit for x in numbers):
        upper = "finite" if limit == math.inf else "below 1"
        raise ValueError(f"{owner}: {name} must be at least 0 and {upper}, not {value}")


def check_betas(owner: str, betas: Any) -> None:
    """ValueError for betas that were put into a group later, with which a rule would divide by zero."""
    if betas is not None and not any(isinstance(x, Tensor) for x in betas):
        _check_range(owner, "betas", betas, betas)


#: Options that count something.
_COUNTS = ("max_iter", "max_eval", "history_size")

#: Options whose numbers may be negative.
_FREE = ("beta2_decay", "dampening")


def check_parameters(owner: str, groups: Sequence[Group]) -> None:
    """Raise the errors that `Optimizer` documents for what cannot be changed by one."""
    if len({"param_names" in group for group in groups}) > 1:
        raise ValueError(f"{owner}: all optimizer param groups should be with/without names")
    params = [p for group in groups for p in group["params"]]
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
        check_view(p, f"{owner}: parameter {i}")
    if len({id(p) for p in params}) < len(params):
        raise ValueError(
            f"{owner}: some parameters appear in more than one parameter group, or twice in one: each would "
            "change twice in each step"
        )
