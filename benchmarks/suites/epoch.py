"""One training epoch: the article's network at three batch sizes, and larger ones."""

from __future__ import annotations

from collections.abc import Iterator

from ..jobs import Job
from ..peers import COMPILED, EAGER
from . import Suite
from .training import training_job

ARTICLE = (784, 16, 16, 10)


def jobs(quick: bool) -> Iterator[Job]:
    for batch in (32,) if quick else (10, 32, 128):
        yield training_job(f"784-16-16-10, batch {batch}", ARTICLE, batch, lr=0.5)
    if not quick:
        yield training_job("784-100-10, batch 128", (784, 100, 10), 128, lr=0.5)
        yield training_job("784-256-256-10, batch 128", (784, 256, 256, 10), 128, lr=0.2, check=20)
        yield training_job("784-1024-1024-10, batch 128", (784, 1024, 1024, 10), 128, lr=0.1, check=10)
        softmax = "784-100-10 with ReLU and cross-entropy"
        yield training_job(f"{softmax}, batch 128", (784, 100, 10), 128, lr=0.1, classifier=True)
        adam = f"{softmax}, Adam, batch 64"
        yield training_job(adam, (784, 100, 10), 64, lr=1e-3, classifier=True, adam=True)


SUITE = Suite(
    "epoch",
    "One training epoch on MNIST",
    (
        COMPILED,
        EAGER,
        "numpy_by_hand",
        "torch_eager",
        "torch_compiled",
        "jax_step",
        "jax_scan",
        "pytensor_step",
        "autograd_step",
        "mygrad_step",
        "tinygrad_step",
        "sklearn_fit",
    ),
    jobs,
)
