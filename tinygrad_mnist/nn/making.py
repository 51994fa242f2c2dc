"""Parameters of layers, made before they get their first values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.device import check_device
from ..core.tensor import Tensor, of_numbers
from ..errors import DTypeError, ShapeError
from ..primitive import check_dtype
from .parameter import Parameter


def parameter(owner: str, shape: Sequence[int], device: Any, dtype: Any, value: float = 0.0) -> Parameter:
    """A Parameter of one value; ShapeError for negative lengths, DTypeError for a dtype without fractions."""
    return Parameter(_array(owner, shape, device, dtype, value))


def buffer(owner: str, shape: Sequence[int], device: Any, dtype: Any, value: float = 0.0) -> Tensor:
    """A Tensor of one value."""
    return of_numbers(_array(owner, shape, device, dtype, value))


def _array(owner: str, shape: Sequence[int], device: Any, dtype: Any, value: float) -> np.ndarray[Any, Any]:
    check_device(device)
    found = np.dtype(np.float32) if dtype is None else check_dtype(dtype)
    if found.kind != "f":
        raise DTypeError(f"{owner}: parameters are float32 or float64, not {found}")
    if any(isinstance(n, bool) or not isinstance(n, int | np.integer) for n in shape):
        raise TypeError(f"{owner}: sizes must be integers, not {tuple(shape)}")
    if min(shape, default=0) < 0:
        raise ShapeError(f"{owner}: sizes must be at least 0, not {tuple(shape)}")
    return np.full(tuple(shape), value, found)
