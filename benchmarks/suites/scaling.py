"""The cost of an epoch against the width of the hidden layers, and against the batch size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..jobs import Job
from ..peers import COMPILED, EAGER
from . import Suite
from .training import training_job

EXAMPLES = 12_800


def jobs(quick: bool) -> Iterator[Job]:
    for width in (16, 64, 256, 1024):
        lr = min(0.5, 50 / width)
        sizes = (784, width, width, 10)
        yield point(f"width {width}", sizes, 32, lr, "784-n-n-10 at batch 32")
    for batch in (1, 8, 64, 512):
        yield point(f"batch {batch}", (784, 16, 16, 10), batch, 0.5, "784-16-16-10")


def point(name: str, sizes: tuple[int, ...], batch: int, lr: float, group: str) -> Job:
    job = training_job(name, sizes, batch, lr, check=20, examples=EXAMPLES)
    return replace(job, group=group)


PEERS = (COMPILED, EAGER, "numpy_by_hand", "torch_eager", "jax_scan", "pytensor_step")
SUITE = Suite("scaling", f"An epoch of {EXAMPLES} images", PEERS, jobs, grid=True)
