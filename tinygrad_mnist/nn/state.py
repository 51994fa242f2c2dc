"""Putting saved numbers back: all of them, or none and a list of what does not fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from ..core.tensor import Tensor
from ..errors import StateError
from ..primitive import Array
from .moving import converted

#: The name of what a module adds to its state besides numbers.
EXTRA = "_extra_state"


class Loaded(NamedTuple):
    """What `load_state_dict` gives: names that did not find their counterpart."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"Loaded(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


def load(
    targets: Mapping[str, Tensor],
    values: Mapping[str, Any],
    owner: str,
    strict: bool = True,
    assign: bool = False,
    others: Mapping[str, Callable[[Any], None]] = MappingProxyType({}),
) -> Loaded:
    """Assign to each target the value of its name; StateError, before any change, where one does not fit.

    `others` take what is no numbers, by its name.
    """
    if not isinstance(values, Mapping):
        raise TypeError(f"Expected state_dict to be dict-like, got {type(values).__name__}.")
    arrays = {name: _array(value) for name, value in values.items() if name not in others}
    missing = [name for name in (*targets, *others) if name not in values]
    unexpected = [name for name in arrays if name not in targets]
    fitting = {name: array for name, array in arrays.items() if name in targets}
    complaints = []
    if unexpected and strict:
        complaints.append(f"Unexpected key(s) in state_dict: {_listed(unexpected)}.")
    if missing and strict:
        complaints.append(f"Missing key(s) in state_dict: {_listed(missing)}.")
    complaints += [
        f"size mismatch for {name}: copying a param with shape {array.shape} from checkpoint, the shape in "
        f"current model is {tuple(targets[name].shape)}."
        for name, array in fitting.items()
        if array.dtype.kind in "biuf" and array.shape != tuple(targets[name].shape)
    ]
    complaints += [
        f"not numbers: {name} ({array.dtype})"
        for name, array in arrays.items()
        if array.dtype.kind not in "biuf"
    ]
    if complaints:
        raise StateError(f"Error(s) in loading state_dict for {owner}:\n\t" + "\n\t".join(complaints))
    for name, array in fitting.items():
        if assign and array.dtype.kind == "f":
            converted(targets[name], array.dtype)
        targets[name].assign_(array)
    for name, take in others.items():
        if name in values:
            take(values[name])
    return Loaded(missing, unexpected)


def _listed(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _array(value: Any) -> Array:
    try:
        return np.asarray(value)
    except ValueError:  # sequences of unequal lengths
        return np.empty((), object)
