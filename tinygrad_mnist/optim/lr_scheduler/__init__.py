"""Learning rate schedulers with PyTorch's names, arguments and rates.

They write a number into `param_groups[i]["lr"]` at each `step()`. (The functions of `optim.schedules`,
given as `lr=`, are computed inside a compiled program instead.)
"""

from typing import NoReturn as _NoReturn

from ...core.hints import missing as _missing
from ...describing import front as _front
from .base import *
from .combined import *
from .cycles import *
from .decays import *

_public = _front("lr_scheduler", globals())


def __getattr__(name: str) -> _NoReturn:
    raise _missing("optim.lr_scheduler", name, lambda: _public)
