"""Adam and AdamW: steps scaled by running moments of the gradient."""

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

__all__ = ["Adam", "AdamW"]


def adam(
    p: Value,
    g: Value,
    mean: Value,
    square: Value,
    *rest: Value,
    lr: Value,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    amsgrad: bool = False,
    decoupled_weight_decay: bool = False,
) -> tuple[Value, ...]:
    """The rule: p = p - lr m' / (sqrt(s') + eps) with the unbiased moments m' and s' of g.

    m = b1 m + (1 - b1) g and s = b2 s + (1 - b2) g^2 start at zero, which m' = m / (1 - b1^n) and
    s' = s / (1 - b2^n) make up for, n counting the updates (Kingma and Ba 2015, "Adam: a method
    for stochastic optimization", algorithm 1). Weight decay adds weight_decay p to g; decoupled, it takes
    lr weight_decay p from p, which the moments do not see (Loshchilov and Hutter 2019, "Decoupled
    weight decay regularization", algorithm 2). With amsgrad the largest s so far counts (Reddi et al. 2018,
    "On the convergence of Adam and beyond").
    """
    *largest, count = rest
    b1, b2 = betas
    rate = weak(lr / (1 - b1**count), p)
    scale = weak((1 - b2**count) ** -0.5, p)
    if weight_decay and decoupled_weight_decay:
        p = p - weak(lr * weight_decay, p) * p
    elif weight_decay:
        g = g + weight_decay * p
    mean = b1 * mean + (1 - b1) * g
    square = b2 * square + (1 - b2) * (g * g)
    if amsgrad:
        largest = [ops.maximum(largest[0], square)]
    size = ops.sqrt(largest[0] if amsgrad else square) * scale + eps
    return p - rate * mean / size, mean, square, *largest


class Adam(Optimizer):
    """Adam, as in PyTorch; see the rule `adam`.

    Args:
        params: see `Optimizer`.
        lr: rate, or schedule.
        betas: how much of the two moments is kept in each step; below 1.
        eps: keeps the division finite.
        weight_decay, amsgrad, decoupled_weight_decay: see the rule.
        foreach, maximize, capturable, differentiable, fused: see `Optimizer`.
    """

    rule = staticmethod(adam)
    _deciding = ("amsgrad",)

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        super().__init__(params, options_in(locals()))

    def new_state(self, p: Tensor, options: Mapping[str, Any]) -> dict[str, Tensor]:
        """The two moments, the largest second one for amsgrad, and how often they were updated."""
        largest = {"max_exp_avg_sq": zeros_like(p)} if options["amsgrad"] else {}
        return {
            "exp_avg": zeros_like(p),
            "exp_avg_sq": zeros_like(p),
            **largest,
            "step": Tensor(0.0, dtype="float64"),
        }


class AdamW(Adam):
    """Adam with the weight decay apart from the gradient, as in PyTorch: `decoupled_weight_decay` of `adam`.

    Arguments are those of `Adam`; each step shrinks the parameter by lr * weight_decay of itself.
    """

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )
