"""A micro autodiff framework on NumPy and Numba, and the network that reads handwritten digits."""

from . import autograd, data, errors, func, nn, ops, optim, testing, train, utils
from .autograd import inference_mode, is_grad_enabled, set_grad_enabled
from .core.autodiff import enable_grad, grad, hessian, hvp, jacobian, jvp, no_grad, value_and_grad, vjp
from .core.creation import (
    arange,
    concatenate,
    einsum,
    eye,
    full,
    maximum,
    meshgrid,
    minimum,
    one_hot,
    ones,
    stack,
    where,
    zeros,
)
from .core.generator import (
    Generator,
    default_generator,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)
from .core.tensor import Tensor
from .jit import jit
from .kernels.threads import get_num_threads, set_num_threads
from .ops import linalg
from .saving import load, save

__version__ = "0.1.0"

__all__ = [
    "Generator",
    "Tensor",
    "arange",
    "autograd",
    "concatenate",
    "data",
    "default_generator",
    "einsum",
    "enable_grad",
    "errors",
    "eye",
    "full",
    "func",
    "get_num_threads",
    "get_rng_state",
    "grad",
    "hessian",
    "hvp",
    "inference_mode",
    "initial_seed",
    "is_grad_enabled",
    "jacobian",
    "jit",
    "jvp",
    "linalg",
    "load",
    "manual_seed",
    "maximum",
    "meshgrid",
    "minimum",
    "nn",
    "no_grad",
    "one_hot",
    "ones",
    "ops",
    "optim",
    "save",
    "seed",
    "set_grad_enabled",
    "set_num_threads",
    "set_rng_state",
    "stack",
    "testing",
    "train",
    "utils",
    "value_and_grad",
    "vjp",
    "where",
    "zeros",
]
