"""What the commands of the lab have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import numpy as np
from cyclopts import Parameter

from ... import data as datasets
from ... import lab, model_file
from ...lab import CostSurface
from ...train import TrainedNetwork

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


def surface_of(
    network: TrainedNetwork, data: Path | None, count: int, dtype: Any = np.float64
) -> CostSurface:
    """The cost of a network over the first training images; DataError where they do not fit it."""
    return lab.CostSurface(
        network.model, network.recipe.cost_function, examples(network, data, count), dtype=dtype
    )


def examples(network: TrainedNetwork, data: Path | None, count: int) -> tuple[Any, Any]:
    """Inputs and targets of the first training images; DataError where they do not fit the network."""
    (images, labels), _ = datasets.mnist(data)
    return lab.examples(network, images[: max(count, 1)], labels[: max(count, 1)])


def unseen(data: Path | None) -> tuple[Any, Any]:
    """The test images and their labels."""
    return datasets.mnist(data)[1]


def load(path: Path, figure: Path | None) -> TrainedNetwork:
    """The model; first of all MissingExtraError if a figure is wanted that cannot be drawn."""
    if figure is not None:
        lab.figures.require_matplotlib()
    return model_file.load(path)


def save(figure: Figure, path: Path) -> None:
    """Write a figure, and say so."""
    lab.figures.save(figure, path)
    print(f"figure saved to {path}")
