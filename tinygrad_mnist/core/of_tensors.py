"""Functions that PyTorch has of tensors only: a bare number in a tensor's place is an error that says so.

The operations behind them, and the methods, take numbers beside a tensor.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .. import ops
from .one_number import NUMBERS

__all__ = [
    "atan2", "bitwise_and", "bitwise_left_shift", "bitwise_or", "bitwise_right_shift", "bitwise_xor",
    "clamp_max", "clamp_min", "copysign", "eq", "float_power", "fmax", "fmin", "fmod", "ge", "gt",
    "heaviside", "hypot", "le", "logaddexp", "logical_and", "logical_or", "logical_xor", "lt", "max",
    "maximum", "min", "minimum", "ne", "pow", "remainder", "rsub", "xlogy",
]  # fmt: skip


def _first(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, whose first operand is a tensor; the second may be a number."""

    @functools.wraps(function)
    def called(input: Any, other: Any, **more: Any) -> Any:
        if input.__class__ in NUMBERS:
            raise _number(function, input, "first")
        return function(input, other, **more)

    return called


def _both(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, both of whose operands are tensors."""

    @functools.wraps(function)
    def called(input: Any, other: Any, **more: Any) -> Any:
        if input.__class__ in NUMBERS or other.__class__ in NUMBERS:
            raise _number(function, input if input.__class__ in NUMBERS else other, "both")
        return function(input, other, **more)

    return called


def _number(function: Callable[..., Any], value: Any, which: str) -> TypeError:
    name = getattr(function, "name", None) or function.__name__
    what = "both arguments are tensors" if which == "both" else "the first argument is a tensor"
    return TypeError(f"{name}: {what}, not the number {value!r}; write tg.tensor({value!r})")


def _each(wrapped: Callable[..., Any], *functions: Callable[..., Any]) -> list[Callable[..., Any]]:
    return [wrapped(f) for f in functions]


eq, ne, lt, le, gt, ge = _each(_first, ops.eq, ops.ne, ops.lt, ops.le, ops.gt, ops.ge)
fmod, copysign, rsub, clamp_max, clamp_min = _each(
    _first, ops.fmod, ops.copysign, ops.rsub, ops.clamp_max, ops.clamp_min
)
maximum, minimum, fmax, fmin = _each(_both, ops.maximum, ops.minimum, ops.fmax, ops.fmin)
atan2, hypot, logaddexp, heaviside = _each(_both, ops.atan2, ops.hypot, ops.logaddexp, ops.heaviside)
logical_and, logical_or, logical_xor = _each(_both, ops.logical_and, ops.logical_or, ops.logical_xor)


def _alone(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, whose first argument is a tensor and whose second may be missing."""

    @functools.wraps(function)
    def called(input: Any, *others: Any, **more: Any) -> Any:
        if input.__class__ in NUMBERS:
            raise _number(function, input, "first")
        return function(input, *others, **more)

    return called


max, min = _each(_alone, ops.max, ops.min)


def _one_at_least(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, one of whose operands at least is a tensor."""

    @functools.wraps(function)
    def called(input: Any, other: Any, **more: Any) -> Any:
        if input.__class__ in NUMBERS and other.__class__ in NUMBERS:
            raise _number(function, input, "first")
        return function(input, other, **more)

    return called


(
    pow,
    float_power,
    xlogy,
    remainder,
    bitwise_and,
    bitwise_or,
    bitwise_xor,
    bitwise_left_shift,
    bitwise_right_shift,
) = _each(
    _one_at_least,
    ops.pow,
    ops.float_power,
    ops.xlogy,
    ops.remainder,
    ops.bitwise_and,
    ops.bitwise_or,
    ops.bitwise_xor,
    ops.bitwise_left_shift,
    ops.bitwise_right_shift,
)
