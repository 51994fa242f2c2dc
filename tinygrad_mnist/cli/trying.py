"""What a sweep is to try of each setting, as options; and the command that trains what came out best."""

from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from ..sweep import Range
from ..train import Recipe, RecipeError, named
from ..train.choices import ActivationName, CostName, OptimiserName, ScheduleName
from ..train.recipes import RecipeName

_WHOLE = ("epochs", "batch_size")
_NUMBERS = ("rate", "momentum", "weight_decay", "dropout", *_WHOLE)
#: The settings that a sweep can change, in the order in which `Recipe.but` is to hear of them.
_SETTINGS = ("hidden", "activation", "cost", "optimiser", "schedule", *_NUMBERS, "seed")


def _tried(help: str) -> Parameter:
    return Parameter(help=help, consume_multiple=True)


@Parameter(name="*")
@dataclasses.dataclass(frozen=True)
class Tried:
    """What is to be tried; nothing leaves a setting as the recipe has it."""

    hidden: Annotated[
        tuple[str, ...],
        Parameter(
            help="Hidden layers to try, each as 64 or 16-16; none for no hidden layer. "
            "[default: 8 16 16-16 32 64 128 256]",
            consume_multiple=True,
        ),
    ] = ("8", "16", "16-16", "32", "64", "128", "256")
    activation: Annotated[tuple[ActivationName, ...], _tried("Activations to try.")] = ()
    cost: Annotated[tuple[CostName, ...], _tried("Costs to try.")] = ()
    optimiser: Annotated[
        tuple[OptimiserName, ...],
        _tried("Optimisers to try. Another than the recipe's brings a rate of its own, if none is given."),
    ] = ()
    schedule: Annotated[tuple[ScheduleName, ...], _tried("Ways to try in which the rate falls.")] = ()
    rate: Annotated[
        tuple[str, ...],
        _tried("Learning rates to try; with --sample also a range, as in 0.001..0.1; so too below."),
    ] = ()
    momentum: Annotated[tuple[str, ...], _tried("Momenta to try; sgd and rmsprop.")] = ()
    weight_decay: Annotated[tuple[str, ...], _tried("Shrinkages of the weights to try.")] = ()
    dropout: Annotated[
        tuple[str, ...], _tried("Shares of the hidden neurons to try that each step leaves out.")
    ] = ()
    epochs: Annotated[tuple[str, ...], _tried("How often all training images are used, to try.")] = ()
    batch_size: Annotated[tuple[str, ...], _tried("Images per step to try.")] = ()

    def choices(self) -> dict[str, Any]:
        """The choices for `sweep.variations`; RecipeError for numbers that are none."""
        found: dict[str, Any] = {name: values for name, values in vars(self).items() if values}
        found["hidden"] = [_layers(text) for text in self.hidden]
        for name in _NUMBERS:
            if name in found:
                found[name] = _numbers(name, found[name])
        return found


def _layers(text: str) -> tuple[int, ...]:
    parts = [] if text == "none" else text.split("-")
    if not all(part.isdecimal() for part in parts):
        raise RecipeError(f"--hidden takes layers such as 64, 16-16 or none, not {text!r}")
    return tuple(map(int, parts))


def _numbers(name: str, texts: tuple[str, ...]) -> list[Any] | Range:
    whole = name in _WHOLE
    low, dots, high = texts[0].partition("..")
    if dots and len(texts) == 1:
        return Range(_number(name, low), _number(name, high), whole)
    return [_number(name, text) for text in texts]


def _number(name: str, text: str) -> Any:
    try:
        if name in _WHOLE and not text.isdecimal():
            raise ValueError
        return int(text) if name in _WHOLE else float(text)
    except ValueError:
        option, kind = name.replace("_", "-"), "whole numbers" if name in _WHOLE else "numbers"
        raise RecipeError(f"--{option} takes {kind}, or one range such as 2..8, not {text!r}") from None


def train_command(recipe: RecipeName, augment: bool, best: Recipe, data: Path | None) -> str:
    """The command that trains by a recipe which a sweep from that named one has tried, on all images."""
    options: dict[str, Any] = {}
    base = named(recipe, augment=augment)
    for name in _SETTINGS:
        value = getattr(best, name)
        if getattr(base.but(**options), name) != value:
            options[name] = value
    words = ["tinygrad-mnist", "train", "--recipe", recipe, *(["--augment"] if augment else [])]
    for name, value in options.items():
        several = (value or ("none",)) if isinstance(value, tuple) else (value,)
        words += [f"--{name.replace('_', '-')}", *map(str, several)]
    return shlex.join([*words, *(["--data", str(data)] if data else [])])
