"""Optimisers, and learning rate schedules."""

from typing import NoReturn as _NoReturn

from ..core.hints import missing as _missing
from ..describing import front as _front
from . import lr_scheduler as lr_scheduler, schedules as schedules, swa_utils as swa_utils
from .adadelta import *
from .adagrad import *
from .adam import *
from .adamax import *
from .asgd import *
from .averaging import *
from .lbfgs import *
from .lion import *
from .nadam import *
from .optimizer import *
from .radam import *
from .rmsprop import *
from .rprop import *
from .sgd import *

_public = _front("optim", globals(), "lr_scheduler", "schedules", "swa_utils")


def __getattr__(name: str) -> _NoReturn:
    raise _missing("optim", name, lambda: _public)
