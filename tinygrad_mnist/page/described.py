"""What the page is told of a network: words as JSON, numbers as bytes."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import __version__
from ..errors import DataError
from ..nn import Linear
from ..train import RECIPES, Recipe, TrainedNetwork
from ..train.choices import ACTIVATIONS

SIDE = 28


def description(network: TrainedNetwork) -> dict[str, Any]:
    """The network in words: layer sizes, activations, cost, and what its model file says.

    Raises DataError for a network that does not read 28 x 28 pixels or give ten outputs.
    """
    if network.image_size != (SIDE, SIDE) or network.classes != 10:
        height, width = network.image_size
        raise DataError(
            f"the page shows networks that read digits of {SIDE} x {SIDE} pixels; this one reads "
            f"{height} x {width} and has {network.classes} outputs"
        )
    recipe = network.recipe
    if not isinstance(recipe, Recipe):
        raise DataError("the page shows networks that were trained by a recipe; this one was saved without")
    return {
        "sizes": [SIDE * SIDE, *recipe.hidden, network.classes],
        "activation": recipe.activation,
        "output": recipe.output,
        "cost": recipe.cost,
        "scale": recipe.scale,
        "names": [name for name, layer in network.model.named_modules() if isinstance(layer, Linear)],
        "contents": {
            "version": __version__,
            "image_size": network.image_size,
            "classes": network.classes,
            "recipe": dataclasses.asdict(recipe),
            "history": network.history.to_dict(times=False),
        },
    }


def choices() -> dict[str, list[str]]:
    """What can be chosen for a training: names of recipes and activations."""
    return {"recipes": list(RECIPES), "activations": list(ACTIVATIONS)}


def parameters(network: TrainedNetwork) -> bytes:
    """All numbers, float32 in the machine's (little-endian) order: each layer's weights, then its biases."""
    layers = [layer for _, layer in network.model.named_modules() if isinstance(layer, Linear)]
    arrays = [part.numpy() for layer in layers for part in (layer.weight, layer.bias) if part is not None]
    return b"".join(np.ascontiguousarray(array, "<f4").tobytes() for array in arrays)


def samples(images: NDArray[np.uint8], labels: NDArray[np.int64], count: int) -> bytes:
    """The first so many images as the page reads them: all labels, a byte each, then the pixels.

    Raises DataError for images of another size.
    """
    if images.shape[1:] != (SIDE, SIDE):
        raise DataError(f"the page shows images of {SIDE} x {SIDE} pixels, these have {images.shape[1:]}")
    return labels[:count].astype(np.uint8).tobytes() + images[:count].tobytes()
