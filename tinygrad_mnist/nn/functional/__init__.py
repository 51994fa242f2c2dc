"""The functions of networks, as in PyTorch: `from tinygrad_mnist.nn import functional as F`."""

from typing import NoReturn as _NoReturn

from ...core.hints import missing as _missing
from ...core.tensor import Tensor as _Tensor
from ...describing import front as _front
from .activations import *
from .alignment import *
from .attention import *
from .classes import *
from .convolution import *
from .dropout import *
from .layers import *
from .margins import *
from .normalisation import *
from .pooling import *
from .regression import *
from .volumes import *

_public = _front("functional", globals())


def __getattr__(name: str) -> _NoReturn:
    raise _missing("nn.functional", name, lambda: _public, {"x.{}(...)": _Tensor})
