"""What is measured: a job is one piece of work, described once and the same for every peer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Settings = dict[str, Any]


class Skip(Exception):
    """A peer cannot do a job, or does not do the same work; the message says why."""


@dataclass(frozen=True)
class Job:
    """One piece of work.

    Attributes:
        kind: the name of the function of a peer's module that prepares it.
        name: what people call it.
        options, arrays: everything a peer needs to know.
        expected: the right results after the first `check` units, in float64.
        scales: per result, the size that errors are measured against.
        bound: largest error, relative to the scale, with which a peer may take part.
        limit: most units in one timed round.
        unit: name of a unit: "step" or "call".
        shown: (factor, name): results are shown for so many units together, such as (1875, "epoch").
        flops: of one unit; a multiply-add counts as two. 0 if there is nothing to count.
        bytes: read and written at least, in one unit. 0 if there is nothing to count.
        quantity: what is measured, "s" or "bytes".
        group: jobs of one group are summed up by a geometric mean.
        threads: the number of threads, if it is part of the job rather than left to the peer.
        seconds, rounds: length of a peer's share of a round, and how many rounds, if not as planned.
    """

    kind: str
    name: str
    options: dict[str, Any]
    arrays: Mapping[str, Array]
    expected: Mapping[str, Array]
    scales: Mapping[str, float]
    bound: float
    check: int = 1
    limit: int = 10**6
    unit: str = "call"
    shown: tuple[int, str] = (1, "call")
    flops: float = 0.0
    bytes: float = 0.0
    quantity: str = "s"
    group: str = ""
    threads: int | None = None
    seconds: float | None = None
    rounds: int | None = None

    def save(self, folder: Path) -> None:
        """Write what a peer needs; the expected results stay here."""
        folder.mkdir(parents=True)
        (folder / "options.json").write_text(json.dumps(self.options))
        for name, array in self.arrays.items():
            np.save(folder / f"{name}.npy", array)


@dataclass(frozen=True)
class Task:
    """A job as a peer sees it: options, arrays, and the settings it should try."""

    options: dict[str, Any]
    arrays: dict[str, Array]
    settings: Settings
    folder: str

    @classmethod
    def load(cls, folder: Path, settings: Settings) -> Task:
        """Read what `Job.save` wrote: arrays that nobody else holds, as an optimisation may ask for."""
        options = json.loads((folder / "options.json").read_text())
        return cls(
            options, {path.stem: np.load(path) for path in folder.glob("*.npy")}, settings, str(folder)
        )

    def __getitem__(self, name: str) -> Array:
        return self.arrays[name]


class Work(Protocol):
    """What a peer prepares for a task. Only `run` is timed."""

    def reset(self) -> None:
        """Back to the start: first weights."""

    def run(self, first: int, count: int) -> None:
        """Do `count` units beginning with unit `first`, and have finished on return."""

    def result(self) -> dict[str, Array]:
        """The results of the last run, named as the job's expected ones."""


def error_of(job: Job, result: Mapping[str, Array]) -> float:
    """The largest error of a result relative to its scale.

    Raises Skip, saying what is wrong, if results are missing, misshaped, of another precision, or
    beyond the job's bound: such a peer does other work, and timing it would compare unlike things.
    """
    worst = 0.0
    for name, wanted in job.expected.items():
        got = result.get(name)
        if got is None:
            raise Skip(f"refused: {name} is missing")
        if got.shape != wanted.shape:
            raise Skip(f"refused: {name} has the shape {got.shape}, not {wanted.shape}")
        if got.dtype != job.options["dtype"]:
            raise Skip(f"refused: {name} is {got.dtype}, not {job.options['dtype']}")
        error = float(np.max(np.abs(got - wanted), initial=0.0)) / job.scales[name]
        if not error <= job.bound:
            raise Skip(f"refused: {name} is off by {error:.1e} of its scale, the bound is {job.bound:.0e}")
        worst = max(worst, error)
    return worst
