"""Limits on gradients, to be applied between `backward` and the optimiser's step."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ... import ops
from ...core.modes import no_grad
from ...core.tensor import Tensor, wrap
from ...errors import GraphError


@no_grad()
def get_total_norm(
    tensors: Iterable[Tensor] | Tensor,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The norm of all elements of all tensors together, 0-d; GraphError if asked for and it is not finite."""
    found = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    if not found:
        return Tensor(0.0)
    p = float(norm_type)
    total: Tensor
    if math.isinf(p):
        total = ops.stack([ops.amax(ops.abs(g)) for g in found]).max()
    elif p == 2.0:
        squares = wrap(np.zeros((), found[0].dtype))
        for g in found:
            squares = squares + (g * g).sum()
        total = ops.sqrt(squares)
    else:
        total = ops.norm(ops.stack([ops.norm(ops.reshape(g, (-1,)), p, 0) for g in found]), p, 0)
    if error_if_nonfinite and not math.isfinite(float(total)):
        raise GraphError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it "
            f"cannot be "
            "clipped. To disable this error and scale the gradients by the non-finite norm anyway, set "
            "`error_if_nonfinite=False`"
        )
    return total


@no_grad()
def clip_grads_with_norm_(
    parameters: Iterable[Tensor] | Tensor, max_norm: float, total_norm: Any, foreach: bool | None = None
) -> None:
    """Scale all gradients by max_norm / (total_norm + 1e-6), or not at all where that is above 1."""
    factor = ops.minimum(max_norm / (total_norm + 1e-6), 1.0)
    for p, g in _gradients(parameters):
        p.grad = g * (factor.to(g.dtype) if isinstance(factor, Tensor) else factor)


def clip_grad_norm_(
    parameters: Iterable[Tensor] | Tensor,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients by one factor so that their common norm is at most `max_norm`.

    The norm is that of all elements of all gradients (Pascanu et al. 2013, "On the difficulty of
    training recurrent neural networks"); as in PyTorch the factor is max_norm / (norm + 1e-6), never
    above 1. Parameters without gradient are skipped.

    Returns:
        The norm before clipping, 0-d; not finite if a gradient is not, which also spoils them all.

    Raises ValueError unless max_norm >= 0, GraphError for a norm that is not finite if asked for.
    """
    if not max_norm >= 0:
        raise ValueError(f"clip_grad_norm_: max_norm must be at least 0, not {max_norm}")
    found = [p for p, _ in _gradients(parameters)]
    norm: Tensor = get_total_norm(
        [p.grad for p in found if p.grad is not None], norm_type, error_if_nonfinite
    )
    clip_grads_with_norm_(found, max_norm, norm)
    return norm


@no_grad()
def clip_grad_value_(
    parameters: Iterable[Tensor] | Tensor, clip_value: float, foreach: bool | None = None
) -> None:
    """Limit every element of every gradient to +-clip_value; ValueError unless that is >= 0."""
    if not 0 <= clip_value < math.inf:
        raise ValueError(f"clip_grad_value_: clip_value must be a number from 0 up, not {clip_value}")
    for p, g in _gradients(parameters):
        p.grad = g.clamp(-clip_value, clip_value)


def _gradients(params: Iterable[Tensor] | Tensor) -> list[tuple[Tensor, Tensor]]:
    """The parameters that have a gradient, with it."""
    params = [params] if isinstance(params, Tensor) else params
    return [(p, p.grad) for p in params if p.grad is not None]
