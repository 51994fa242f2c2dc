"""A micro autodiff framework on NumPy and Numba, and the network that reads handwritten digits."""

from typing import NoReturn as _NoReturn

__version__ = "0.2.0"

from . import autograd, data, errors, func, nn, ops, optim, special, testing, train, utils
from .autograd import inference_mode, is_grad_enabled, set_grad_enabled
from .compiler import jit
from .core import functions
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
from .ops import linalg
from .saving import load, save
from .train import train_many

__all__ = [
    "BoolTensor",
    "ByteTensor",
    "DoubleTensor",
    "FloatTensor",
    "Generator",
    "IntTensor",
    "LongTensor",
    "Tensor",
    "arange",
    "as_tensor",
    "asarray",
    "autograd",
    "backends",
    "bernoulli",
    "cat",
    "concat",
    "concatenate",
    "cuda",
    "data",
    "default_generator",
    "einsum",
    "empty",
    "empty_like",
    "enable_grad",
    "errors",
    "eye",
    "from_dlpack",
    "from_numpy",
    "full",
    "full_like",
    "func",
    "get_num_threads",
    "get_rng_state",
    "grad",
    "hessian",
    "hvp",
    "inference_mode",
    "initial_seed",
    "is_grad_enabled",
    "is_tensor",
    "jacobian",
    "jit",
    "jvp",
    "linalg",
    "linspace",
    "load",
    "logspace",
    "manual_seed",
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
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
    "save",
    "seed",
    "set_grad_enabled",
    "set_num_threads",
    "set_rng_state",
    "special",
    "stack",
    "tensor",
    "testing",
    "train",
    "train_many",
    "tril_indices",
    "triu_indices",
    "utils",
    "value_and_grad",
    "vjp",
    "where",
    "zeros",
    "zeros_like",
]
__all__ += functions.__all__

_complete("core", __all__, globals())


def __getattr__(name: str) -> _NoReturn:
    raise _missing("tinygrad_mnist", name, lambda: __all__)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
