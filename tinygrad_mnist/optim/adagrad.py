"""Adagrad: steps scaled by all gradients so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import ops
from ..core.tensor import Tensor, of_numbers
from ..primitive import Value
from .groups import Params, options_in
from .optimizer import Optimizer
from .scalars import weak
from .schedules import Schedule

__all__ = ["Adagrad"]


def adagrad(
    p: Value,
    g: Value,
    total: Value,
    count: Value,
    *,
    lr: Value,
    lr_decay: float,
    eps: float,
    weight_decay: float,
    initial_accumulator_value: float,
) -> tuple[Value, ...]:
    """The rule: s = s + g^2, p = p - r g / (sqrt(s) + eps) with r = lr / (1 + lr_decay n) after n updates.

    Duchi, Hazan and Singer 2011, "Adaptive subgradient methods for online learning and stochastic
    optimization". Weight decay adds weight_decay p to g.
    """
    rate = weak(lr / (1 + (count - 1) * lr_decay), p)
    if weight_decay:
        g = g + weight_decay * p
    total = total + g * g
    return p - rate * (g / (ops.sqrt(total) + eps)), total


class Adagrad(Optimizer):
    """Adagrad, as in PyTorch; see the rule `adagrad`.

    Args:
        params: see `Optimizer`.
        lr: rate, or schedule.
        lr_decay: how fast the rate falls by itself.
        weight_decay: added to the gradient times the parameter.
        initial_accumulator_value: what the sum of squares starts from.
        eps: keeps the division finite.
        foreach, maximize, differentiable, fused: see `Optimizer`.
    """

    rule = staticmethod(adagrad)

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(params, options_in(locals()))

    def new_state(self, p: Tensor, options: Mapping[str, Any]) -> dict[str, Tensor]:
        """The sum of squares, and how often it was updated."""
        start = np.full(p.shape, options["initial_accumulator_value"], p.dtype)
        return {"sum": of_numbers(start), "step": Tensor(0.0, dtype="float64")}
