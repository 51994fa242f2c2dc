"""Padding as modules: PyTorch's names; the counts begin with the last axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from ..errors import ShapeError
from ..primitive import Value
from . import functional as F
from .module import Module

__all__ = [
    "CircularPad1d", "CircularPad2d", "CircularPad3d", "ConstantPad1d", "ConstantPad2d", "ConstantPad3d",
    "ReflectionPad1d", "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d", "ReplicationPad2d",
    "ReplicationPad3d", "ZeroPad1d", "ZeroPad2d", "ZeroPad3d",
]  # fmt: skip


class _Pad(Module):
    """`padding` is one count for every side, or a pair of counts for each axis from the last on."""

    _axes: ClassVar[int]
    _mode: ClassVar[str] = "constant"
    value: float | None = None

    def __init__(self, padding: int | Sequence[int]) -> None:
        super().__init__()
        count = 2 * self._axes
        self.padding = (padding,) * count if isinstance(padding, int) else tuple(padding)
        if len(self.padding) != count:
            raise ShapeError(f"{type(self).__name__}: padding must be one number or {count}, not {padding}")

    def forward(self, input: Value) -> Value:
        """See `functional.pad`."""
        if self._mode != "constant" and input.ndim not in (self._axes + 1, self._axes + 2):
            raise ShapeError(
                f"{type(self).__name__}: expected {self._axes + 1}D or {self._axes + 2}D input (got "
                f"{input.ndim}D input)"
            )
        return F.pad(input, self.padding, self._mode, self.value)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"{self.padding}"


class _Constant(_Pad):
    def __init__(self, padding: int | Sequence[int], value: float) -> None:
        super().__init__(padding)
        self.value = value

    def extra_repr(self) -> str:
        """The arguments."""
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_Constant):
    """More elements of `value`, around (..., L)."""

    _axes = 1


class ConstantPad2d(_Constant):
    """More elements of `value`, around (..., H, W)."""

    _axes = 2


class ConstantPad3d(_Constant):
    """More elements of `value`, around (..., D, H, W)."""

    _axes = 3


class ZeroPad1d(_Pad):
    """More zeros, around (..., L)."""

    _axes = 1
    value = 0.0


class ZeroPad2d(_Pad):
    """More zeros, around (..., H, W)."""

    _axes = 2
    value = 0.0


class ZeroPad3d(_Pad):
    """More zeros, around (..., D, H, W)."""

    _axes = 3
    value = 0.0


class ReflectionPad1d(_Pad):
    """More elements, mirrored at the edge, around (..., L)."""

    _axes = 1
    _mode = "reflect"


class ReflectionPad2d(_Pad):
    """More elements, mirrored at the edge, around (..., H, W)."""

    _axes = 2
    _mode = "reflect"


class ReflectionPad3d(_Pad):
    """More elements, mirrored at the edge, around (..., D, H, W)."""

    _axes = 3
    _mode = "reflect"


class ReplicationPad1d(_Pad):
    """More elements, the edge repeated, around (..., L)."""

    _axes = 1
    _mode = "replicate"


class ReplicationPad2d(_Pad):
    """More elements, the edge repeated, around (..., H, W)."""

    _axes = 2
    _mode = "replicate"


class ReplicationPad3d(_Pad):
    """More elements, the edge repeated, around (..., D, H, W)."""

    _axes = 3
    _mode = "replicate"


class CircularPad1d(_Pad):
    """More elements, from the other end, around (..., L)."""

    _axes = 1
    _mode = "circular"


class CircularPad2d(_Pad):
    """More elements, from the other end, around (..., H, W)."""

    _axes = 2
    _mode = "circular"


class CircularPad3d(_Pad):
    """More elements, from the other end, around (..., D, H, W)."""

    _axes = 3
    _mode = "circular"
