"""The Tensors that belong to a module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.tensor import Tensor

__all__ = ["Buffer", "Parameter"]


class Parameter(Tensor):
    """A Tensor that a `Module` owns and an optimiser changes: it requires a gradient from the start.

    Args:
        data: numbers, an array or a Tensor; copied, the graph behind a Tensor is not followed.
        requires_grad: False for one that is frozen; then integers will do.
        dtype: float32 or float64; None as in `Tensor`. DTypeError for any other that requires a gradient.
    """

    _copies_grad = False  # as in PyTorch
    #: Of a lazy layer before its first input: what to call when there are elements.
    waiting: list[Callable[[], None]]

    def __init__(self, data: Any = (), requires_grad: bool = True, *, dtype: Any = None) -> None:
        super().__init__(data, dtype, requires_grad=requires_grad)

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


class Buffer(Tensor):
    """A Tensor that becomes a buffer of the module it is assigned to; see `Module.register_buffer`."""

    def __init__(self, data: Any, *, persistent: bool = True) -> None:
        super().__init__(data)
        self.persistent = persistent
