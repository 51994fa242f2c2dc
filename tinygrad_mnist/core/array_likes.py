"""What stands for an array, as NumPy takes it: numbers in lists, unless a graph would be cut by that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ..primitive import Operand
from .one_number import NUMBERS
from .tape import recording


def tensors_in(values: Any) -> Iterator[Any]:
    """The Tensors in lists, tuples and dicts, however deep."""
    if isinstance(values, Operand):
        yield values
    elif isinstance(values, list | tuple | dict):
        inside: Iterable[Any] = values.values() if isinstance(values, dict) else values
        if not NUMBERS.issuperset(map(type, inside)):
            for value in inside:
                yield from tensors_in(value)


def array_of(values: Any) -> np.ndarray[Any, Any]:
    """Numbers, in lists or alone, as an array; TypeError for Tensors in lists that require a gradient."""
    if recording.get() and any(x.requires_grad for x in tensors_in(values) if x is not values):
        raise TypeError(
            "a list of Tensors that require a gradient stands where numbers are taken, which would cut "
            "its graph: make one Tensor of it first, tg.stack([...])"
        )
    return np.asarray(values)
