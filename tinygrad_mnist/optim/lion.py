"""Lion: steps of one size, in the direction of a momentum's sign."""

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

__all__ = ["Lion"]


def lion(
    p: Value, g: Value, mean: Value, *, lr: Value, betas: tuple[float, float], weight_decay: float
) -> tuple[Value, ...]:
    """The rule: p = p - lr (sign(b1 m + (1 - b1) g) + weight_decay p), then m = b2 m + (1 - b2) g.

    Chen et al. 2023, "Symbolic discovery of optimization algorithms", algorithm 2.
    """
    b1, b2 = betas
    step = ops.sign(b1 * mean + (1 - b1) * g)
    if weight_decay:
        step = step + weight_decay * p
    return p - weak(lr, p) * step, b2 * mean + (1 - b2) * g


class Lion(Optimizer):
    """Lion; see the rule `lion`. Its rates are 3 to 10 times below Adam's, its weight decays as much above.

    Args:
        params: see `Optimizer`.
        lr: rate, or schedule.
        betas: shares of the momentum in a step, and of it that is kept; below 1.
        weight_decay: see the rule.
    """

    rule = staticmethod(lion)

    def __init__(
        self,
        params: Params,
        lr: float | Schedule = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0,
    ) -> None:
        super().__init__(params, options_in(locals()))

    def new_state(self, p: Tensor, options: Mapping[str, Any]) -> dict[str, Tensor]:
        """The momentum."""
        return {"exp_avg": zeros_like(p)}
