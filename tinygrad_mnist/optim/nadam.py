"""NAdam: Adam with Nesterov's momentum."""

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

__all__ = ["NAdam"]


def nadam(
    p: Value,
    g: Value,
    mean: Value,
    square: Value,
    count: Value,
    product: Value,
    *,
    lr: Value,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    momentum_decay: float,
    decoupled_weight_decay: bool,
) -> tuple[Value, ...]:
    """The rule: Adam's, with the mean as it will be after the next step in place of the present one.

    Dozat 2016, "Incorporating Nesterov momentum into Adam", with his schedule of the momentum,
    b1 (1 - 0.96^(n momentum_decay) / 2) at step n. Weight decay adds weight_decay p to g, or
    (decoupled) takes lr weight_decay p from p.
    """
    b1, b2 = betas
    now = b1 * (1 - 0.5 * 0.96 ** (count * momentum_decay))
    following = b1 * (1 - 0.5 * 0.96 ** ((count + 1) * momentum_decay))
    product = product * now
    if weight_decay and decoupled_weight_decay:
        p = p - weak(lr * weight_decay, p) * p
    elif weight_decay:
        g = g + weight_decay * p
    mean = b1 * mean + (1 - b1) * g
    square = b2 * square + (1 - b2) * (g * g)
    size = ops.sqrt(square) * weak((1 - b2**count) ** -0.5, p) + eps
    by_gradient = weak(lr * (1 - now) / (1 - product), p)
    by_mean = weak(lr * following / (1 - product * following), p)
    return p - (by_gradient * g + by_mean * mean) / size, mean, square, product


class NAdam(Optimizer):
    """NAdam, as in PyTorch; see the rule `nadam`.

    Args:
        params, lr, betas, eps: see `Adam`.
        weight_decay: see the rule.
        momentum_decay: how fast the momentum rises to betas[0].
        decoupled_weight_decay: see the rule.
        foreach, maximize, capturable, differentiable: see `Optimizer`.
    """

    rule = staticmethod(nadam)

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(params, options_in(locals()))

    def new_state(self, p: Tensor, options: Mapping[str, Any]) -> dict[str, Tensor]:
        """The two moments, how often they were updated, and the product of the momenta so far."""
        return {
            "exp_avg": zeros_like(p),
            "exp_avg_sq": zeros_like(p),
            "step": Tensor(0.0, dtype="float64"),
            "mu_product": Tensor(1.0, dtype="float64"),
        }
