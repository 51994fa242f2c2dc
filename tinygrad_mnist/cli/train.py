"""`tinygrad-mnist train`."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter, Token

from .. import data as datasets
from .. import model_file
from ..train import RECIPES, named, run
from ..train.choices import ActivationName, CostName, OptimiserName, ScheduleName
from ..train.recipes import RecipeName
from .options import Confusion, Data
from .reporters import reporter

INTERRUPTED = 130

_DEFAULT_NAME = "digits"


def _setting(name: str, text: str) -> Parameter:
    value = getattr(RECIPES["article"], name)
    several, whole = isinstance(value, tuple), isinstance(value, int | tuple)
    shown = " ".join(map(str, value)) if several else value
    return Parameter(
        help=f"{text} [article: {shown}]",
        consume_multiple=several,
        converter=_whole_numbers if whole else None,
    )


def _whole_numbers(kind: Any, tokens: Sequence[Token]) -> int | tuple[int, ...]:
    """Left to itself, cyclopts would round 1.5."""
    numbers = []
    for token in tokens:
        if not token.value.isdecimal():
            raise ValueError(f"{token.keyword} takes whole numbers from 0 up, not {token.value!r}")
        numbers.append(int(token.value))
    return numbers[0] if kind is int else tuple(numbers)


@Parameter(name="*")
@dataclasses.dataclass(frozen=True)
class Settings:
    """What is to differ from the recipe; None leaves a setting as the recipe has it."""

    hidden: Annotated[
        tuple[int, ...] | None, _setting("hidden", "Neurons of each hidden layer, as in --hidden 16 16.")
    ] = None
    activation: Annotated[ActivationName | None, _setting("activation", "After each hidden layer.")] = None
    cost: Annotated[
        CostName | None,
        _setting("cost", "quadratic has sigmoid outputs, cross-entropy the weighted sums as they are."),
    ] = None
    optimiser: Annotated[
        OptimiserName | None,
        _setting("optimiser", "Another than the recipe's brings a rate of its own and inputs from 0 to 1."),
    ] = None
    rate: Annotated[float | None, _setting("rate", "Learning rate of the first step.")] = None
    schedule: Annotated[
        ScheduleName | None, _setting("schedule", "How the rate falls to zero at the last step.")
    ] = None
    momentum: Annotated[
        float | None, _setting("momentum", "Share of the velocity that is kept; sgd and rmsprop.")
    ] = None
    weight_decay: Annotated[
        float | None, _setting("weight_decay", "Shrinkage of the weights, not the biases.")
    ] = None
    epochs: Annotated[int | None, _setting("epochs", "How often all training images are used.")] = None
    batch_size: Annotated[int | None, _setting("batch_size", "Images per step.")] = None
    seed: Annotated[int | None, _setting("seed", "Same seed, same bits.")] = None
    validation: Annotated[
        float | None,
        _setting("validation", "Share of the training images kept for measuring after each epoch."),
    ] = None


def train(
    *,
    recipe: Annotated[
        RecipeName, Parameter(help="Where settings that are not given come from.", show_default=True)
    ] = "article",
    augment: Annotated[
        bool,
        Parameter(
            help="Turn, shift, shear, scale and bend the training images a little, anew for every epoch. "
            "best16 and best then also have other settings, which take longer and end higher."
        ),
    ] = False,
    settings: Settings = Settings(),
    data: Data = None,
    out: Annotated[
        Path | None,
        Parameter(
            help="File for the model; one of that name is replaced. Default: digits.safetensors here, or if "
            "that is taken digits-2.safetensors, and so on."
        ),
    ] = None,
    eager: Annotated[
        bool,
        Parameter(negative="", help="Run each operation by itself instead of compiling the training loop."),
    ] = False,
    confusion: Confusion = False,
    as_json: Annotated[
        bool, Parameter(name="--json", help="Print a JSON object per line: start, each epoch, saved, test.")
    ] = False,
) -> int:
    """Train a network, save it, and measure it on the test images.

    Without options this is the article's network, 784-16-16-10 with sigmoids, and its way of
    training. Ctrl-C saves the model so far (exit status 130).
    """
    changes = {name: value for name, value in vars(settings).items() if value is not None}
    chosen = named(recipe, augment=augment).but(**changes)
    model_file.check_place(out or _free_name())
    (images, labels), test = datasets.mnist(data)
    report = reporter(chosen, as_json)
    report.started((images[0].size, *chosen.hidden, int(labels.max()) + 1), len(images))
    try:
        network = run(chosen, images, labels, compiled=not eager, on_epoch=report.epoch, on_step=report.step)
    finally:
        report.stopped()
    path = out or _free_name()
    model_file.save(network, path)
    report.saved(path, network.history.interrupted)
    if network.history.interrupted:
        return INTERRUPTED
    report.tested(network.evaluate(*test), confusion)
    return 0


def _free_name() -> Path:
    """The first of digits.safetensors, digits-2.safetensors, ... that is not taken."""
    names = (Path(f"{_DEFAULT_NAME}{f'-{i}' if i > 1 else ''}.safetensors") for i in count(1))
    return next(path for path in names if not path.exists())
