"""What the machine can do at most: arithmetic on registers, and copying memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .. import peak
from ..jobs import Job
from . import Suite


def jobs(quick: bool) -> Iterator[Job]:
    for dtype in (np.float32, np.float64):
        yield Job(
            kind="multiply_adds",
            name=f"multiply-adds, {dtype.__name__}",
            group="arithmetic",
            options={"dtype": dtype.__name__},
            arrays={"x": np.array(0.5, dtype)},
            expected={},
            scales={},
            bound=0.0,
            threads=1,
            flops=peak.flops(np.dtype(dtype).itemsize),
            seconds=0.02,
        )
    for size in (512, 2**20):
        x = np.ones(size, np.float32)
        yield Job(
            kind="copy",
            name=f"{x.nbytes // 1024} KiB",
            group="copying",
            options={"dtype": "float32"},
            arrays={"x": x},
            expected={"y": x},
            scales={"y": 1.0},
            bound=0.0,
            threads=1,
            bytes=2.0 * x.nbytes,
            seconds=0.02,
        )


SUITE = Suite("roofs", "What one core can do at most", ("hardware",), jobs, grid=True)
