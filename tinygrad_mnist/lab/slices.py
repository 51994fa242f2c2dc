"""Slices through the cost surface: along lines, in a plane, and from one minimum to another."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.generator import Generator
from ..core.tensor import Tensor
from ..train.evaluation import right_classes
from .surface import CostSurface, Vector

__all__ = ["along", "between", "filter_normalised", "plane", "share_wrong"]


def filter_normalised(surface: CostSurface, generator: Generator) -> Vector:
    """A random direction (n,) that changes each neuron in proportion to itself; biases stay.

    Each row of a weight gets a random row of the same length (Li et al. 2018, "Visualizing the loss
    landscape of neural nets", section 4): a step of 1 is as large a change for a neuron with small
    weights as for one with large ones, and so slices of different networks can be compared.
    """
    pieces = []
    for block, own in zip(surface.blocks, surface.arrays(surface.point).values(), strict=True):
        if len(block.shape) == 2:
            drawn = generator.normal(block.shape, dtype=np.float64).numpy()
            lengths = np.linalg.norm(own, axis=1) / np.linalg.norm(drawn, axis=1)
            pieces.append(drawn * lengths[:, None])
        else:
            pieces.append(np.zeros(block.shape))
    return surface.vector(pieces)


def along(surface: CostSurface, direction: Vector, offsets: Any) -> NDArray[np.float64]:
    """The cost at the present parameters plus each offset (k,) times a direction (n,); (k,)."""
    return np.array([surface(surface.point + offset * direction) for offset in np.asarray(offsets)])


def plane(surface: CostSurface, across: Vector, up: Vector, offsets: Any) -> NDArray[np.float64]:
    """The cost on a grid around the present parameters; (k, k), rows along `up`, columns `across`."""
    return np.array([[surface(surface.point + a * across + b * up) for a in offsets] for b in offsets])


def between(surface: CostSurface, start: Vector, end: Vector, shares: Any) -> NDArray[np.float64]:
    """The cost on the straight line between two points, `start` at 0 and `end` at 1; (k,)."""
    return np.array([surface(start + share * (end - start)) for share in np.asarray(shares)])


def share_wrong(outputs: Tensor, targets: Tensor) -> Tensor:
    """Share of wrong answers, as a cost: a surface to look at, without derivatives."""
    return Tensor(np.float64((outputs.numpy().argmax(1) != right_classes(targets)).mean()))
