"""Gradient descent, with momentum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.tensor import Tensor
from ..primitive import Value
from .groups import Params, options_in
from .optimizer import Optimizer, zeros_like
from .scalars import weak, where
from .schedules import Schedule

__all__ = ["SGD"]


def sgd(
    p: Value,
    g: Value,
    *state: Value,
    lr: Value,
    momentum: float,
    dampening: float,
    weight_decay: float,
    nesterov: bool,
) -> tuple[Value, ...]:
    """The rule: v = momentum v + (1 - dampening) g (the first time g), p = p - lr v.

    Nesterov's variant goes on from where the velocity will lead: p = p - lr (g + momentum v)
    (Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning").
    Weight decay adds weight_decay p to g.
    """
    lr = weak(lr, p)
    if weight_decay:
        g = g + weight_decay * p
    if not momentum:
        return (p - lr * g, *state[:1])
    v = momentum * state[0] + (g * weak(where(state[1] > 1, 1 - dampening, 1.0), p) if dampening else g)
    return p - lr * (g + momentum * v if nesterov else v), v


class SGD(Optimizer):
    """Gradient descent: p -= lr * g, with PyTorch's momentum, Nesterov's variant and weight decay.

    Args:
        params: see `Optimizer`.
        lr: rate, or schedule.
        momentum: share of the velocity that is kept in each step; 0 for none.
        dampening: see `sgd`.
        weight_decay: see `sgd`.
        nesterov: see `sgd`; ValueError without momentum, or with dampening.
        maximize, foreach, differentiable, fused: see `Optimizer`.
    """

    rule = staticmethod(sgd)
    _deciding = "momentum", "dampening"

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(params, options_in(locals()))
        if any(g["nesterov"] and (not g["momentum"] or g["dampening"]) for g in self.param_groups):
            raise ValueError(
                "SGD: Nesterov momentum requires a momentum and zero dampening, such as momentum=0.9"
            )

    def new_state(self, p: Tensor, options: Mapping[str, Any]) -> dict[str, Tensor]:
        """The velocity, if there is momentum, and how often it was updated, if there is dampening."""
        if not options["momentum"]:
            return {}
        count = {"step": Tensor(0.0, dtype="float64")} if options["dampening"] else {}
        return {"momentum_buffer": zeros_like(p), **count}
