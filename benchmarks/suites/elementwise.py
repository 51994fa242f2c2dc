"""Sigmoid, exp, tanh and softmax on arrays that fit the innermost cache and on arrays that do not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..jobs import Array, Job
from ..peers import EAGER
from . import Suite
from .calls import call_job

SHAPES = {"512 numbers": (1, 512), "1M numbers": (1024, 1024)}


def jobs(quick: bool) -> Iterator[Job]:
    for size, shape in SHAPES.items():
        x = (3 * np.random.default_rng(0).standard_normal(shape)).astype(np.float32)
        for function in ("sigmoid", "exp", "tanh", "softmax"):
            yield call_job(
                function,
                function,
                {"x": x},
                right(function, x.astype(np.float64)),
                group=size,
                threads=1,
                bytes=2.0 * x.nbytes,
                seconds=0.02 if x.size < 1000 else 0.05,
            )


def right(function: str, x: Array) -> Array:
    """The function in float64."""
    if function == "sigmoid":
        y: Array = 1 / (1 + np.exp(-x))
    elif function == "softmax":
        y = np.exp(x - x.max(-1, keepdims=True))
        y /= y.sum(-1, keepdims=True)
    else:
        y = {"exp": np.exp, "tanh": np.tanh}[function](x)
    return y


SUITE = Suite(
    "elementwise",
    "Functions of every number of an array, one thread",
    (EAGER, "numpy_by_hand", "torch_eager", "jax_step"),
    jobs,
    grid=True,
)
