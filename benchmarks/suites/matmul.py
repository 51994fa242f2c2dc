"""Matrix products: squares, and the skinny shapes of the networks of the training suite."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from .. import machine
from ..jobs import Array, Job
from ..peers import EAGER
from . import Suite
from .calls import call_job

NETWORKS = ((784, 16, 16, 10), (784, 100, 10), (784, 256, 256, 10), (784, 1024, 1024, 10))
FORWARD, WEIGHT, INPUT = "x @ W.T", "d.T @ x", "d @ W"


def jobs(quick: bool) -> Iterator[Job]:
    sizes = (64, 512, 1024) if quick else (16, 32, 64, 128, 256, 512, 1024, 2048)
    for dtype in ("float32",) if quick else ("float32", "float64"):
        for threads in (1,) if quick else sorted({1, machine.cores()}):
            for n in sizes:
                yield square(n, dtype, threads)
    networks = NETWORKS[:1] if quick else NETWORKS
    layers = sorted({layer for network in networks for layer in pairwise(network)})
    for threads in (1,) if quick else sorted({1, machine.cores()}):
        for batch in (32,) if quick else (10, 32, 128):
            for n_in, n_out in layers:
                for form in (FORWARD, WEIGHT, INPUT):
                    if form != INPUT or n_in != 784:  # nobody needs gradients of the images
                        yield skinny(form, batch, n_in, n_out, threads)


def square(n: int, dtype: str, threads: int) -> Job:
    a, b = random((n, n), dtype, 1), random((n, n), dtype, 2)
    group = f"squares, {dtype}, {threads} thread{'s' * (threads > 1)}"
    return product(f"{n}", group, a, b, (False, False), threads)


def skinny(form: str, batch: int, n_in: int, n_out: int, threads: int) -> Job:
    """One of the three products of a layer."""
    x, d, w = random((batch, n_in), seed=1), random((batch, n_out), seed=2), random((n_out, n_in), seed=3)
    a, b, transposed = {
        FORWARD: (x, w, (False, True)),
        WEIGHT: (d, x, (True, False)),
        INPUT: (d, w, (False, False)),
    }[form]
    group = f"layers, {form}, {threads} thread{'s' * (threads > 1)}"
    return product(f"{n_in} to {n_out}, batch {batch}", group, a, b, transposed, threads)


def product(name: str, group: str, a: Array, b: Array, transposed: tuple[bool, bool], threads: int) -> Job:
    left, right = a.T if transposed[0] else a, b.T if transposed[1] else b
    expected = left.astype(np.float64) @ right.astype(np.float64)
    return call_job(
        name,
        "matmul",
        {"a": a, "b": b},
        expected,
        transposed=transposed,
        group=group,
        threads=threads,
        flops=2.0 * left.shape[0] * left.shape[1] * right.shape[1],
        seconds=0.02,
    )


def random(shape: tuple[int, int], dtype: str = "float32", seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


SUITE = Suite("matmul", "Matrix products", (EAGER, "numpy_by_hand", "torch_eager"), jobs, grid=True)
