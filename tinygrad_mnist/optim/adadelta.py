"""Adadelta: steps scaled by the running size of the steps before."""

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

__all__ = ["Adadelta"]


def adadelta(
    p: Value,
    g: Value,
    square: Value,
    steps: Value,
    *,
    lr: Value,
    rho: float,
    eps: float,
    weight_decay: float,
) -> tuple[Value, ...]:
    """The rule: p = p - lr d with d = g sqrt(u + eps) / sqrt(s + eps), s and u running squares of g and d.

    Zeiler 2012, "Adadelta: an adaptive learning rate method". Weight decay adds weight_decay p to g.
    """
    if weight_decay:
        g = g + weight_decay * p
    square = rho * square + (1 - rho) * (g * g)
    d = ops.sqrt(steps + eps) / ops.sqrt(square + eps) * g
    return p - weak(lr, p) * d, square, rho * steps + (1 - rho) * (d * d)


class Adadelta(Optimizer):
    """Adadelta, as in PyTorch; see the rule `adadelta`.

    Args:
        params: see `Optimizer`.
        lr: rate, or schedule.
        rho: how much of the running squares is kept in each step.
        eps: keeps the division finite.
        weight_decay: see the rule.
        foreach, capturable, maximize, differentiable: see `Optimizer`.
    """

    rule = staticmethod(adadelta)
    _tells_steps = True

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        if not 0 <= rho <= 1:
            raise ValueError(f"Adadelta: Invalid rho value: {rho}")
        super().__init__(params, options_in(locals()))

    def new_state(self, p: Tensor, options: Mapping[str, Any]) -> dict[str, Tensor]:
        """The running squares of gradients and steps."""
        return {"square_avg": zeros_like(p), "acc_delta": zeros_like(p)}
