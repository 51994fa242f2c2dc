"""The Tensor that training changes."""

from __future__ import annotations

from typing import Any

from ..core.tensor import Tensor


class Parameter(Tensor):
    """A Tensor that a `Module` owns and an optimiser changes: it requires a gradient from the start.

    Args:
        data: numbers, an array or a Tensor; copied, the graph behind a Tensor is not followed.
        dtype: float32 or float64; None as in `Tensor`. DTypeError for any other.
    """

    def __init__(self, data: Any, dtype: Any = None) -> None:
        super().__init__(data, dtype, requires_grad=True)
