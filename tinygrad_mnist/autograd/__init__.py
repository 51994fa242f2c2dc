"""Derivatives of what was computed, and operations with a derivative of one's own, as in PyTorch."""

from typing import NoReturn as _NoReturn

from ..core.hints import missing as _missing
from ..core.modes import enable_grad as enable_grad, no_grad as no_grad
from ..describing import front as _front
from . import function as function, functional as functional
from .checking import *
from .derivatives import *
from .function import *
from .modes import *

_public = _front("autograd", globals(), "function", "functional")


def __getattr__(name: str) -> _NoReturn:
    raise _missing("autograd", name, lambda: _public)
