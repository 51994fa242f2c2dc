"""Functions of numbers under the names of `torch.special`."""

from __future__ import annotations

import math
from typing import NoReturn

from . import ops
from .core.functions import xlogy
from .core.hints import missing
from .ops import erf, erfc, exp2, expm1, log1p, log_softmax, logit, logsumexp, round, sinc, softmax
from .ops import sigmoid as expit
from .ops.floats import in_floats
from .primitive import Value

__all__ = [
    "entr",
    "erf",
    "erfc",
    "exp2",
    "expit",
    "expm1",
    "log1p",
    "log_softmax",
    "logit",
    "logsumexp",
    "ndtr",
    "round",
    "sinc",
    "softmax",
    "xlog1py",
    "xlogy",
]


@in_floats
def entr(input: Value) -> Value:
    """-x log x, 0 at 0, and -inf below."""
    return ops.where(input < 0, -math.inf, -ops.xlogy(input, input))


@in_floats
def ndtr(input: Value) -> Value:
    """The share of a standard normal distribution below x."""
    return 0.5 * ops.erfc(-input * math.sqrt(0.5))


@in_floats
def xlog1py(input: Value, other: Value) -> Value:
    """x log(1 + y), 0 where x is 0."""
    return xlogy(input, 1 + other)


def __getattr__(name: str) -> NoReturn:
    raise missing("special", name, lambda: __all__)
