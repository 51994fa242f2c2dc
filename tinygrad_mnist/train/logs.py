"""Telling the numbers of a training to a log: lines of JSON in a file, or any function (values, step).

What trackers want is made of their own objects in `tinygrad_mnist.interop`.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from .. import writing
from ..errors import DataError
from .checkpoints import CheckpointWarning
from .history import EpochRecord

__all__ = ["JsonLines", "Log"]

#: Numbers by name, and how many steps were done when they were measured.
Log: TypeAlias = Callable[[Mapping[str, float], int], None]


class JsonLines:
    """Appends a line {"step": ..., name: number, ...} to a file at each call, null for what is not finite.

    A line that cannot be written is reported by a CheckpointWarning: no training ends because of its log.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def __call__(self, values: Mapping[str, float], step: int) -> None:
        """Append the line."""
        finite = {k: v if abs(v) < float("inf") else None for k, v in values.items()}
        try:
            writing.append(self.path, json.dumps({"step": step, **finite}) + "\n")
        except DataError as error:
            warnings.warn(str(error), CheckpointWarning, stacklevel=2)


def log_of(log: Log | str | os.PathLike[str] | None) -> Log | None:
    """A path becomes a file of JSON lines."""
    return log if log is None or callable(log) else JsonLines(log)


def numbers_of(record: EpochRecord) -> dict[str, float]:
    """What was measured of an epoch, by name."""
    return {name: float(value) for name, value in vars(record).items() if value is not None}
