"""Ending a training when it has stopped getting better."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal, get_args

from .history import EpochRecord

__all__ = ["EarlyStopping"]

Monitored = Literal["cost", "accuracy", "validation_cost", "validation_accuracy"]


@dataclasses.dataclass(frozen=True)
class EarlyStopping:
    """Stop after so many epochs in a row that were not better than the best before them.

    Attributes:
        patience: how many such epochs; at least 1.
        min_delta: by how much an epoch must be better to count as better; from 0 up.
        monitor: what is compared: a cost should fall, an accuracy rise.
        restore_best: whether the model gets the parameters back that it had after the best epoch.

    Raises ValueError for settings out of range.
    """

    patience: int = 10
    min_delta: float = 0.0
    monitor: Monitored = "validation_cost"
    restore_best: bool = True

    def __post_init__(self) -> None:
        if self.patience < 1 or not self.min_delta >= 0:
            raise ValueError(
                "EarlyStopping: patience must be at least 1 and min_delta at least 0, "
                f"not {self.patience} and {self.min_delta}"
            )
        if self.monitor not in get_args(Monitored):
            raise ValueError(
                f"EarlyStopping: monitor is one of {', '.join(get_args(Monitored))}, not {self.monitor!r}"
            )

    def best(self, epochs: Sequence[EpochRecord]) -> int:
        """The place of the best epoch; ValueError if what is monitored was not measured."""
        sign = -1.0 if self.monitor.endswith("cost") else 1.0
        place, best = 0, float("-inf")
        for i, record in enumerate(epochs):
            value = getattr(record, self.monitor)
            if value is None:
                raise ValueError(
                    f"EarlyStopping watches the {self.monitor.replace('_', ' ')}, which is not measured: "
                    "give `fit` validation examples, or watch another number"
                )
            if sign * value > best + self.min_delta:
                place, best = i, sign * value
        return place

    def is_over(self, epochs: Sequence[EpochRecord]) -> bool:
        """Whether the training has stopped getting better."""
        return len(epochs) - 1 - self.best(epochs) >= self.patience
