"""`tinygrad-mnist info`."""

from __future__ import annotations

import dataclasses

from .. import model_file
from ..train import History, Recipe
from .options import Model
from .terminal import say


def info(model: Model, /) -> None:
    """Show a saved model: its layers, the recipe it was trained by, and how that went.

    Of a module that `tg.save` wrote only the layers are known.
    """
    network = model_file.load(model)
    height, width = network.image_size
    say(network.model)
    say()
    count = sum(p.numel() for p in network.model.parameters())
    say(
        f"reads images of {height} x {width} pixels, gives {network.classes} outputs, has "
        f"{count:,} weights and biases"
    )
    for name, parameter in network.model.named_parameters():
        say(f"  {name} {tuple(parameter.shape)}")
    say()
    if not isinstance(network.recipe, Recipe):
        say("saved without a recipe: how it was trained is not known")
        return
    for name, value in dataclasses.asdict(network.recipe).items():
        shown = " ".join(map(str, value)) if isinstance(value, tuple) else value
        say(f"{name.replace('_', ' '):13} {shown}")
    say()
    say(_summary(network.history))


def _summary(history: History) -> str:
    end = "interrupted after" if history.interrupted else "trained for"
    if not history.epochs:
        return f"{end} less than an epoch"
    first, last = history.epochs[0], history.epochs[-1]
    lines = [
        f"{end} {len(history.epochs)} epoch{'s' if len(history.epochs) > 1 else ''}",
        f"cost {first.cost:.4f} in the first, {last.cost:.4f} in the last",
    ]
    if first.accuracy is not None and last.accuracy is not None:
        lines.append(f"training accuracy {first.accuracy:.2%}, {last.accuracy:.2%}")
    if first.validation_accuracy is not None and last.validation_accuracy is not None:
        lines.append(f"validation accuracy {first.validation_accuracy:.2%}, {last.validation_accuracy:.2%}")
    return "\n".join(lines)
