"""The page as one file that opens from the disk."""

from __future__ import annotations

import base64
import os

from .. import data as datasets, writing
from ..data.digits import Examples
from ..train import TrainedNetwork
from .assets import single
from .described import choices, description, parameters, samples

_SAMPLES = 100  # test images in it


def html(network: TrainedNetwork, test: Examples | None = None) -> str:
    """The page of one network: drawing, looking inside, the way back, fooling and breaking it.

    Args:
        network: one that reads 28 x 28 pixels and has ten outputs.
        test: images (N, 28, 28) and labels (N,) to choose from; the first 100 go into the page. None
            takes MNIST's.

    Raises DataError for a network or images of another size.
    """
    images, labels = test or datasets.mnist()[1]
    count = min(len(images), _SAMPLES)
    return single(
        {
            **description(network),
            "choices": choices(),
            "samples_count": count,
            "samples": base64.b64encode(samples(images, labels, count)).decode(),
            "parameters": base64.b64encode(parameters(network)).decode(),
        }
    )


def write(path: str | os.PathLike[str], network: TrainedNetwork, test: Examples | None = None) -> None:
    """Write `html(network, test)` to a file, whole or not at all; DataError where that is not possible."""
    writing.write(path, html(network, test).encode())
