"""Adam and AdamW: steps scaled by running moments of the gradient."""

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


def adam(
    p: Value,
    g: Value,
    mean: Value,
    square: Value,
    count: Value,
    *,
    lr: Value,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
) -> tuple[Value, ...]:
    """The rule: p = p - lr m' / (sqrt(s') + eps) with the unbiased moments m' and s' of g.

    m = b1 m + (1 - b1) g and s = b2 s + (1 - b2) g^2 start at zero, which m' = m / (1 - b1^n) and
    s' = s / (1 - b2^n) make up for, n counting the updates (Kingma and Ba 2015, "Adam: a method
    for stochastic optimization", algorithm 1). Weight decay adds weight_decay p to g.
    """
    b1, b2 = betas
    rate = weak(lr / (1 - b1**count), p)
    scale = weak((1 - b2**count) ** -0.5, p)
    if weight_decay:
        g = g + weight_decay * p
    mean = b1 * mean + (1 - b1) * g
    square = b2 * square + (1 - b2) * (g * g)
    return p - rate * mean / (ops.sqrt(square) * scale + eps), mean, square


def adamw(
    p: Value,
    g: Value,
    mean: Value,
    square: Value,
    count: Value,
    *,
    lr: Value,
    weight_decay: float,
    **options: Any,
) -> tuple[Value, ...]:
    """The rule: Adam's after p = p - lr weight_decay p, a decay that the moments do not see.

    Loshchilov and Hutter 2019, "Decoupled weight decay regularization", algorithm 2.
    """
    p = p - weak(lr * weight_decay, p) * p
    return adam(p, g, mean, square, count, lr=lr, weight_decay=0.0, **options)


class Adam(Optimizer):
    """Adam, as in PyTorch; see the rule `adam`.

    Args:
        params: see `Optimizer`.
        lr: rate, or schedule.
        betas: how much of the two moments is kept in each step; below 1.
        eps: keeps the division finite.
        weight_decay: added to the gradient times the parameter.
    """

    rule = staticmethod(adam)

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def in_one_pass(
        self,
        p: Array,
        g: Array,
        *state: Array,
        lr: float,
        betas: tuple[float, float],
        eps: float,
        weight_decay: float,
    ) -> bool:
        """See `Optimizer.in_one_pass`."""
        if self.rule not in (adam, adamw):  # a subclass has one of its own
            return False
        mean, square, count = state
        (b1, b2), updates = betas, float(count)
        decay, shrinkage = (0.0, lr * weight_decay) if self.rule is adamw else (weight_decay, 0.0)
        rate, scale = lr / (1 - b1**updates), (1 - b2**updates) ** -0.5
        kernel = update.adam.single if p.dtype is FLOAT32 else update.adam.double
        return bool(kernel(p, g, mean, square, b1, 1 - b1, b2, 1 - b2, rate, scale, eps, decay, shrinkage))

    def new_state(self, p: Tensor, options: Mapping[str, Any]) -> dict[str, Tensor]:
        """The two moments, and how often they were updated (in float64, for the powers)."""
        return {"mean": zeros_like(p), "square": zeros_like(p), "count": Tensor(0.0, dtype="float64")}


class AdamW(Adam):
    """Adam with the weight decay apart from the gradient, as in PyTorch; see the rule `adamw`.

    Args:
        params, lr, betas, eps: see `Adam`.
        weight_decay: each step shrinks the parameter by lr * weight_decay of itself.
    """

    rule = staticmethod(adamw)

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)
