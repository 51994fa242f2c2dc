"""One prediction of the article's network: an image as an array in, ten outputs as an array out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tinygrad_mnist import data

from ..jobs import Job
from ..peers import COMPILED, EAGER
from . import Suite
from .calls import BOUNDS
from .epoch import ARTICLE
from .training import first_parameters, forward


def jobs(quick: bool) -> Iterator[Job]:
    (images, _), _ = data.mnist()
    x = images[:1].reshape(1, -1).astype(np.float32) / np.float32(255)
    p = first_parameters(ARTICLE, np.random.default_rng(0))
    y = forward({name: v.astype(np.float64) for name, v in p.items()}, x.astype(np.float64), False)[-1]
    yield Job(
        kind="predict",
        name="one image through 784-16-16-10",
        options={"sizes": list(ARTICLE), "classifier": False, "dtype": "float32"},
        arrays={"x": x, **p},
        expected={"y": y},
        scales={"y": float(np.abs(y).max())},
        bound=BOUNDS["float32"],
        seconds=0.05,
    )


SUITE = Suite(
    "latency",
    "One prediction",
    (
        COMPILED,
        EAGER,
        "numpy_by_hand",
        "torch_eager",
        "torch_compiled",
        "jax_step",
        "pytensor_step",
        "onnx_model",
    ),
    jobs,
)
