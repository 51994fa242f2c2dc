"""Whole processes: importing, and from nothing to the first training step, with and without caches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..jobs import Job
from ..peers import COMPILED, EAGER
from . import Suite
from .epoch import ARTICLE
from .training import training_job


def jobs(quick: bool) -> Iterator[Job]:
    training = training_job("", ARTICLE, 32, lr=0.5, check=1, examples=3200)
    nothing = replace(training, arrays={}, expected={}, scales={}, options={"dtype": "float32"})
    yield replace(whole_process(nothing, "importing", rounds=3), name="import")
    warm = whole_process(training, "first_steps", steps=1, rounds=3)
    yield replace(warm, name="first step, caches filled")
    cold = whole_process(training, "first_steps", steps=1, cold=True, rounds=2)
    yield replace(cold, name="first step, caches empty")


def whole_process(job: Job, kind: str, *, steps: int = 0, cold: bool = False, rounds: int) -> Job:
    """The job of a process, on one thread, that does so many steps of a training job."""
    return replace(
        job,
        kind=kind,
        options={**job.options, "steps": steps, "cold": cold},
        unit="process",
        shown=(1, "process"),
        flops=0.0,
        check=1,
        limit=1,
        threads=1,
        rounds=rounds,
    )


SUITE = Suite(
    "startup",
    "From the start of a process",
    (
        COMPILED,
        EAGER,
        "numba_alone",
        "numpy_by_hand",
        "torch_eager",
        "torch_compiled",
        "jax_step",
        "pytensor_step",
        "autograd_step",
        "mygrad_step",
        "tinygrad_step",
        "sklearn_fit",
    ),
    jobs,
)
