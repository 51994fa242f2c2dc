"""Learning rate schedulers with PyTorch's names, arguments and rates.

They write a number into `param_groups[i]["lr"]` at each `step()`. (The functions of `optim.schedules`,
given as `lr=`, are computed inside a compiled program instead.)
"""

from typing import NoReturn as _NoReturn

from ...core.hints import missing as _missing
from ...describing import complete as _complete
from .base import LRScheduler
from .combined import ChainedScheduler, ReduceLROnPlateau, SequentialLR
from .cycles import CyclicLR, OneCycleLR
from .decays import (
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]

_complete("lr_scheduler", __all__, globals())


def __getattr__(name: str) -> _NoReturn:
    raise _missing("optim.lr_scheduler", name, lambda: __all__)
