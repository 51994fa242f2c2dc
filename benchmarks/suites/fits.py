"""Training jobs that others publish: a convolutional network, a small one on a full batch, and words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

import tinygrad_mnist as tg
from tinygrad_mnist import data, optim
from tinygrad_mnist.nn import functional

from ..jobs import Array, Job, Task
from ..peers import COMPILED, EAGER, fits
from . import Suite

BOUND = 2e-2  # of the way a parameter goes: Adam divides by what float32 knows to a few digits at first
LENET = [(6, 1, 5, 5), (6,), (16, 6, 5, 5), (16,), (120, 256), (120,), (84, 120), (84,), (10, 84), (10,)]
TANH = [(32, 4), (32,), (16, 32), (16,), (4, 16), (4,)]
WORDS, DOCUMENTS, SHARE = 20_000, 2_000, 0.01


def jobs(quick: bool) -> Iterator[Job]:
    """LeNet-5 and 4-32-16-4 on 10,000 examples (as SimpleChains.jl has them), and bags of words."""
    rng = np.random.default_rng(0)
    (images, labels), _ = data.mnist()
    pixels = (images.reshape(-1, 1, 28, 28) / np.float32(255)).astype(np.float32)
    for batch in (64,) if quick else (64, 256):
        name = f"LeNet-5, Adam, batch {batch}"
        yield fit_job(name, "lenet", LENET, pixels, labels.astype(np.int64), batch, check=3)
    x = rng.standard_normal((10_000, 4)).astype(np.float32)
    target = np.sin(x @ rng.standard_normal((4, 4))).astype(np.float32)
    yield fit_job("4-32-16-4 tanh, full batch of 10,000, Adam", "tanh", TANH, x, target, None, check=10)
    bags = (rng.random((DOCUMENTS, WORDS), np.float32) < SHARE).astype(np.float32)
    shapes = [(64, WORDS), (64,), (10, 64), (10,)]
    topics = rng.integers(0, 10, DOCUMENTS)
    yield fit_job(
        "20,000 words, 1% not zero, 64 hidden, Adam, batch 64", "words", shapes, bags, topics, 64, check=5
    )


def fit_job(
    name: str,
    network: str,
    shapes: Sequence[tuple[int, ...]],
    x: Array,
    target: Array,
    batch: int | None,
    check: int,
) -> Job:
    """Adam from normal weights; a batch of None is all examples, in their order, and a unit then an epoch."""
    rng = np.random.default_rng(1)
    start = {
        f"p{k}": (rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)
        if len(shape) > 1
        else np.zeros(shape, np.float32)
        for k, shape in enumerate(shapes)
    }
    steps = len(x) // batch if batch else 1000
    order = rng.permutation(len(x))[: steps * batch].reshape(steps, batch) if batch else np.empty((0, 0), int)
    options: dict[str, Any] = {"network": network, "parameters": len(shapes), "lr": 1e-3, "dtype": "float32"}
    options |= {"classes": target.ndim == 1, "full": batch is None}
    arrays = {"x": x, "targets": target, "order": order, **start}
    expected = _expected(Task(options, arrays, {}, ""), check)
    scales = {key: float(np.abs(expected[key] - value).max()) for key, value in start.items()}
    return Job(
        kind="fit",
        name=name,
        options=options,
        arrays=arrays,
        expected=expected,
        scales={**scales, "cost": float(expected["cost"])},
        bound=BOUND,
        check=check,
        limit=steps,
        unit="step",
        shown=(steps if batch else 1, "epoch"),
    )


def _expected(task: Task, count: int) -> dict[str, Array]:
    """The parameters and the last cost after so many steps in float64, by our own operations, one by one."""
    p = [tg.Tensor(x.astype(np.float64), requires_grad=True) for x in fits.first_parameters(task)]
    adam = optim.Adam(p, lr=task.options["lr"])
    for step in range(count):
        rows = slice(None) if task.options["full"] else task["order"][step]
        x, target = task["x"][rows].astype(np.float64), task["targets"][rows]
        target = target if task.options["classes"] else target.astype(np.float64)
        cost = fits.cost(functional, task, p, tg.Tensor(x), tg.Tensor(target))
        adam.zero_grad()
        cost.backward()
        adam.step()
    return fits.named([x.numpy() for x in p], cost.item())


SUITE = Suite(
    "fits",
    "Training jobs that others publish",
    (COMPILED, EAGER, "scipy_sparse", "torch_eager", "torch_compiled", "jax_step", "jax_scan"),
    jobs,
)
