"""Adamax: Adam with the largest gradient in place of the mean square."""

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

__all__ = ["Adamax"]


def adamax(
    p: Value,
    g: Value,
    mean: Value,
    largest: Value,
    count: Value,
    *,
    lr: Value,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
) -> tuple[Value, ...]:
    """The rule: p = p - lr / (1 - b1^n) m / u with m as Adam's and u = max(b2 u, |g| + eps).

    Kingma and Ba 2015, "Adam: a method for stochastic optimization", algorithm 2. Weight decay adds
    weight_decay p to g.
    """
    b1, b2 = betas
    if weight_decay:
        g = g + weight_decay * p
    mean = b1 * mean + (1 - b1) * g
    largest = ops.maximum(b2 * largest, ops.abs(g) + eps)
    return p - weak(lr / (1 - b1**count), p) * mean / largest, mean, largest


class Adamax(Optimizer):
    """Adamax, as in PyTorch; see the rule `adamax`, and `Adam` for the arguments."""

    rule = staticmethod(adamax)

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        super().__init__(params, options_in(locals()))

    def new_state(self, p: Tensor, options: Mapping[str, Any]) -> dict[str, Tensor]:
        """The mean, the largest, and how often they were updated."""
        return {"exp_avg": zeros_like(p), "exp_inf": zeros_like(p), "step": Tensor(0.0, dtype="float64")}
