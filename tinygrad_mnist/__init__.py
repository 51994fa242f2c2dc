"""A micro autodiff framework on NumPy and Numba, and the network that reads handwritten digits."""

from . import data, errors, nn, ops, optim, testing, train
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

__version__ = "0.1.0"

__all__ = [
    "Generator",
    "Tensor",
    "arange",
    "concatenate",
    "data",
    "default_generator",
    "einsum",
    "enable_grad",
    "errors",
    "eye",
    "full",
    "get_num_threads",
    "get_rng_state",
    "grad",
    "hessian",
    "hvp",
    "initial_seed",
    "jacobian",
    "jit",
    "jvp",
    "linalg",
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
    "seed",
    "set_num_threads",
    "set_rng_state",
    "stack",
    "testing",
    "train",
    "value_and_grad",
    "vjp",
    "where",
    "zeros",
]
