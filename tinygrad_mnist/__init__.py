"""A micro autodiff framework on NumPy and Numba, and the network that reads handwritten digits."""

import importlib as _importlib
from typing import TYPE_CHECKING
from typing import Any as _Any

__version__ = "0.2.0"

from . import autograd, data, errors, nn, ops
from .autograd import inference_mode, is_grad_enabled, set_grad_enabled
from .core import functions
from .core.again import checkpoint
from .core.autodiff import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from .core.creation import (
    BoolTensor,
    ByteTensor,
    DoubleTensor,
    FloatTensor,
    IntTensor,
    LongTensor,
    arange,
    as_tensor,
    asarray,
    cat,
    concat,
    concatenate,
    einsum,
    empty,
    empty_like,
    eye,
    from_dlpack,
    from_numpy,
    full,
    full_like,
    is_tensor,
    linspace,
    logspace,
    meshgrid,
    numel,
    one_hot,
    ones,
    ones_like,
    stack,
    tensor,
    tril_indices,
    triu_indices,
    where,
    zeros,
    zeros_like,
)
from .core.device import backends, cuda
from .core.functions import *  # noqa: F403
from .core.generator import (
    Generator,
    default_generator,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)
from .core.hints import missing as _missing
from .core.loops import fori, scan, while_loop
from .core.modes import enable_grad, no_grad
from .core.random import (
    bernoulli,
    multinomial,
    normal,
    rand,
    rand_like,
    randint,
    randint_like,
    randn,
    randn_like,
    randperm,
)
from .core.tensor import Tensor
from .describing import complete as _complete
from .kernels.threads import get_num_threads, set_num_threads
from .nn.functional import (
    adaptive_avg_pool1d,
    alpha_dropout,
    avg_pool1d,
    bilinear,
    celu,
    channel_shuffle,
    conv1d,
    conv2d,
    conv3d,
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose3d,
    dropout,
    feature_alpha_dropout,
    group_norm,
    hardshrink,
    layer_norm,
    max_pool1d,
    max_pool2d,
    max_pool3d,
    pairwise_distance,
    pdist,
    pixel_shuffle,
    pixel_unshuffle,
    prelu,
    rms_norm,
    rrelu,
    selu,
    threshold,
)
from .ops import linalg

if TYPE_CHECKING:
    from . import func, optim, special, testing, train, utils
    from .compiler import jit
    from .saving import load, save
    from .train import train_many

#: What is loaded when it is first asked for, and from where.
_LATER = dict.fromkeys(("func", "optim", "special", "testing", "train", "utils"), "")
_LATER |= {"jit": "compiler", "load": "saving", "save": "saving", "train_many": "train"}

__all__ = [
    "BoolTensor",
    "ByteTensor",
    "DoubleTensor",
    "FloatTensor",
    "Generator",
    "IntTensor",
    "LongTensor",
    "Tensor",
    "adaptive_avg_pool1d",
    "alpha_dropout",
    "arange",
    "as_tensor",
    "asarray",
    "autograd",
    "avg_pool1d",
    "backends",
    "bernoulli",
    "bilinear",
    "cat",
    "celu",
    "channel_shuffle",
    "checkpoint",
    "concat",
    "concatenate",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "cuda",
    "data",
    "default_generator",
    "dropout",
    "einsum",
    "empty",
    "empty_like",
    "enable_grad",
    "errors",
    "eye",
    "feature_alpha_dropout",
    "fori",
    "from_dlpack",
    "from_numpy",
    "full",
    "full_like",
    "func",
    "get_num_threads",
    "get_rng_state",
    "grad",
    "group_norm",
    "hardshrink",
    "hessian",
    "hvp",
    "inference_mode",
    "initial_seed",
    "is_grad_enabled",
    "is_tensor",
    "jacobian",
    "jit",
    "jvp",
    "layer_norm",
    "linalg",
    "linspace",
    "load",
    "logspace",
    "manual_seed",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "meshgrid",
    "multinomial",
    "nn",
    "no_grad",
    "normal",
    "numel",
    "one_hot",
    "ones",
    "ones_like",
    "ops",
    "optim",
    "pairwise_distance",
    "pdist",
    "pixel_shuffle",
    "pixel_unshuffle",
    "prelu",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
    "rms_norm",
    "rrelu",
    "save",
    "scan",
    "seed",
    "selu",
    "set_grad_enabled",
    "set_num_threads",
    "set_rng_state",
    "special",
    "stack",
    "tensor",
    "testing",
    "threshold",
    "train",
    "train_many",
    "tril_indices",
    "triu_indices",
    "utils",
    "value_and_grad",
    "vjp",
    "where",
    "while_loop",
    "zeros",
    "zeros_like",
]
__all__ += functions.__all__

_complete("core", [name for name in __all__ if name not in _LATER], globals())


def __getattr__(name: str) -> _Any:
    if name in _LATER:
        module = _importlib.import_module(f".{_LATER[name] or name}", __name__)
        globals()[name] = module if not _LATER[name] else getattr(module, name)
        _complete("core", [name], globals())
        return globals()[name]
    elsewhere = {"tg.nn.functional.{}(...)": nn.functional, "tg.linalg.{}(...)": linalg, "x.{}(...)": Tensor}
    raise _missing("tinygrad_mnist", name, lambda: __all__, elsewhere)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
