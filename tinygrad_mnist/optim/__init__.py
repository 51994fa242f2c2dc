"""Optimisers, and learning rate schedules."""

from . import lr_scheduler, schedules
from .adagrad import Adagrad
from .adam import Adam, AdamW
from .averaging import EMA
from .lbfgs import LBFGS
from .lion import Lion
from .nadam import NAdam
from .optimizer import Optimizer
from .rmsprop import RMSprop
from .sgd import SGD

__all__ = [
    "EMA",
    "LBFGS",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Lion",
    "NAdam",
    "Optimizer",
    "RMSprop",
    "lr_scheduler",
    "schedules",
]
