"""Rprop: steps by the gradient's sign, longer where it stays and shorter where it turns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import ops
from ..core.tensor import Tensor, of_numbers
from ..primitive import Value
from .groups import Params, options_in
from .optimizer import Optimizer, zeros_like

__all__ = ["Rprop"]


def rprop(
    p: Value,
    g: Value,
    before: Value,
    size: Value,
    *,
    lr: Value,
    etas: tuple[float, float],
    step_sizes: tuple[float, float],
) -> tuple[Value, ...]:
    """The rule: p = p - size sign(g), its size times etas[1] where g keeps its sign, else etas[0].

    Where it turns g counts as zero, this time and the next. Sizes stay within `step_sizes`; the first are lr
    (Riedmiller and Braun 1993).
    """
    turn = g * before
    size = ops.where(turn > 0, size * etas[1], ops.where(turn < 0, size * etas[0], size))
    size = ops.clamp(size, *step_sizes)
    g = ops.where(turn < 0, 0.0, g)
    return p - ops.sign(g) * size, g, size


class Rprop(Optimizer):
    """Rprop, as in PyTorch; see the rule `rprop`.

    Args:
        params: see `Optimizer`.
        lr: the first size of all steps.
        etas, step_sizes: see the rule.
        capturable, foreach, maximize, differentiable: see `Optimizer`.
    """

    rule = staticmethod(rprop)
    _tells_steps = True

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Rprop: Invalid eta values: {etas[0]}, {etas[1]}")
        super().__init__(params, options_in(locals()))

    def new_state(self, p: Tensor, options: Mapping[str, Any]) -> dict[str, Tensor]:
        """The gradient before, and the sizes of the steps."""
        sizes = np.full(p.shape, float(options["lr"]), p.dtype)
        return {"prev": zeros_like(p), "step_size": of_numbers(sizes)}
