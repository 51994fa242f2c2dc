"""What is done to all parameters: gradients limited, weights as one vector, weights normalised."""

from typing import NoReturn as _NoReturn

from ...core.hints import missing as _missing
from ...describing import complete as _complete
from . import parametrizations, rnn
from .clipping import clip_grad_norm_, clip_grad_value_, clip_grads_with_norm_, get_total_norm
from .vectors import parameters_to_vector, vector_to_parameters
from .weight_norm import remove_weight_norm, weight_norm

__all__ = [
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
    "parameters_to_vector",
    "parametrizations",
    "remove_weight_norm",
    "rnn",
    "vector_to_parameters",
    "weight_norm",
]

_complete("utils", __all__, globals())


def __getattr__(name: str) -> _NoReturn:
    raise _missing("nn.utils", name, lambda: __all__)
