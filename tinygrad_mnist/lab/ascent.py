"""Gradient ascent on the input: the network stays as it is, the image changes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..core.autodiff import grad
from ..core.generator import Generator
from ..core.modes import no_grad
from ..core.tensor import Tensor
from ..errors import DataError
from ..nn import Module, Parameter
from ..optim import Adam, schedules
from ..train import TrainedNetwork
from .answers import Answers, answers, log_confidence

__all__ = ["Drawings", "ascend", "draw", "excite", "mean_images", "roughness"]

#: Inputs (N, ...) -> how much is wanted of each, (N,).
Objective: TypeAlias = Callable[[Tensor], Tensor]

_RATE = 0.05  # of the white level, per step at first


def ascend(objective: Objective, start: Any, *, white: float = 1.0, steps: int = 300) -> NDArray[Any]:
    """Inputs that score high, found by gradient ascent (Adam) within 0 to `white`.

    Args:
        objective: scores each input by itself, so that one gradient serves all of them.
        start: (N, ...), where to begin.
        white: the largest value of a pixel; after each step pixels beyond it, or below 0, are put
            back.
        steps: how many; the rate falls linearly from `white` / 20 to 0.

    Returns:
        (N, ...), where each ended.
    """
    inputs = Parameter(np.asarray(start, np.float32))
    optimiser = Adam([inputs], lr=schedules.linear(_RATE * white, steps))
    descent = grad(lambda x: -objective(x).sum())  # leaves the gradients of the network's parameters alone
    for _ in range(steps):
        inputs.grad = descent(inputs).detach()
        optimiser.step()
        with no_grad():
            inputs.assign_(inputs.clamp(0.0, white))
    return inputs.numpy().copy()


@dataclasses.dataclass(frozen=True)
class Drawings:
    """What a network would like to see.

    Attributes:
        images: float (classes, height, width) of 0 to 255, the drawing of each class in turn.
        answers: what the network makes of them.
    """

    images: NDArray[Any]
    answers: Answers


def draw(network: TrainedNetwork, *, naturalness: float = 0.0, steps: int = 300, seed: int = 0) -> Drawings:
    """An image of each class that the network is as sure of as can be found.

    Ascends the logarithm of the wanted output, from faint noise. With a naturalness the drawing is to be
    smooth and sparing with ink too, as handwriting is: of the logarithm is taken off naturalness
    times (`roughness` plus half the mean square of the pixels, white being 1).

    Args:
        network: a trained network.
        naturalness: 0 for none; at about 100 the drawings are smooth strokes.
        steps: of ascent.
        seed: of the noise.
    """
    height, width = network.image_size
    classes, white = network.classes, network.recipe.input_scale
    own = np.eye(classes, dtype=np.float32)

    def objective(inputs: Tensor) -> Tensor:
        sure = (log_confidence(network, network.model(inputs)) * own).sum(1)
        if not naturalness:
            return sure
        pixels = inputs.reshape(classes, height, width) / white
        return sure - naturalness * (roughness(pixels) + pixels.square().mean((1, 2)) / 2)

    start = Generator(seed).uniform((classes, height * width), 0.0, 0.1 * white)
    images = ascend(objective, start, white=white, steps=steps) * (255 / white)
    images = images.reshape(classes, height, width)
    return Drawings(images, answers(network, images))


def roughness(pixels: Tensor) -> Tensor:
    """The mean squared difference of neighbouring pixels of each image (N, height, width); (N,)."""
    across = (pixels[:, :, 1:] - pixels[:, :, :-1]).square().sum((1, 2))
    down = (pixels[:, 1:] - pixels[:, :-1]).square().sum((1, 2))
    _, height, width = pixels.shape
    return (across + down) / max(height * (width - 1) + (height - 1) * width, 1)


def excite(model: Module, layer: str, inputs: int, *, white: float = 1.0, steps: int = 300) -> NDArray[Any]:
    """The inputs that excite each neuron of a layer most, all pixels within 0 to `white`.

    Args:
        model: takes (N, inputs).
        layer: the name of a module inside it, as in `trace`, that gives (N, neurons).
        inputs: how many the model has.
        white, steps: as in `ascend`; the start is half of white.

    Returns:
        (neurons, inputs). Raises DataError for a layer that the model does not have.
    """
    half = np.full((1, inputs), white / 2, np.float32)
    with no_grad():
        found = model.trace(Tensor(half))
    if layer not in found:
        raise DataError(f"excite: the model has no layer {layer!r}; it has {', '.join(found)}")
    neurons = found[layer].shape[1]
    own = np.eye(neurons, dtype=np.float32)
    return ascend(
        lambda x: (model.trace(x)[layer] * own).sum(1), np.repeat(half, neurons, 0), white=white, steps=steps
    )


def mean_images(images: NDArray[Any], labels: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """The mean of each class's images, (classes, height, width); zeros for a class without any."""
    means = np.zeros((classes, *images.shape[1:]))
    for k in range(classes):
        if (labels == k).any():
            means[k] = images[labels == k].mean(0)
    return means
