"""What the commands of the lab have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import numpy as np
from cyclopts import Parameter

from ... import data as datasets, lab, model_file, writing
from ...errors import DataError
from ...lab import CostSurface
from ...train import TrainedNetwork
from ..terminal import say

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Drawing: TypeAlias = Annotated[
    Path | None, Parameter(name="--figure", help="File for a figure: .png, .svg or .pdf (extra: plot).")
]
Count: TypeAlias = Annotated[
    int,
    Parameter(name="--examples", help="How many of the training images to average over.", show_default=True),
]
Seed: TypeAlias = Annotated[int, Parameter(help="Of what is drawn at random.", show_default=True)]


def surface_of(network: TrainedNetwork, data: Path | None, count: int) -> CostSurface:
    """The cost of a network over the first training images; DataError where they do not fit it."""
    first = first_examples(network, data, count)
    return lab.CostSurface(network.model, network.recipe.cost_function, first, dtype=np.float32)


def first_examples(network: TrainedNetwork, data: Path | None, count: int) -> tuple[Any, Any]:
    """Inputs and targets of the first training images; DataError where they do not fit the network."""
    if count < 1:
        raise DataError(f"there must be at least one example, not {count}")
    (images, labels), _ = datasets.mnist(data)
    return lab.examples(network, images[:count], labels[:count])


def one_example(network: TrainedNetwork, examples: tuple[Any, Any], position: int) -> tuple[Any, Any]:
    """Inputs and targets of one image and its label; DataError if there is none at that position."""
    images, labels = examples
    if not 0 <= position < len(images):
        raise DataError(f"there is no image {position}: they are numbered 0 to {len(images) - 1}")
    return lab.examples(network, images[position : position + 1], labels[position : position + 1])


def unseen(data: Path | None) -> tuple[Any, Any]:
    """The test images and their labels."""
    return datasets.mnist(data)[1]


def load(path: Path, figure: Path | None) -> TrainedNetwork:
    """The model; first of all an error if a figure is wanted that cannot be drawn or written."""
    if figure is not None:
        lab.figures.require_matplotlib()
        lab.figures.check_ending(figure)
        writing.check_place(figure)
    return model_file.load(path)


def save(figure: Figure, path: Path) -> None:
    """Write a figure, and say so."""
    lab.figures.save(figure, path)
    say(f"figure saved to {path}")
