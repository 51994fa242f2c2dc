"""The settings of a recipe as options."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter, Token

from ..train import RECIPES
from ..train.choices import ActivationName, CostName, OptimiserName, ScheduleName


def setting(name: str, text: str) -> Parameter:
    """The option for a setting of a recipe, with what the article's recipe has."""
    value = getattr(RECIPES["article"], name)
    several, whole = isinstance(value, tuple), isinstance(value, int | tuple)
    shown = " ".join(map(str, value)) if several else value
    return Parameter(
        help=f"{text} [article: {shown}]",
        consume_multiple=several,
        converter=whole_numbers if whole else None,
    )


def whole_numbers(kind: Any, tokens: Sequence[Token]) -> int | tuple[int, ...]:
    """Left to itself, cyclopts would round 1.5."""
    numbers: list[int] = []
    if [token.value for token in tokens] == ["none"] and kind is not int:
        return ()
    for token in tokens:
        if not token.value.isdecimal():
            raise ValueError(f"{token.keyword} takes whole numbers from 0 up, not {token.value!r}")
        numbers.append(int(token.value))
    return numbers[0] if kind is int else tuple(numbers)


@Parameter(name="*")
@dataclasses.dataclass(frozen=True)
class Network:
    """The network, and what it is to learn; None leaves a setting as the recipe has it."""

    hidden: Annotated[
        tuple[int, ...] | None,
        setting("hidden", "Neurons of each hidden layer, as in --hidden 16 16; none for no hidden layer."),
    ] = None
    activation: Annotated[ActivationName | None, setting("activation", "After each hidden layer.")] = None
    cost: Annotated[
        CostName | None,
        setting("cost", "quadratic has sigmoid outputs, cross-entropy the weighted sums as they are."),
    ] = None
    optimiser: Annotated[
        OptimiserName | None,
        setting("optimiser", "Another than the recipe's brings a rate of its own and inputs from 0 to 1."),
    ] = None


@Parameter(name="*")
@dataclasses.dataclass(frozen=True)
class Descent:
    """How it learns; None leaves a setting as the recipe has it."""

    rate: Annotated[float | None, setting("rate", "Learning rate of the first step.")] = None
    schedule: Annotated[
        ScheduleName | None, setting("schedule", "How the rate falls to zero at the last step.")
    ] = None
    momentum: Annotated[
        float | None, setting("momentum", "Share of the velocity that is kept; sgd and rmsprop.")
    ] = None
    weight_decay: Annotated[
        float | None, setting("weight_decay", "Shrinkage of the weights, not the biases.")
    ] = None
    epochs: Annotated[int | None, setting("epochs", "How often all training images are used.")] = None
    batch_size: Annotated[int | None, setting("batch_size", "Images per step.")] = None
    dropout: Annotated[
        float | None, setting("dropout", "Share of the hidden neurons that each step leaves out.")
    ] = None


@Parameter(name="*")
@dataclasses.dataclass(frozen=True)
class Settings(Descent, Network):
    """All that can differ from the recipe; None leaves a setting as the recipe has it."""

    seed: Annotated[int | None, setting("seed", "Same seed, same bits.")] = None
    validation: Annotated[
        float | None,
        setting("validation", "Share of the training images kept for measuring after each epoch."),
    ] = None


def given(settings: Network | Descent) -> dict[str, Any]:
    """The settings that are not None."""
    return {name: value for name, value in vars(settings).items() if value is not None}
