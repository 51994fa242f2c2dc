"""Checking gradients: of any function (`gradcheck`), of modules, and of the operations of this package."""

from ..describing import complete as _complete
from .errors import Disagreement, GradcheckError, KinkError, NoSuchCheckError
from .gradcheck import Report, gradcheck, gradgradcheck
from .modules import check_module
from .registry import check_composite, check_primitive

__all__ = [
    "Disagreement",
    "GradcheckError",
    "KinkError",
    "NoSuchCheckError",
    "Report",
    "check_composite",
    "check_module",
    "check_primitive",
    "gradcheck",
    "gradgradcheck",
]

_complete("testing", __all__, globals())
