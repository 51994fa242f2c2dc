"""Numbers that are not arrays: what counts as one, and how they become Python's own."""

from __future__ import annotations

import operator
import reprlib
from typing import Any

import numpy as np

from ..errors import DTypeError
from ..primitive import Primitive, check_range, undefined

NUMBERS = frozenset({float, int, bool})  # Python's own


def as_python(x: Any) -> Any:
    """A number of a class made of float or int, as an IntEnum's, as Python's own; anything else as it is."""
    if x.__class__ in NUMBERS or not isinstance(x, float | int):
        return x
    return float(x) if isinstance(x, float) else int(x)


def as_numbers(primitive: Primitive, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments with Python's own numbers for those of classes made of them; DTypeError if none is."""
    found = tuple(map(as_python, args))
    if all(map(operator.is_, found, args)):
        raise undefined(primitive.name, args[: primitive.arity])
    return found


def number(x: Any, dtype: np.dtype[Any] | None = None, name: str = "full") -> Any:
    """One number as Python's; DTypeError for anything else, and for what an integer dtype does not hold."""
    value = x.item() if getattr(x, "ndim", None) == 0 and x.__class__ not in NUMBERS else as_python(x)
    if value.__class__ not in NUMBERS:
        raise DTypeError(f"one number is needed here, not {reprlib.repr(x)}, of {type(x).__name__}")
    if dtype is not None and dtype.kind in "iu":
        check_range(name, (value,), dtype)
    return value
