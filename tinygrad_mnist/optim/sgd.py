"""Gradient descent, with momentum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.tensor import Tensor
from ..kernels import update
from ..kernels.arrays import FLOAT32
from ..primitive import Array, Value
from .groups import Params
from .optimizer import Optimizer, zeros_like
from .scalars import weak
from .schedules import Schedule


def sgd(
    p: Value, g: Value, *velocity: Value, lr: Value, momentum: float, nesterov: bool, weight_decay: float
) -> tuple[Value, ...]:
    """The rule: v = momentum v + g, p = p - lr v.

    Nesterov's variant goes on from where the velocity will lead: p = p - lr (g + momentum v)
    (Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning").
    Weight decay adds weight_decay p to g.
    """
    lr = weak(lr, p)
    if weight_decay:
        g = g + weight_decay * p
    if not momentum:
        return (p - lr * g, *velocity)
    (v,) = velocity
    v = momentum * v + g
    return p - lr * (g + momentum * v if nesterov else v), v


class SGD(Optimizer):
    """Gradient descent: p -= lr * g, with PyTorch's momentum, Nesterov's variant and weight decay.

    Args:
        params: see `Optimizer`.
        lr: rate, or schedule.
        momentum: share of the velocity that is kept in each step; 0 for none, and then no
            velocity is kept, so that momentum cannot be switched on later.
        nesterov: see `sgd`; ValueError without momentum.
        weight_decay: see `sgd`.
    """

    rule = staticmethod(sgd)

    def __init__(
        self,
        params: Params,
        lr: float | Schedule,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        options = {"lr": lr, "momentum": momentum, "nesterov": nesterov, "weight_decay": weight_decay}
        super().__init__(params, options)
        if any(group["nesterov"] and not group["momentum"] for group in self.param_groups):
            raise ValueError("SGD: nesterov needs momentum above 0, such as momentum=0.9")

    def in_one_pass(
        self,
        p: Array,
        g: Array,
        *velocity: Array,
        lr: float,
        momentum: float,
        nesterov: bool,
        weight_decay: float,
    ) -> bool:
        """See `Optimizer.in_one_pass`."""
        if self.rule is not sgd:  # a subclass has one of its own
            return False
        kernels = update.sgd if not momentum else update.momentum
        kernel = kernels.single if p.dtype is FLOAT32 else kernels.double
        if momentum:
            return bool(kernel(p, g, *velocity, lr, momentum, nesterov, weight_decay))
        return bool(kernel(p, g, lr, weight_decay))

    def new_state(self, p: Tensor, options: Mapping[str, Any]) -> dict[str, Tensor]:
        """The velocity, if there is momentum."""
        return {"velocity": zeros_like(p)} if options["momentum"] else {}
