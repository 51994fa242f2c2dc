"""Recipes: all that decides a training run besides its data."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from functools import partial
from itertools import pairwise
from typing import Any, Literal, Self, get_args

from .. import nn, optim
from ..core.generator import Generator
from ..errors import TinygradMnistError
from ..nn.init import scaled_normal_
from .choices import (
    ACTIVATIONS,
    OPTIMISERS,
    OUTPUTS,
    SCHEDULES,
    ActivationName,
    CostName,
    OptimiserName,
    OutputName,
    ScheduleName,
)
from .reading import Reading

__all__ = ["RECIPES", "Recipe", "RecipeError", "named"]

# What suits a changed cost or optimiser, where nothing else is said. Under plain gradient descent the
# input scale decides how fast the first layer learns beside the others; the adaptive rules undo that.
_WITH_COST = {"quadratic": {"output": "sigmoid"}, "cross-entropy": {"output": "none"}}
_WITH_OPTIMISER = {
    "sgd": {"rate": 8.0, "momentum": 0.0, "input_scale": 0.25},
    "adam": {"rate": 0.003, "momentum": 0.0, "input_scale": 1.0},
    "adamw": {"rate": 0.003, "momentum": 0.0, "input_scale": 1.0},
    "rmsprop": {"rate": 0.001, "momentum": 0.0, "input_scale": 1.0},
}

_CHOICES = {
    "activation": get_args(ActivationName),
    "output": get_args(OutputName),
    "cost": get_args(CostName),
    "optimiser": get_args(OptimiserName),
    "schedule": get_args(ScheduleName),
}
_FROM_ZERO = ("rate", "weight_decay", "input_scale", "first_gain", "gain", "augment")
_SHARES = ("momentum", "validation", "dropout")
_INTEGERS_FROM = {"epochs": 1, "batch_size": 1, "seed": 0}


def _check(recipe: Recipe) -> None:
    for name, choices in _CHOICES.items():
        value = getattr(recipe, name)
        if value not in choices:
            raise RecipeError(f"unknown {name} {value!r}; there are {', '.join(choices)}")
    for name in _FROM_ZERO:
        value = getattr(recipe, name)
        if not (_is_number(value) and 0 <= value <= sys.float_info.max):
            raise RecipeError(f"{name} must be a finite number from 0 up, not {value!r}")
    for name in _SHARES:
        value = getattr(recipe, name)
        if not (_is_number(value) and 0 <= value < 1):
            raise RecipeError(f"{name} must be a share from 0 to below 1, not {value!r}")
    for name, least in _INTEGERS_FROM.items():
        value = getattr(recipe, name)
        if not (_is_integer(value) and least <= value < 2**63):
            raise RecipeError(f"{name} must be an integer from {least} up, not {value!r}")
    if not all(_is_integer(n) and 1 <= n < 2**31 for n in recipe.hidden):
        raise RecipeError(f"every hidden layer needs at least one neuron, not {recipe.hidden!r}")
    if recipe.momentum and recipe.optimiser not in ("sgd", "rmsprop"):
        raise RecipeError(f"{recipe.optimiser} has no momentum; sgd and rmsprop have")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


class RecipeError(TinygradMnistError, ValueError):
    """A setting of a recipe that makes no sense."""


@dataclasses.dataclass(frozen=True)
class Recipe(Reading):
    """A training run: network, cost, way of descent, seed. The default is the article's.

    Attributes:
        hidden: neurons of each hidden layer.
        activation: after each hidden layer.
        output: after the last layer; "none" leaves its weighted sums (logits) as they are.
        cost: "quadratic" against rows of 0 and 1, or "cross-entropy", which wants logits.
        optimiser: the rule by which gradients change parameters.
        rate: learning rate of the first step.
        schedule: how the rate falls from there to zero at the last step, if it does.
        momentum: of "sgd" and "rmsprop".
        weight_decay: shrinkage of the weights (not the biases); the shrinkage per step is
            rate * weight_decay * w, save that "adam" and "rmsprop" add weight_decay * w to
            the gradient.
        input_scale: what a white pixel becomes; pixels are divided by 255 and multiplied by it.
        first_gain: the first layer's weights are normal with deviation first_gain / sqrt(inputs).
        gain: the same for the other layers; biases start at zero.
        epochs: how often all training images are used.
        batch_size: images per step.
        seed: of the first weights, the order and distortion of the images, and the validation split.
        validation: share of the training images to keep for measuring after each epoch; 0 for
            none.
        augment: how strongly the training images are distorted, anew for every epoch, as in
            `data.distorted`; 0 for not at all.
        dropout: share of the hidden neurons that each training step leaves out, see `nn.Dropout`.

    Raises:
        RecipeError: for a setting that is unknown or out of range.
    """

    hidden: tuple[int, ...] = (16, 16)
    activation: ActivationName = "sigmoid"
    output: OutputName = "sigmoid"
    cost: CostName = "quadratic"
    optimiser: OptimiserName = "sgd"
    rate: float = 8.0
    schedule: ScheduleName = "linear"
    momentum: float = 0.0
    weight_decay: float = 1.5e-5
    input_scale: float = 0.25
    first_gain: float = 1.5
    gain: float = 2.0
    epochs: int = 30
    batch_size: int = 16
    seed: int = 0
    validation: float = 0.0
    augment: float = 0.0
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if isinstance(self.hidden, list):
            object.__setattr__(self, "hidden", tuple(self.hidden))
        _check(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The recipe whose fields these are, as `dataclasses.asdict` gives them and JSON keeps them.

        Raises RecipeError for other fields or values.
        """
        try:
            return cls(**{**values, "hidden": tuple(values["hidden"])})
        except (KeyError, TypeError) as error:
            raise RecipeError(f"these are not the settings of a recipe ({error})") from None

    def but(self, **changes: Any) -> Self:
        """This recipe with other settings.

        Unless they are given too, a new cost brings the output that suits it ("sigmoid" or
        "none"), and a new optimiser a usual rate, momentum 0 and a suitable input scale.
        """
        follow: dict[str, Any] = {}
        if changes.get("cost", self.cost) != self.cost:
            follow |= _WITH_COST.get(changes["cost"], {})
        if changes.get("optimiser", self.optimiser) != self.optimiser:
            follow |= _WITH_OPTIMISER.get(changes["optimiser"], {})
        return dataclasses.replace(self, **(follow | changes))

    def parameter_count(self, inputs: int, classes: int) -> int:
        """How many weights and biases the network has."""
        return sum((n_in + 1) * n_out for n_in, n_out in pairwise((inputs, *self.hidden, classes)))

    def build_model(self, inputs: int, classes: int) -> nn.Sequential:
        """A new network with its first weights, which depend on the seed alone."""
        first, others = partial(scaled_normal_, gain=self.first_gain), partial(scaled_normal_, gain=self.gain)
        return nn.MLP(
            inputs,
            *self.hidden,
            classes,
            activation=ACTIVATIONS[self.activation],
            output=OUTPUTS[self.output],
            dropout=self.dropout,
            generator=Generator(self.seed),
            init=[first, *[others] * len(self.hidden)],
        )

    def build_optimiser(self, model: nn.Module, steps: int) -> optim.Optimizer:
        """A new optimiser of the model's parameters, for a run of so many steps."""
        weights = [p for p in model.parameters() if p.ndim > 1]
        biases = [p for p in model.parameters() if p.ndim < 2]
        groups = [
            {"params": weights, "weight_decay": self.weight_decay},
            {"params": biases, "weight_decay": 0.0},
        ]
        options = {"momentum": self.momentum} if self.momentum else {}
        return OPTIMISERS[self.optimiser](groups, lr=SCHEDULES[self.schedule](self.rate, steps), **options)


