"""RMSprop: steps scaled by the running size of the gradient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import ops
from ..core.tensor import Tensor
from ..primitive import Value
from .groups import Params, options_in
from .optimizer import Optimizer, zeros_like
from .scalars import weak
from .schedules import Schedule

__all__ = ["RMSprop"]


def rmsprop(
    p: Value,
    g: Value,
    square: Value,
    *rest: Value,
    lr: Value,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
    centered: bool,
) -> tuple[Value, ...]:
    """The rule: s = alpha s + (1 - alpha) g^2, p = p - lr g / (sqrt(s) + eps).

    Tieleman and Hinton 2012, Neural Networks for Machine Learning, lecture 6.5. With momentum
    p = p - lr v, where v = momentum v + g / (sqrt(s) + eps). Centered, the square of the running mean
    of g is taken from s before the root (Graves 2013). Weight decay adds weight_decay p to g.
    """
    lr = weak(lr, p)
    if weight_decay:
        g = g + weight_decay * p
    square = alpha * square + (1 - alpha) * (g * g)
    velocity, mean = list(rest[: bool(momentum)]), list(rest[bool(momentum) :])
    if centered:
        mean = [alpha * mean[0] + (1 - alpha) * g]
    scaled = g / (ops.sqrt(square - mean[0] * mean[0] if centered else square) + eps)
    if momentum:
        velocity = [momentum * velocity[0] + scaled]
    return p - lr * (velocity[0] if momentum else scaled), square, *velocity, *mean


class RMSprop(Optimizer):
    """RMSprop, as in PyTorch; see the rule `rmsprop`.

    Args:
        params: see `Optimizer`.
        lr: rate, or schedule.
        alpha: how much of the mean square is kept in each step.
        eps: keeps the division finite.
        weight_decay, centered: see the rule.
        momentum: share of the velocity that is kept in each step; 0 for none, and then it cannot
            be switched on later.
        capturable, foreach, maximize, differentiable: see `Optimizer`.
    """

    rule = staticmethod(rmsprop)
    _tells_steps = True

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(params, options_in(locals()))

    def new_state(self, p: Tensor, options: Mapping[str, Any]) -> dict[str, Tensor]:
        """The mean square of the gradient, the velocity if there is momentum, the mean if centered."""
        velocity = {"momentum_buffer": zeros_like(p)} if options["momentum"] else {}
        mean = {"grad_avg": zeros_like(p)} if options["centered"] else {}
        return {"square_avg": zeros_like(p), **velocity, **mean}
