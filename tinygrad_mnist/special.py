"""Functions of numbers under the names of `torch.special`."""

from __future__ import annotations

import math
from typing import NoReturn

from . import ops
from .core.functions import xlogy
from .core.hints import missing
from .ops import (
    digamma,
    digamma as psi,
    erf,
    erfc,
    erfinv,
    exp2,
    expm1,
    lgamma as gammaln,
    log1p,
    log_softmax,
    logit,
    logsumexp,
    polygamma,
    round,
    sigmoid as expit,
    sinc,
    softmax,
)
from .ops.floats import in_floats
from .primitive import Value

__all__ = [
    "digamma",
    "entr",
    "erf",
    "erfc",
    "erfinv",
    "exp2",
    "expit",
    "expm1",
    "gammaln",
    "log1p",
    "log_softmax",
    "logit",
    "logsumexp",
    "multigammaln",
    "ndtr",
    "ndtri",
    "polygamma",
    "psi",
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
def ndtri(input: Value) -> Value:
    """The number below which a share of a standard normal distribution lies: the inverse of `ndtr`."""
    return ops.erfinv(2 * input - 1) * math.sqrt(2)


def multigammaln(input: Value, p: int) -> Value:
    """log of the gamma function of dimension p: a constant and p terms lgamma(x) + lgamma(x - 1/2) + ..."""
    parts = [ops.lgamma(input - j / 2) for j in range(p)]
    return sum(parts[1:], parts[0]) + p * (p - 1) / 4 * math.log(math.pi)


@in_floats
def xlog1py(input: Value, other: Value) -> Value:
    """x log(1 + y), 0 where x is 0."""
    return xlogy(input, 1 + other)


def __getattr__(name: str) -> NoReturn:
    raise missing("special", name, lambda: __all__)
