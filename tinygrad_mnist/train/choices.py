"""The names a recipe can use, and what they stand for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

from .. import nn, optim
from .evaluation import CostFunction

ActivationName = Literal["sigmoid", "tanh", "relu", "gelu", "silu", "elu"]
OutputName = Literal["none", "sigmoid", "tanh", "relu", "gelu", "silu", "elu", "softmax"]
CostName = Literal["quadratic", "cross-entropy"]
OptimiserName = Literal["sgd", "adam", "adamw", "rmsprop"]
ScheduleName = Literal["constant", "linear", "cosine"]

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "elu": nn.ELU,
}
OUTPUTS: dict[str, Callable[[], nn.Module] | None] = {
    "none": None,
    "softmax": partial(nn.Softmax, dim=-1),
    **ACTIVATIONS,
}
COSTS: dict[str, CostFunction] = {"quadratic": nn.quadratic_cost, "cross-entropy": nn.cross_entropy}
OPTIMISERS: dict[str, Callable[..., optim.Optimizer]] = {
    "sgd": optim.SGD,
    "adam": optim.Adam,
    "adamw": optim.AdamW,
    "rmsprop": optim.RMSprop,
}
SCHEDULES: dict[str, Callable[[float, int], optim.schedules.Schedule]] = {
    "constant": lambda rate, steps: optim.schedules.constant(rate),
    "linear": optim.schedules.linear,
    "cosine": optim.schedules.cosine,
}
