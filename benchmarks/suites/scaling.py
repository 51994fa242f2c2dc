"""The cost of an epoch against the width of the hidden layers, and against the batch size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..jobs import Job
from ..peers import COMPILED
from . import Suite
from .epoch import ARTICLE
from .training import training_job

EXAMPLES = 1 << 14
WIDTHS = (16, 64, 256, 512, 1024, 2048)
BATCHES = (1, 8, 32, 128, 512, 4096)
_FEW = 5  # steps that are checked where the right results, in float64, take long


def jobs(quick: bool) -> Iterator[Job]:
    for width in WIDTHS[:3] if quick else WIDTHS:
        sizes = (784, width, width, 10)
        yield point(f"width {width}", sizes, 128, min(0.5, 50 / width), "784-n-n-10 at batch 128")
    for batch in BATCHES[1:4] if quick else BATCHES:
        yield point(f"batch {batch}", ARTICLE, batch, 0.5, "784-16-16-10")


def point(name: str, sizes: tuple[int, ...], batch: int, lr: float, group: str) -> Job:
    check = _FEW if sizes[1] > 256 else 20
    return replace(training_job(name, sizes, batch, lr, check=check, examples=EXAMPLES), group=group)


PEERS = (COMPILED, "numpy_by_hand", "torch_eager", "jax_scan", "pytensor_step")
SUITE = Suite("scaling", f"An epoch of {EXAMPLES:,} images", PEERS, jobs, grid=True)
