"""The commands about weights: `lab importance`, `lab patterns`, `lab excite`."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from cyclopts import Parameter

from ... import data as datasets, lab
from ...core.generator import Generator
from ...core.tensor import Tensor
from ...errors import DataError
from ..options import Data, Model
from ..tables import show
from .options import Count, Drawing, Seed, first_examples, load, one_example, save

_RANDOM = 200


def importance(
    model: Model,
    /,
    *,
    data: Data = None,
    examples: Count = 20_000,
    top: Annotated[
        int, Parameter(help="How many weights to nudge, and as many at random.", show_default=True)
    ] = 10,
    example: Annotated[
        int | None, Parameter(help="The one training image, from 0, to ask what it wants.")
    ] = None,
    seed: Seed = 0,
    figure: Drawing = None,
) -> None:
    """Rank weights and biases by how much they matter to the cost, and test the ranking by nudging them."""
    network = load(model, figure)
    if example is None:
        chosen = first_examples(network, data, examples)
    else:
        chosen = one_example(network, datasets.mnist(data)[0], example)
    found = lab.importance(network.model, network.recipe.cost_function, chosen)
    show(
        f"cost {found.cost:.5f}, gradient of length {np.linalg.norm(found.gradient):.3g}",
        ("parameter", "numbers", "length of its gradient", "share of the square"),
        [
            (part.name, f"{part.count:,}", f"{part.norm:.3g}", f"{part.share:.1%}")
            for part in found.parameters()
        ],
    )
    show(
        "the neurons that matter most",
        ("neuron", "length of its gradient", "share of the square"),
        [(part.name, f"{part.norm:.3g}", f"{part.share:.1%}") for part in found.neurons()[: max(top, 1)]],
    )
    moving = found.measurable()
    if not len(moving):
        raise DataError("no single weight or bias changes the cost measurably: there is nothing to nudge")
    best = found.nudged(moving[: max(top, 1)])
    random = found.nudged(moving[Generator(seed).permutation(len(moving)).numpy()[: max(top, 1)]])
    for nudges, name in ((best, "the highest ranked"), (random, "random ones")):
        rows = zip(nudges.positions.tolist(), nudges.predicted, nudges.measured)
        show(
            f"{name}, each changed by {nudges.size:g}: the cost changes by",
            ("weight or bias", "predicted", "measured"),
            [(found.surface.name(i), f"{p:+.4e}", f"{m:+.4e}") for i, p, m in rows],
        )
    if figure is not None:
        save(lab.figures.importance(found, best, random), figure)


def patterns(model: Model, /, *, figure: Drawing = None) -> None:
    """Look at the weights from the pixels to each neuron of the first layer: loose patterns, or edges?"""
    network = load(model, figure)
    size = network.image_size
    before, after = lab.patterns(network.untrained(), size), lab.patterns(network.model, size)
    groups = {
        "random weights": Generator(0).normal((_RANDOM, *size)).numpy(),
        "before training": before,
        "after training": after,
        "edge filters": lab.edge_filters(size, spacing=7),
    }
    rows = []
    for name, pictures in groups.items():
        alike, edge = lab.autocorrelation(pictures), lab.edge_likeness(pictures)
        rows.append(
            (
                name,
                len(pictures),
                f"{alike.mean():.3f}",
                f"{edge.mean():.3f}",
                f"{(edge**2 > 0.5).mean():.0%}",
            )
        )
    header = ("pictures", "count", "Moran's I", "likeness to an edge filter", "more than half one edge")
    show("how alike neighbouring weights are, and how edge-like their pictures", header, rows)
    if figure is not None:
        save(lab.figures.patterns(before, after), figure)


def excite(
    model: Model,
    /,
    *,
    layer: Annotated[str, Parameter(help="A name that `lab trace` shows.")],
    figure: Drawing = None,
) -> None:
    """Find the image that excites each neuron of a layer most, by gradient ascent on the pixels."""
    network = load(model, figure)
    height, width = network.image_size
    images = lab.excite(network.model, layer, height * width, white=network.recipe.input_scale)
    excited = network.model.trace(Tensor(images))[layer].numpy()
    blank = network.model.trace(Tensor(0 * images[:1]))[layer].numpy()[0]
    rows = [
        (i, f"{excited[i, i]:.3f}", f"{blank[i]:.3f}", f"{images[i].mean() / network.recipe.input_scale:.0%}")
        for i in range(len(images))
    ]
    show(f"layer {layer}", ("neuron", "at its image", "at a blank one", "ink"), rows)
    if figure is not None:
        pictures = images.reshape(-1, height, width)
        lines = {f"from {i}": pictures[i : i + 8] for i in range(0, len(pictures), 8)}
        save(lab.figures.rows_of_images(lines), figure)
