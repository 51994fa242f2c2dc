"""Checking gradients: of any function (`gradcheck`), of modules, and of the operations of this package."""

from ..describing import front as _front
from .errors import *
from .gradcheck import *
from .modules import *
from .registry import *

_front("testing", globals())
