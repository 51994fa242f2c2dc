"""A micro autodiff framework on NumPy and Numba, and the network that reads handwritten digits."""

import importlib as _importlib
import typing as _typing
from typing import Any as _Any

__version__ = "0.2.0"

from . import autograd as autograd, data as data, errors as errors, nn as nn, ops as ops
from .autograd import (
    inference_mode as inference_mode,
    is_grad_enabled as is_grad_enabled,
    set_grad_enabled as set_grad_enabled,
)
from .core.again import *
from .core.autodiff import *
from .core.creation import *
from .core.device import *
from .core.functions import *
from .core.generator import *
from .core.hints import missing as _missing
from .core.loops import *
from .core.modes import *
from .core.random import *
from .core.tensor import Tensor as Tensor
from .describing import complete as _complete, front as _front
from .kernels.threads import get_num_threads as get_num_threads, set_num_threads as set_num_threads
from .nn.functional import (
    adaptive_avg_pool1d as adaptive_avg_pool1d,
    alpha_dropout as alpha_dropout,
    avg_pool1d as avg_pool1d,
    bilinear as bilinear,
    celu as celu,
    channel_shuffle as channel_shuffle,
    conv1d as conv1d,
    conv2d as conv2d,
    conv3d as conv3d,
    conv_transpose1d as conv_transpose1d,
    conv_transpose2d as conv_transpose2d,
    conv_transpose3d as conv_transpose3d,
    dropout as dropout,
    feature_alpha_dropout as feature_alpha_dropout,
    group_norm as group_norm,
    hardshrink as hardshrink,
    layer_norm as layer_norm,
    max_pool1d as max_pool1d,
    max_pool2d as max_pool2d,
    max_pool3d as max_pool3d,
    pairwise_distance as pairwise_distance,
    pdist as pdist,
    pixel_shuffle as pixel_shuffle,
    pixel_unshuffle as pixel_unshuffle,
    prelu as prelu,
    rms_norm as rms_norm,
    rrelu as rrelu,
    selu as selu,
    threshold as threshold,
)
from .ops import linalg as linalg

if _typing.TYPE_CHECKING:
    from . import (
        func as func,
        optim as optim,
        special as special,
        testing as testing,
        train as train,
        utils as utils,
    )
    from .compiler import jit as jit
    from .saving import load as load, save as save
    from .train import train_many as train_many

#: What is loaded when it is first asked for, and from where.
_LATER = dict.fromkeys(("func", "optim", "special", "testing", "train", "utils"), "")
_LATER |= {"jit": "compiler", "load": "saving", "save": "saving", "train_many": "train"}

_public = _front("core", globals(), "autograd", "data", "errors", "linalg", "nn", "ops", *_LATER)


def __getattr__(name: str) -> _Any:
    if name in _LATER:
        module = _importlib.import_module(f".{_LATER[name] or name}", __name__)
        globals()[name] = module if not _LATER[name] else getattr(module, name)
        _complete("core", [name], globals())
        return globals()[name]
    elsewhere = {"tg.nn.functional.{}(...)": nn.functional, "tg.linalg.{}(...)": linalg, "x.{}(...)": Tensor}
    raise _missing("tinygrad_mnist", name, lambda: _public, elsewhere)


def __dir__() -> list[str]:
    return [*_public, "__version__"]
