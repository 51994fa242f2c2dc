"""PyTorch's word for a shape; shapes here are plain tuples, and count as one."""

from __future__ import annotations

import math
from typing import Any


class _Shapes(type):
    def __instancecheck__(cls, x: Any) -> bool:
        return isinstance(x, tuple) and all(isinstance(n, int) for n in x)


class Size(tuple[int, ...], metaclass=_Shapes):
    """A shape, from lengths in any sequence: equal to the plain tuple that `x.shape` is.

    Args:
        iterable: the lengths of the axes.
    """

    __slots__ = ()

    def numel(self) -> int:
        """How many elements a tensor of this shape has."""
        return math.prod(self)
