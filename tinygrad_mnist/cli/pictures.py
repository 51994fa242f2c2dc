"""Pictures of digits, made to look like those of MNIST.

MNIST's own recipe (LeCun, Bottou, Bengio and Burges 1998, "Gradient-based learning applied to
document recognition", section III.A): light ink on black, the digit scaled to fit a box of 20 x 20
pixels with its proportions kept, and its centre of mass put at the centre of 28 x 28 pixels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from . import light

Picture = NDArray[np.float64]

_BOX = 20 / 28  # of the image's shorter side
_FAINT = 0.1  # of the strongest ink: what is fainter does not count as part of the digit
_FAINT_IN_UNEVEN = 0.3  # where the paper is less well known


def as_mnist(picture: Picture, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Turn a picture of a digit into an image (height, width) like those a network was trained on.

    Args:
        picture: (any height, any width), brightness on any scale, dark ink on light paper or the
            reverse: the middle brightness of the border is taken for the paper's, or, where light falls
            unevenly, a smooth surface through it.
        size: height and width wanted.

    Raises DataError for a picture that is all of one brightness.
    """
    ink, faint = _ink(picture)
    rows, columns = (np.flatnonzero((ink > faint).any(axis)) for axis in (1, 0))
    digit = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    box = max(round(min(size) * _BOX), 1)
    shrink = box / max(digit.shape)
    height, width = (max(round(n * shrink), 1) for n in digit.shape)
    digit = _resampling(height, digit.shape[0]) @ digit @ _resampling(width, digit.shape[1]).T
    image = np.zeros(size)
    top, left = (_start(digit.sum(axis), n) for axis, n in zip((1, 0), size, strict=True))
    image[top : top + height, left : left + width] = digit
    return np.rint(255 * image).clip(0, 255).astype(np.uint8)


def _ink(picture: Picture) -> tuple[Picture, float]:
    """How far each pixel is from the paper towards the ink, 0 to 1, and what is too faint for the digit."""
    largest = abs(picture).max()
    if largest:
        picture = picture / largest  # so that no difference below can overflow
    paper = light.paper_of(picture)
    ink = picture - paper
    dark = ink.max() < -ink.min()
    if dark:
        ink = -ink
    if ink.max() <= 0:
        raise DataError("it is all of one brightness: there is no digit in it")
    if dark and paper.ndim and paper.min() > 0:
        # As a share of the light, ink is as black in the shadow; but the noise of shadows is no ink.
        ink = np.where(ink > _FAINT * ink.max(), ink / paper, 0)
    return (ink / ink.max()).clip(0, 1), _FAINT if paper.ndim == 0 else _FAINT_IN_UNEVEN


def _resampling(new: int, old: int) -> Picture:
    """The matrix (new, old) that resamples a line: triangles as wide as the coarser of the two grids."""
    places = (np.arange(new) + 0.5) * old / new - 0.5
    reach = max(old / new, 1.0)
    weights = (1 - abs(np.arange(old) - places[:, None]) / reach).clip(0)
    return weights / weights.sum(1, keepdims=True)


def _start(mass: Picture, length: int) -> int:
    """Where a profile must start to have its centre of mass in the middle, as far as it fits."""
    centre = (mass * np.arange(len(mass))).sum() / mass.sum()
    return int(np.clip(round(length / 2 - centre), 0, length - len(mass)))
