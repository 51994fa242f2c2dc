"""Derivatives of what was computed, and operations with a derivative of one's own, as in PyTorch."""

from typing import NoReturn as _NoReturn

from ..core.hints import missing as _missing
from ..core.modes import enable_grad, no_grad
from ..describing import complete as _complete
from . import function, functional
from .checking import detect_anomaly, gradcheck, gradgradcheck, set_detect_anomaly
from .derivatives import Variable, backward, grad
from .function import Function
from .modes import inference_mode, is_grad_enabled, set_grad_enabled

__all__ = [
    "Function",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "function",
    "functional",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "is_grad_enabled",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]

_complete("autograd", __all__, globals())


def __getattr__(name: str) -> _NoReturn:
    raise _missing("autograd", name, lambda: __all__)
