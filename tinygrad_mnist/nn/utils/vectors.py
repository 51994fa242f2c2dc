"""All parameters as one vector, and back."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ... import ops
from ...core.tensor import Tensor
from ...errors import ShapeError


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The elements of all parameters in order, (total,); gradients pass through."""
    vector: Tensor = ops.concatenate([ops.reshape(p, (-1,)) for p in parameters])
    return vector


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Give the parameters the numbers of a vector, in order; ShapeError if it is too short."""
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected tg.Tensor, but got: {type(vec).__name__}")
    at = 0
    for p in parameters:
        count = math.prod(p.shape)
        if at + count > vec.shape[0]:
            raise ShapeError(f"vector_to_parameters: a vector of {vec.shape[0]} elements is too short")
        p.assign_(vec.detach()[at : at + count].reshape(p.shape))
        at += count
