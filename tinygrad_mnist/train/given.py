"""A module that was saved without a recipe, as a network that reads images."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator

import numpy as np

from .. import nn
from ..errors import DataError
from .evaluation import outputs_of
from .history import History
from .reading import Unknown
from .trained import TrainedNetwork

_USUAL = 28  # pixels of a side
_SHARES = (nn.Sigmoid, nn.Softmax)  # outputs of layers like these are compared with rows of 0 and 1


def network_of(module: nn.Module) -> TrainedNetwork:
    """A module as a network that reads images of one channel, given as rows of pixels.

    Its images are 28 x 28, or as large as its first layer says. Bytes are scaled by the module's
    `input_scale` or, where it has none, to 0 to 1. Its cost is taken to be the quadratic one where it ends in
    Sigmoid or Softmax, else cross-entropy.

    Raises DataError for a module that does not answer such images with a row of numbers each.
    """
    scale = module.input_scale or 1 / 255
    if not isinstance(scale, float | int) or not 0 < scale < math.inf:
        raise DataError(f"its input_scale is {str(scale)[:40]}, which is no factor")
    last = [x for x in module.modules() if not list(x.children())][-1]
    shares = isinstance(last, _SHARES)
    recipe = Unknown("quadratic" if shares else "cross-entropy", "sigmoid" if shares else "none", 255 * scale)
    why: Exception | None = None
    for side, reader in _readers(module):
        try:
            outputs = outputs_of(reader, np.zeros((2, side * side), np.float32))
        except Exception as error:  # its layers' numbers come from a file, and may be anything
            why = why or error
            continue
        if outputs.ndim == 2 and len(outputs) == 2:
            return TrainedNetwork(reader.eval(), recipe, (side, side), outputs.shape[1], History())
    raise DataError(
        f"this {type(module).__name__} does not answer images of {_USUAL} x {_USUAL} pixels with a row of "
        f"numbers each{f' ({why})' if why else ''}"
    )


def _readers(module: nn.Module) -> Iterator[tuple[int, nn.Module]]:
    """Sides of images, and the module as it may take rows of their pixels."""
    first = next((p.shape[1] for p in module.parameters() if p.ndim == 2), 0)
    sides = dict.fromkeys((_USUAL, math.isqrt(first)))
    for side in filter(None, sides):
        yield side, module
        for shape in ((1, side, side), (side, side)):
            inside = copy.copy(module)  # whose bytes are scaled outside
            inside.input_scale = None
            yield side, nn.Sequential(nn.Unflatten(1, shape), inside)
