"""`tinygrad-mnist predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Parameter
from numpy.typing import NDArray

from .. import model_file
from ..errors import DataError
from ..ops import softmax
from .options import Model
from .picture_files import FORMATS, read_picture
from .pictures import as_mnist
from .terminal import say


def predict(
    model: Model,
    images: Annotated[
        tuple[Path, ...],
        Parameter(help=f".npy arrays (height, width), or {', '.join(FORMATS)} pictures (extra: image)."),
    ],
    /,
) -> None:
    """Say which digit each picture shows, and the network's outputs for it.

    Pictures of any size, dark on light or light on dark: the digit is cut out, scaled and centred
    as in MNIST; light that is uneven across a photograph is evened out. The outputs of a network
    trained by cross-entropy are shown as probabilities (softmax).
    """
    network = model_file.load(model)
    digits = np.stack([_digit(path, network.image_size) for path in images])
    outputs = network.outputs(digits)
    if network.recipe.cost == "cross-entropy":
        outputs = softmax(outputs)
    for path, values in zip(images, outputs, strict=True):
        say(f"{path}: {values.argmax()}")
        say("  " + "  ".join(f"{digit}: {value:.3f}" for digit, value in enumerate(values)))


def _digit(path: Path, size: tuple[int, int]) -> NDArray[np.uint8]:
    try:
        return as_mnist(read_picture(path), size)
    except DataError as error:
        raise DataError(f"cannot read {path}: {error}") from None
