"""RAdam: Adam that waits until its second moment can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import ops
from ..core.tensor import Tensor
from ..primitive import Value
from .groups import Params, options_in
from .optimizer import Optimizer, zeros_like
from .scalars import maximum, weak, where
from .schedules import Schedule

__all__ = ["RAdam"]


def radam(
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
    decoupled_weight_decay: bool,
) -> tuple[Value, ...]:
    """The rule: Adam's step times r where r's estimate can be made (rho > 5), else p = p - lr m'.

    With rho_inf = 2 / (1 - b2) - 1 and rho = rho_inf - 2 n b2^n / (1 - b2^n), r is the root of
    (rho - 4) (rho - 2) rho_inf / ((rho_inf - 4) (rho_inf - 2) rho) (Liu et al. 2020, "On the variance of
    the adaptive learning rate and beyond").
    """
    b1, b2 = betas
    if weight_decay and decoupled_weight_decay:
        p = p * weak(1 - lr * weight_decay, p)
    elif weight_decay:
        g = g + weight_decay * p
    mean = b1 * mean + (1 - b1) * g
    square = b2 * square + (1 - b2) * (g * g)
    last = 2 / (1 - b2) - 1
    power = b2**count
    rho = last - 2 * count * power / (1 - power)
    trusted = maximum(rho, 5.0)
    r = ((trusted - 4) * (trusted - 2) * last / ((last - 4) * (last - 2) * trusted)) ** 0.5
    unbiased = mean * weak(1 / (1 - b1**count), p)
    adaptive = weak(where(rho > 5, r * (1 - power) ** 0.5, 0.0), p) / (ops.sqrt(square) + eps)
    return p - weak(lr, p) * unbiased * (adaptive + weak(where(rho > 5, 0.0, 1.0), p)), mean, square


class RAdam(Optimizer):
    """RAdam, as in PyTorch; see the rule `radam`, and `Adam` for the arguments."""

    rule = staticmethod(radam)

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(params, options_in(locals()))

    def new_state(self, p: Tensor, options: Mapping[str, Any]) -> dict[str, Tensor]:
        """The two moments, and how often they were updated."""
        return {"exp_avg": zeros_like(p), "exp_avg_sq": zeros_like(p), "step": Tensor(0.0, dtype="float64")}
