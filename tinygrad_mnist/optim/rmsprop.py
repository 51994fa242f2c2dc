"""RMSprop: steps scaled by the running size of the gradient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import ops
from ..core.tensor import Tensor
from ..kernels import update
from ..kernels.arrays import FLOAT32
from ..primitive import Array, Value
from .groups import Params
from .optimizer import Optimizer, zeros_like
from .scalars import weak
from .schedules import Schedule


def rmsprop(
    p: Value,
    g: Value,
    square: Value,
    *velocity: Value,
    lr: Value,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
) -> tuple[Value, ...]:
    """The rule: s = alpha s + (1 - alpha) g^2, p = p - lr g / (sqrt(s) + eps).

    Tieleman and Hinton 2012, Neural Networks for Machine Learning, lecture 6.5. With momentum
    p = p - lr v, where v = momentum v + g / (sqrt(s) + eps). Weight decay adds weight_decay p to g.
    """
    lr = weak(lr, p)
    if weight_decay:
        g = g + weight_decay * p
    square = alpha * square + (1 - alpha) * (g * g)
    scaled = g / (ops.sqrt(square) + eps)
    if not momentum:
        return (p - lr * scaled, square, *velocity)
    (v,) = velocity
    v = momentum * v + scaled
    return p - lr * v, square, v


class RMSprop(Optimizer):
    """RMSprop, as in PyTorch; see the rule `rmsprop`.

    Args:
        params: see `Optimizer`.
        lr: rate, or schedule.
        alpha: how much of the mean square is kept in each step.
        eps: keeps the division finite.
        weight_decay: added to the gradient times the parameter.
        momentum: share of the velocity that is kept in each step; 0 for none, and then it cannot
            be switched on later.
    """

    rule = staticmethod(rmsprop)

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
    ) -> None:
        options = {
            "lr": lr,
            "alpha": alpha,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum": momentum,
        }
        super().__init__(params, options)

    def in_one_pass(
        self,
        p: Array,
        g: Array,
        *state: Array,
        lr: float,
        alpha: float,
        eps: float,
        weight_decay: float,
        momentum: float,
    ) -> bool:
        """See `Optimizer.in_one_pass`."""
        if momentum or self.rule is not rmsprop:  # a subclass has a rule of its own
            return False
        kernel = update.rmsprop.single if p.dtype is FLOAT32 else update.rmsprop.double
        return bool(kernel(p, g, *state, lr, alpha, 1 - alpha, eps, weight_decay))

    def new_state(self, p: Tensor, options: Mapping[str, Any]) -> dict[str, Tensor]:
        """The mean square of the gradient, and the velocity if there is momentum."""
        velocity = {"velocity": zeros_like(p)} if options["momentum"] else {}
        return {"square": zeros_like(p), **velocity}
