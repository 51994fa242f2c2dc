"""What a network expects of its inputs: bytes are scaled, by a factor that is kept with the network."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tensor import Tensor

BYTES = np.dtype(np.uint8)


def scaled(x: Tensor, scale: float) -> Tensor:
    """Bytes (any shape, uint8) as float32 numbers times a factor."""
    return x.float() * scale


def with_bytes_scaled(args: tuple[Any, ...], scale: float) -> tuple[Any, ...]:
    """A call's arguments with the first one scaled, if it is a Tensor of bytes."""
    if args and isinstance(args[0], Tensor) and args[0].dtype == BYTES:
        return scaled(args[0], scale), *args[1:]
    return args
