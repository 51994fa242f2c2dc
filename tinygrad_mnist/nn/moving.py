"""Parameters and buffers in another dtype; the device is always the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.device import Device, check_device
from ..core.tensor import Tensor
from ..errors import DTypeError
from ..primitive import check_dtype


def destination(*args: Any, **kwargs: Any) -> np.dtype[Any] | None:
    """The dtype that the arguments of `Module.to` ask for, if they do."""
    known = {"device", "dtype", "non_blocking", "copy", "memory_format"}
    unknown = set(kwargs) - known
    if unknown:
        raise TypeError(f"to() got an unexpected keyword argument {sorted(unknown)[0]!r}")
    dtype = kwargs.get("dtype")
    check_device(kwargs.get("device"))
    for x in args:
        if isinstance(x, Tensor):
            dtype = x.dtype
        elif isinstance(x, bool) or x is None:
            continue
        elif _is_device(x):
            check_device(x)
        else:
            dtype = x
    if dtype is None:
        return None
    found = check_dtype(dtype)
    if found.kind != "f":
        raise DTypeError(f"nn.Module.to only accepts floating point dtypes, but got desired dtype={found}")
    return found


def _is_device(x: Any) -> bool:
    return isinstance(x, Device) or (isinstance(x, str) and x.split(":")[0] in _DEVICES)


_DEVICES = ("cpu", "cuda", "mps", "xpu", "meta", "hip", "xla", "mkldnn", "vulkan")


def converted(x: Tensor, dtype: np.dtype[Any]) -> None:
    """Give a leaf of floats another dtype, in place."""
    if x.dtype.kind == "f" and x.dtype != dtype:
        x.array = x.array.astype(dtype)
        if x.grad is not None:
            x.grad = x.grad.detach().to(dtype)
