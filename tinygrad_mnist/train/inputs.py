"""Examples as a network takes them: bytes scaled as it expects, floats in its dtype, integers as they are."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.tensor import Tensor
from ..errors import DTypeError
from ..nn import Module
from ..nn.inputs import BYTES, scaled

_FROM_BYTES = 1 / 255


def input_scale(model: Module, images: Any, scale: float | None, name: str) -> float | None:
    """The factor on these images: none unless they are bytes; else `scale`, the model's own, or 1/255.

    Raises DTypeError, naming the function `name`, for a scale of images that are no bytes.
    """
    if images.dtype == BYTES:
        return scale if scale is not None else _FROM_BYTES if model.input_scale is None else model.input_scale
    if scale not in (None, 1):
        raise DTypeError(
            f"{name}: scale={scale} is for images of bytes (uint8), these are {images.dtype}; multiply them "
            "yourself, so that the model sees the same numbers whoever calls it"
        )
    return None


def as_inputs(model: Module, images: Tensor, scale: float | None) -> Tensor:
    """Images of one batch as the model's inputs, with the `scale` that `input_scale` found."""
    if scale is not None:
        return scaled(images, scale)
    return images.to(_dtype(model)) if images.dtype.kind == "f" else images


def _dtype(model: Module) -> np.dtype[Any]:
    """That of the model's first parameter of floats; float32 without any."""
    dtypes = (parameter.dtype for parameter in model.parameters())
    return next((dtype for dtype in dtypes if dtype.kind == "f"), np.dtype(np.float32))
