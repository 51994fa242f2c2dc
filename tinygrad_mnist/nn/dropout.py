"""Dropout as modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from ..core.generator import Generator
from ..primitive import Value
from . import functional as F
from .functional.dropout import check_probability
from .module import Module

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class Dropout(Module):
    """In training each element is zero with probability p, the others are divided by 1 - p; else x itself.

    Args:
        p: from 0 to 1; ValueError otherwise.
        inplace: change the input itself.
        generator: decides which elements; the default generator if None.
    """

    _drop: ClassVar[Callable[..., Value]] = F.dropout

    def __init__(self, p: float = 0.5, inplace: bool = False, *, generator: Generator | None = None) -> None:
        super().__init__()
        check_probability(p)
        self.p, self.inplace, self.generator = p, inplace, generator

    def forward(self, input: Value) -> Value:
        """See the class."""
        return type(self)._drop(input, self.p, self.training, self.inplace, generator=self.generator)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout1d(Dropout):
    """`Dropout` of whole channels of (N, C, L)."""

    _drop = F.dropout1d


class Dropout2d(Dropout):
    """`Dropout` of whole channels of (N, C, H, W)."""

    _drop = F.dropout2d


class Dropout3d(Dropout):
    """`Dropout` of whole channels of (N, C, D, H, W)."""

    _drop = F.dropout3d


class AlphaDropout(Dropout):
    """`Dropout` that keeps mean 0 and variance 1, for networks of SELU."""

    _drop = F.alpha_dropout


class FeatureAlphaDropout(Dropout):
    """`AlphaDropout` of whole channels."""

    _drop = F.feature_alpha_dropout
