"""Checking gradients: of any function (`gradcheck`), and of the operations of this package."""

from .errors import GradcheckError, KinkError
from .gradcheck import Report, gradcheck
from .registry import check_composite, check_primitive

__all__ = ["GradcheckError", "KinkError", "Report", "check_composite", "check_primitive", "gradcheck"]