RecipeName = Literal["article", "fast16", "best16", "silu128", "best"]

_ARTICLE = Recipe()
_MODERN = _ARTICLE.but(cost="cross-entropy", optimiser="adamw")

#: What `--recipe` knows.
RECIPES: dict[RecipeName, Recipe] = {
    "article": _ARTICLE,
    "fast16": _MODERN.but(
        activation="elu", rate=0.015, weight_decay=0.03, epochs=4, batch_size=32, first_gain=1.0, gain=1.0
    ),
    "best16": _MODERN.but(activation="elu", rate=0.02, weight_decay=0.1, epochs=30, batch_size=64),
    "silu128": _MODERN.but(
        hidden=(128,), activation="silu", rate=0.006, weight_decay=0.1, epochs=5, batch_size=64
    ),
    "best": _MODERN.but(
        hidden=(512,), activation="relu", rate=0.003, weight_decay=0.1, epochs=12, batch_size=128
    ),
}

# Distorted images do not repeat: there is more to learn from them, and less need of a brake.
_WITH_AUGMENT: dict[RecipeName, dict[str, Any]] = {
    "best16": {"augment": 1.0, "weight_decay": 0.01, "epochs": 100},
    "best": {"augment": 2.0, "epochs": 40},
}


def named(name: RecipeName, *, augment: bool = False) -> Recipe:
    """The recipe of a name; with `augment`, as it suits images distorted anew for every epoch.

    Where nothing else was found to suit them, only they are different: distorted with strength 1.
    """
    changes = _WITH_AUGMENT.get(name, {"augment": 1.0}) if augment else {}
    return RECIPES[name].but(**changes)
