"""Hidden neurons as pictures: the weights that reach each one from the pixels, and how edge-like they are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import ShapeError
from ..nn import Module

__all__ = ["autocorrelation", "edge_filters", "edge_likeness", "patterns"]

#: (count, height, width)
Pictures: TypeAlias = NDArray[np.floating]


def patterns(model: Module, size: tuple[int, int]) -> Pictures:
    """Each row of the first layer's weight as a picture, (neurons, height, width); positive excites.

    The first layer is the first parameter with two axes. ShapeError if it does not have height *
    width inputs.
    """
    height, width = size
    weight = next((p for p in model.parameters() if p.ndim == 2), None)
    if weight is None or weight.shape[1] != height * width:
        found = "no weight" if weight is None else f"{weight.shape[1]} inputs"
        raise ShapeError(
            f"patterns: pictures of {height} x {width} pixels need that many inputs, here are {found}"
        )
    return weight.numpy().reshape(-1, height, width)


def autocorrelation(pictures: Pictures) -> NDArray[np.float64]:
    """How alike neighbouring pixels are, for each picture: Moran's I over the four nearest neighbours.

    The mean product of two neighbouring pixels' distances from the picture's mean, divided by its
    variance (Moran 1950, "Notes on continuous stochastic phenomena"). Near 0 where each pixel is
    drawn by itself, towards 1 the smoother the picture, below 0 for a chessboard.

    Args:
        pictures: (count, height, width), at least two pixels each.

    Returns:
        (count,); NaN for a picture that is all of one value.
    """
    centred = np.asarray(pictures, np.float64)
    centred = centred - centred.mean((1, 2), keepdims=True)
    across, down = centred[:, :, 1:] * centred[:, :, :-1], centred[:, 1:] * centred[:, :-1]
    pairs = across[0].size + down[0].size
    if not pairs:
        raise ShapeError(f"autocorrelation: pictures of {pictures.shape[1:]} have no neighbouring pixels")
    together = (across.sum((1, 2)) + down.sum((1, 2))) / pairs
    variance = (centred**2).mean((1, 2))
    return np.divide(together, variance, out=np.full(len(centred), np.nan), where=variance > 0)


def edge_filters(size: tuple[int, int], *, spacing: int = 2) -> Pictures:
    """What detectors of short edges and strokes look like, in all places and directions: (n, height, width).

    An edge is light on one side of a short line and dark on the other, a stroke light along it and
    dark on both sides; both fade with distance. They are the first and second derivatives of a
    Gaussian twice as long as wide, the shapes of the receptive fields in the visual cortex (Young
    1987, "The Gaussian derivative model for spatial vision") and of the first layers of trained
    convolutional networks.
    The directions are 8, the widths 1/28, 1/14 and 1/9 of the shorter side.

    Args:
        size: height and width.
        spacing: pixels from one place to the next.
    """
    height, width = size
    down, across = np.mgrid[:height, :width].astype(np.float64)
    found = []
    for spread in (min(size) / part for part in (28, 14, 9)):
        for angle in np.arange(8) * math.pi / 8:
            for top, left in _centres(size, spacing):
                x, y = (across - left) / spread, (down - top) / spread
                over = x * math.cos(angle) + y * math.sin(angle)
                along = (y * math.cos(angle) - x * math.sin(angle)) / 2
                hill = np.exp(-(over**2 + along**2) / 2)
                found += [over * hill, (1 - over**2) * hill]
    return np.stack(found)


def edge_likeness(pictures: Pictures) -> NDArray[np.float64]:
    """The best correlation, 0 to 1, of each picture with any of the `edge_filters`; (count,)."""
    filters = _unit(edge_filters((pictures.shape[1], pictures.shape[2])))
    return np.abs(_unit(pictures) @ filters.T).max(1)


def _unit(pictures: Pictures) -> NDArray[np.float64]:
    """The pictures as rows of mean 0 and length 1."""
    rows = np.asarray(pictures, np.float64).reshape(len(pictures), -1)
    rows = rows - rows.mean(1, keepdims=True)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-300)


def _centres(size: tuple[int, int], spacing: int) -> Iterator[tuple[int, int]]:
    return ((top, left) for top in range(0, size[0], spacing) for left in range(0, size[1], spacing))
