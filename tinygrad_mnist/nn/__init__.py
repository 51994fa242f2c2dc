"""Networks: modules with parameters, their first values, and costs."""

from . import init
from .activations import ELU, GELU, ReLU, Sigmoid, SiLU, Softmax, Tanh
from .dropout import Dropout
from .flatten import Flatten
from .linear import Linear
from .losses import binary_cross_entropy_with_logits, cross_entropy, mse_loss, nll_loss, quadratic_cost
from .mlp import MLP
from .module import Module
from .parameter import Parameter
from .sequential import Sequential

__all__ = [
    "ELU",
    "GELU",
    "MLP",
    "Dropout",
    "Flatten",
    "Linear",
    "Module",
    "Parameter",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "init",
    "mse_loss",
    "nll_loss",
    "quadratic_cost",
]
