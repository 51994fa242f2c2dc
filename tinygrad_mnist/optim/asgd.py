"""ASGD: gradient descent that also keeps the mean of where it has been."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.tensor import Tensor
from ..primitive import Value
from .groups import Params, options_in
from .optimizer import Optimizer, zeros_like
from .scalars import maximum, weak
from .schedules import Schedule

__all__ = ["ASGD"]


def asgd(
    p: Value,
    g: Value,
    mean: Value,
    count: Value,
    *,
    lr: Value,
    lambd: float,
    alpha: float,
    t0: float,
    weight_decay: float,
) -> tuple[Value, ...]:
    """The rule: p = p (1 - lambd r) - r g with r = lr / (1 + lambd lr n)^alpha after n updates.

    The mean "ax" moves by (p - ax) / max(1, n - t0) (Polyak and Juditsky 1992, "Acceleration of stochastic
    approximation by averaging"). Weight decay adds weight_decay p to g.
    """
    if weight_decay:
        g = g + weight_decay * p
    done = count - 1
    rate = lr / (1 + lambd * lr * done) ** alpha
    p = p * weak(1 - lambd * rate, p) - weak(rate, p) * g
    return p, mean + (p - mean) * weak(1 / maximum(done - t0, 1.0), p)


class ASGD(Optimizer):
    """Averaged gradient descent, as in PyTorch; see the rule `asgd`.

    Args:
        params: see `Optimizer`.
        lr: rate, or schedule.
        lambd, alpha, t0, weight_decay: see the rule.
        foreach, maximize, differentiable, capturable: see `Optimizer`.
    """

    rule = staticmethod(asgd)

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        super().__init__(params, options_in(locals()))

    def new_state(self, p: Tensor, options: Mapping[str, Any]) -> dict[str, Tensor]:
        """The mean, and how often it was updated."""
        return {"ax": zeros_like(p), "step": Tensor(0.0, dtype="float64")}
