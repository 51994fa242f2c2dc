"""Limits on gradients, to be applied between `backward` and the optimiser's step."""

from __future__ import annotations

import math
from collections.abc import Iterable

from .. import ops
from ..core.autodiff import no_grad
from ..core.tensor import Tensor


@no_grad()
def clip_grad_norm_(params: Iterable[Tensor] | Tensor, max_norm: float) -> Tensor:
    """Scale all gradients by one factor so that their common norm is at most `max_norm`.

    The norm is the square root of the sum of squares over all elements of all gradients (Pascanu
    et al. 2013, "On the difficulty of training recurrent neural networks"); as in PyTorch the
    factor is max_norm / (norm + 1e-6), never above 1. Parameters without gradient are skipped.

    Returns:
        The norm before clipping, 0-d; not finite if a gradient is not, which also spoils them all.

    Raises ValueError unless max_norm >= 0.
    """
    if not max_norm >= 0:
        raise ValueError(f"clip_grad_norm_: max_norm must be at least 0, not {max_norm}")
    found = _gradients(params)
    total = Tensor(0.0)
    for _, g in found:
        total = total + (g * g).sum()
    norm: Tensor = ops.sqrt(total)
    factor = ops.minimum(max_norm / (norm + 1e-6), 1.0)
    for p, g in found:
        p.grad = g * factor.to(g.dtype)
    return norm


@no_grad()
def clip_grad_value_(params: Iterable[Tensor] | Tensor, clip_value: float) -> None:
    """Limit every element of every gradient to +-clip_value; ValueError unless that is >= 0."""
    if not 0 <= clip_value < math.inf:
        raise ValueError(f"clip_grad_value_: clip_value must be a number from 0 up, not {clip_value}")
    for p, g in _gradients(params):
        p.grad = g.clamp(-clip_value, clip_value)


def _gradients(params: Iterable[Tensor] | Tensor) -> list[tuple[Tensor, Tensor]]:
    """The parameters that have a gradient, with it."""
    params = [params] if isinstance(params, Tensor) else params
    return [(p, p.grad) for p in params if p.grad is not None]
