"""What training reported, epoch by epoch, and its form as JSON."""

from __future__ import annotations

import dataclasses
import json
import sys
from typing import Any

from ..errors import DataError
from .curve import curve

__all__ = ["EpochRecord", "History"]


@dataclasses.dataclass(frozen=True)
class EpochRecord:
    """One epoch of training.

    Attributes:
        epoch: its number, from 1.
        cost: mean over the training examples, each measured just before the step that used it.
        accuracy: share, 0 to 1, of those examples whose largest output was the right one; None where the
            targets are no classes.
        rate: learning rate of the epoch's first step.
        validation_cost: mean over the validation examples after the epoch; None without any.
        validation_accuracy: share of them that was right; None without any.
        seconds: time the steps took, validation not included; None if not kept.
        images_per_second: examples trained on in each of these seconds; None if not kept.
    """

    epoch: int
    cost: float
    accuracy: float | None
    rate: float
    validation_cost: float | None = None
    validation_accuracy: float | None = None
    seconds: float | None = None
    images_per_second: float | None = None


@dataclasses.dataclass
class History:
    """All epochs that were finished, in order, and how it ended.

    Attributes:
        epochs: a record of each.
        interrupted: whether the training was interrupted after them.
        stopped: whether it was stopped before its last epoch, because it did not get better or a listener
            said so.
    """

    epochs: list[EpochRecord] = dataclasses.field(default_factory=list)
    interrupted: bool = False
    stopped: bool = False

    def to_json(self, *, times: bool = True) -> str:
        """The history as a JSON object; without `times` it depends on the training alone."""
        return json.dumps(self.to_dict(times=times), allow_nan=False)

    def to_dict(self, *, times: bool = True) -> dict[str, Any]:
        """What `to_json` writes, as dicts and lists."""
        records = self.epochs if times else [_timeless(record) for record in self.epochs]
        return {
            "interrupted": self.interrupted,
            "stopped": self.stopped,
            "epochs": [dataclasses.asdict(record) for record in records],
        }

    def _repr_html_(self) -> str:
        """What a notebook shows: the curve of cost and accuracy."""
        ended = "interrupted" if self.interrupted else "stopped" if self.stopped else "finished"
        text = f"{len(self.epochs)} epochs, {ended}"
        return f"{curve(self.epochs)}<div>{text}</div>" if self.epochs else f"<div>{text}</div>"

    @classmethod
    def from_json(cls, text: str) -> History:
        """The history that `to_json` wrote; DataError for any other text."""
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DataError(f"a training history is not JSON: {error}") from None
        return cls.from_dict(values)

    @classmethod
    def from_dict(cls, values: Any) -> History:
        """The history that `to_dict` gave; DataError for anything else."""
        try:
            epochs = [_checked(EpochRecord(**record)) for record in values["epochs"]]
            interrupted, stopped = values["interrupted"], values.get("stopped", False)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DataError(f"a training history is damaged: {error}") from None
        first = epochs[0].epoch if epochs else 1
        if first < 1 or [record.epoch for record in epochs] != [first + i for i, _ in enumerate(epochs)]:
            raise DataError("a training history is damaged: its epochs are not numbered one by one")
        return cls(epochs, bool(interrupted), bool(stopped))


def _timeless(record: EpochRecord) -> EpochRecord:
    return dataclasses.replace(record, seconds=None, images_per_second=None)


def _checked(record: EpochRecord) -> EpochRecord:
    for name, value in vars(record).items():
        optional = name not in ("epoch", "cost", "rate")
        number = isinstance(value, int | float) and not isinstance(value, bool)
        number = number and abs(value) <= sys.float_info.max  # a whole number may be of any size
        if not (number or (optional and value is None)):
            raise ValueError(f"{name} is {value!r}, not a finite number")
    return record
