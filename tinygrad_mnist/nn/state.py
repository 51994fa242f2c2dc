"""Putting saved numbers back: all of them, or none and a list of what does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..errors import DataError
from ..primitive import Array


def load(targets: Mapping[str, Tensor], values: Mapping[str, Any], owner: str) -> None:
    """Assign to each target the value of its name; DataError, before any change, where one does not fit."""
    arrays = {name: _array(value) for name, value in values.items()}
    missing = [name for name in targets if name not in arrays]
    unexpected = [name for name in arrays if name not in targets]
    misshaped = [
        f"{name} has shape {array.shape}, here {targets[name].shape}"
        for name, array in arrays.items()
        if name in targets and array.shape != targets[name].shape
    ]
    no_numbers = [
        f"{name} ({array.dtype})" for name, array in arrays.items() if array.dtype.kind not in "biuf"
    ]
    found = {
        "missing": missing,
        "unexpected": unexpected,
        "misshaped": misshaped,
        "not numbers": no_numbers,
    }
    complaints = [f"{what}: {', '.join(entries)}" for what, entries in found.items() if entries]
    if complaints:
        raise DataError(f"load_state_dict: these values do not fit this {owner}; {'; '.join(complaints)}")
    for name, target in targets.items():
        target.assign_(arrays[name])


def _array(value: Any) -> Array:
    try:
        return np.asarray(value)
    except ValueError:  # sequences of unequal lengths
        return np.empty((), object)
