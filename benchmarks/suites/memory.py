"""The most memory a process has while it trains, images included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..jobs import Job
from . import Suite, startup
from .epoch import ARTICLE
from .training import training_job


def jobs(quick: bool) -> Iterator[Job]:
    yield measured(training_job("784-16-16-10, batch 32", ARTICLE, 32, lr=0.5, check=100))
    wide = (784, 1024, 1024, 10)
    yield measured(training_job("784-1024-1024-10, batch 128", wide, 128, lr=0.1, check=10))


def measured(training: Job) -> Job:
    """The job of a process that does the checked steps of a training job."""
    job = startup.whole_process(training, "memory", steps=training.check, rounds=1)
    return replace(job, quantity="bytes")


PEERS = tuple(name for name in startup.SUITE.peers if name != "numba_alone")
SUITE = Suite("memory", "Peak memory of a training process", PEERS, jobs)
