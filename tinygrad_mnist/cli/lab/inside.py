"""The commands about one run of the network: `lab trace`, `lab graph`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ... import lab, model_file, writing
from ...core.tensor import Tensor
from ..options import Data, Model
from ..tables import show
from ..terminal import say
from .options import Drawing, first_examples, load, one_example, save, unseen


def trace(
    model: Model,
    /,
    *,
    data: Data = None,
    image: Annotated[int, Parameter(help="Which test image, from 0.", show_default=True)] = 0,
    figure: Drawing = None,
) -> None:
    """Show what every layer makes of one test image."""
    network = load(model, figure)
    images, labels = unseen(data)
    inputs, _ = one_example(network, (images, labels), image)
    kinds = {name: type(module).__name__ for name, module in network.model.named_modules()}
    found = network.model.trace(Tensor(inputs))
    rows = []
    for name, result in found.items():
        x = result.numpy()[0]
        numbers = (f"{x.min():.3f}", f"{x.mean():.3f}", f"{x.max():.3f}", int(x.argmax()))
        rows.append((name or "(all)", kinds[name.partition("#")[0]], len(x), *numbers))
    header = ("name", "layer", "numbers", "least", "mean", "largest", "largest at")
    show(f"test image {image}, a {labels[image]}", header, rows)
    if figure is not None:
        layers = {f"{name} {kinds[name]}": x.numpy()[0] for name, x in found.items() if name}
        save(lab.figures.activations(images[image], layers), figure)


def graph(
    model: Model,
    /,
    *,
    data: Data = None,
    images: Annotated[
        int, Parameter(help="How many go through the network at once.", show_default=True)
    ] = 16,
    out: Annotated[Path, Parameter(help="File for the picture.", show_default=True)] = Path("graph.svg"),
) -> None:
    """Draw the computation graph of the cost, as SVG; no other program is needed."""
    network = model_file.load(model)
    inputs, targets = map(Tensor, first_examples(network, data, images))
    cost = network.recipe.cost_function(network.model(inputs), targets)
    names = {**dict(network.model.named_parameters()), "images": inputs, "wanted": targets}
    writing.write(out, lab.graph(cost, names))
    say(f"graph saved to {out}")
