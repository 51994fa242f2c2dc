"""Augmentation: training images that differ a little each time they are met, but not in what they show."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, DTypeError, ShapeError
from ..kernels.distort import distort
from .batches import word

_ROTATION = math.radians(6)
_SHEAR = 0.1
_SCALE = 0.06
_SHIFT = 0.6 / 28  # of the longer side
_ELASTIC = 1.5 / 28  # of the longer side; how far a control point of the elastic distortion moves

# Which blocks of the seed's stream: in the upper half, which no Generator gets to, so many for each epoch.
_FIRST_BLOCK = 2**63
_BLOCKS_PER_EPOCH = 2**40


def distorted(
    images: NDArray[np.uint8], *, seed: int, epoch: int, strength: float = 1.0
) -> NDArray[np.uint8]:
    """Images a little turned, sheared, scaled, shifted and bent, each in a way of its own.

    What happens to an image depends on the seed, the epoch and its place among the images alone.
    Strength 1 is light: up to 6 degrees, a shear of 0.1, 6% larger or smaller in height and
    in width, and, of 28 pixels, 0.6 shifted and about 0.7 bent. The kernel lets other Python
    threads run.

    Args:
        images: uint8 (N, height, width), 0 the background.
        seed, epoch: from 0 up.
        strength: factor on all of these, from 0 (nothing happens) up.

    Returns:
        New images, of the same shape.

    Raises:
        ShapeError, DTypeError: for other images.
        DataError: for a strength that is negative or not finite, or a seed or epoch out of range.
    """
    if images.ndim != 3:
        raise ShapeError(f"distorted: images have the shape (N, height, width), not {images.shape}")
    if images.dtype != np.uint8:
        raise DTypeError(f"distorted: images are uint8, 0 to 255, not {images.dtype}")
    if not 0 <= strength < math.inf:
        raise DataError(f"the strength of a distortion must be a number from 0 up, got {strength}")
    seed, epoch = word("seed", seed), word("epoch", epoch)
    side = max(images.shape[1:])
    extents = np.array([_ROTATION, _SHEAR, _SCALE, _SHIFT * side, _ELASTIC * side]) * strength
    out: NDArray[Any] = np.empty(images.shape, np.uint8)
    offset = _FIRST_BLOCK + epoch * _BLOCKS_PER_EPOCH % _FIRST_BLOCK
    distort(np.ascontiguousarray(images), seed, offset, extents.astype(np.float32), out)
    return out
