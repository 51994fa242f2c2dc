"""`tinygrad-mnist evaluate`."""

from __future__ import annotations

from .. import data as datasets, model_file
from .options import Confusion, Data, Model
from .terminal import say
from .text import accuracy_line, confusion_table


def evaluate(model: Model, /, *, data: Data = None, confusion: Confusion = False) -> None:
    """Measure a saved model on the test images."""
    network = model_file.load(model)
    _, test = datasets.mnist(data)
    evaluation = network.evaluate(*test)
    if confusion:
        say(confusion_table(evaluation))
    say(f"{evaluation.correct:,} of {evaluation.count:,} right, cost {evaluation.cost:.4f}")
    say(accuracy_line(evaluation))
