"""The rate for averaging models along the way: it goes to a constant and stays there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from ..optimizer import Optimizer
from .base import LRScheduler, per_group

__all__ = ["SWALR"]


class SWALR(LRScheduler):
    """From the present rate to `swa_lr` in `anneal_epochs` epochs, by a cosine or a line; there it stays.

    `swa_lr` may be a list with a rate for each group. Izmailov et al. 2018, "Averaging weights leads to wider
    optima and better generalization".
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | Sequence[float],
        anneal_epochs: int = 10,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        last_epoch: int = -1,
    ) -> None:
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"SWALR: anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy!r}"
            )
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(
                f"SWALR: anneal_epochs must be equal or greater than 0, and an integer, got {anneal_epochs!r}"
            )
        self.optimizer = optimizer
        self.anneal_epochs, self.anneal_strategy = anneal_epochs, anneal_strategy
        self.swa_lrs: list[float] = per_group(self, "swa_lr", swa_lr)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """See the class."""
        whole = max(1, self.anneal_epochs)
        if self.anneal_epochs == 0 and self.last_epoch <= 0:
            return self._rates()
        before, now = (self._share((self.last_epoch - k) / whole) for k in (1, 0))
        first = [lr if before == 1 else (lr - swa * before) / (1 - before) for lr, swa in self._pairs()]
        return [start * (1 - now) + swa * now for start, swa in zip(first, self.swa_lrs, strict=True)]

    def _pairs(self) -> list[tuple[float, float]]:
        return list(zip(self._rates(), self.swa_lrs, strict=True))

    def _share(self, done: float) -> float:
        """How much of the way is gone."""
        done = max(0.0, min(1.0, done))
        return done if self.anneal_strategy == "linear" else (1 - math.cos(math.pi * done)) / 2
