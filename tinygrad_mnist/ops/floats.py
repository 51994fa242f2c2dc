"""The rule for operations whose result is a float: they compute in floats, whatever they are given."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

from ..primitive import Operand, Value
from .elementwise import cast as in_dtype

_F = TypeVar("_F", bound=Callable[..., Any])
_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
_VALUES = (Operand, np.ndarray)
_ANNOTATIONS = ("Value", "Value | None")  # of operands


def in_floats(function: _F) -> _F:
    """Have an operation see its operands (the parameters annotated as `Value`) as floats.

    Integers and booleans become float32, or float64 beside an operand of that dtype: bytes cannot wrap in
    the middle of a formula, and targets that are floats are not cut to the integers of an output.
    """
    parameters = inspect.signature(function).parameters.values()
    names = {p.name for p in parameters if p.annotation in _ANNOTATIONS}
    several = {p.name for p in parameters if p.kind is p.VAR_POSITIONAL}
    places = [(i, p.name) for i, p in enumerate(parameters) if p.name in names - several]

    @functools.wraps(function)
    def called(*args: Any, **keywords: Any) -> Any:
        count = len(args)
        for i, name in places:
            x: Any = args[i] if i < count else keywords.get(name)
            if getattr(x, "dtype", None) is _FLOAT32:  # mostly: an operation is one in a microsecond
                continue
            if isinstance(x, list):
                raise TypeError(
                    f"{function.__name__}: {name} is a list; make it a Tensor first: tg.tensor([...])"
                )
            if isinstance(x, _VALUES) and x.dtype.kind != "f":  # type: ignore[union-attr]
                break
        else:
            return function(*args, **keywords)
        found: list[Any] = [args[i] if i < count else keywords.get(name) for i, name in places]
        wide = any(isinstance(x, _VALUES) and x.dtype == _FLOAT64 for x in found)  # type: ignore[union-attr]
        values = list(args)
        for (i, name), x in zip(places, found, strict=True):
            if i < count:
                values[i] = as_float(x, _FLOAT64 if wide else _FLOAT32)
            elif name in keywords:
                keywords[name] = as_float(x, _FLOAT64 if wide else _FLOAT32)
        return function(*values, **keywords)

    return cast(_F, called)


def as_float(x: Any, dtype: np.dtype[Any] = _FLOAT32) -> Value:
    """A Tensor or array of integers or booleans in a float dtype; anything else as it is."""
    return in_dtype(x, dtype) if isinstance(x, _VALUES) and x.dtype.kind != "f" else x  # type: ignore[union-attr]


def beside_factors(factors: tuple[float, ...], *operands: Value) -> tuple[Value, ...]:
    """The operands as they are; as floats where a factor is one, since then so is the result."""
    return tuple(map(as_float, operands)) if any(isinstance(x, float) for x in factors) else operands
