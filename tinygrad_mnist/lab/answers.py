"""A trained network's answers on a common scale, and its examples as the other functions here take them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.tensor import Tensor
from ..errors import DataError
from ..ops import log_softmax, softmax
from ..train import TrainedNetwork
from .surface import Data

__all__ = ["Answers", "answers", "examples", "log_confidence"]


@dataclasses.dataclass(frozen=True)
class Answers:
    """What a network makes of some images.

    Attributes:
        outputs: (N, classes), how sure it is of each class; 1 is what it was trained to say. The
            outputs themselves, or their softmax where a network trained by cross-entropy gives
            logits.
    """

    outputs: NDArray[Any]

    @property
    def classes(self) -> NDArray[np.int64]:
        """(N,), the classes with the largest outputs: the answers."""
        return self.outputs.argmax(1)

    @property
    def confidence(self) -> NDArray[Any]:
        """(N,), the largest output of each: how sure the network is of its answer."""
        return self.outputs.max(1)

    def sure(self, threshold: float) -> float:
        """Share of the images, 0 to 1, with a confidence above a threshold."""
        return float((self.confidence > threshold).mean())


def answers(network: TrainedNetwork, images: NDArray[Any]) -> Answers:
    """What a network makes of images (N, height, width) of 0 to 255; DataError for another size."""
    outputs = network.outputs(images)
    return Answers(softmax(outputs) if _gives_logits(network) else outputs)


def examples(network: TrainedNetwork, images: NDArray[Any], labels: NDArray[np.int64]) -> Data:
    """Images (N, height, width) of 0 to 255 and labels (N,) as the inputs and targets of a network.

    Raises DataError for images of another size, or a label that the network has no output for.
    """
    if images.shape[1:] != network.image_size:
        expected, got = (" x ".join(map(str, size)) for size in (network.image_size, images.shape[1:]))
        raise DataError(f"the network reads images of {expected} pixels, these have {got}")
    if labels.max(initial=0) >= network.classes:
        raise DataError(f"the network has {network.classes} outputs, but there is a label {labels.max()}")
    rows = images.reshape(len(images), -1).astype(np.float32) * np.float32(network.recipe.scale)
    return rows, network.recipe.targets(labels, network.classes).numpy()


def log_confidence(network: TrainedNetwork, outputs: Tensor) -> Tensor:
    """The logarithm of `Answers.outputs`, with derivatives; from the network's outputs (N, classes)."""
    return log_softmax(outputs) if _gives_logits(network) else outputs.maximum(1e-30).log()


def _gives_logits(network: TrainedNetwork) -> bool:
    return network.recipe.cost == "cross-entropy" and network.recipe.output == "none"
