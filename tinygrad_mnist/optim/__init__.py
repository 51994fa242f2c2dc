"""Optimisers, and learning rate schedules."""

from typing import NoReturn as _NoReturn

from ..core.hints import missing as _missing
from ..describing import complete as _complete
from . import lr_scheduler, schedules, swa_utils
from .adadelta import Adadelta
from .adagrad import Adagrad
from .adam import Adam, AdamW
from .adamax import Adamax
from .asgd import ASGD
from .averaging import EMA
from .lbfgs import LBFGS
from .lion import Lion
from .nadam import NAdam
from .optimizer import Optimizer
from .radam import RAdam
from .rmsprop import RMSprop
from .rprop import Rprop
from .sgd import SGD

__all__ = [
    "ASGD",
    "EMA",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Lion",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "lr_scheduler",
    "schedules",
    "swa_utils",
]

_complete("optim", __all__, globals())


def __getattr__(name: str) -> _NoReturn:
    raise _missing("optim", name, lambda: __all__)
