"""Tables of vectors, one per symbol."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.generator import Generator
from ..core.tensor import Tensor
from ..primitive import Value
from . import functional as F, init as inits
from .making import parameter
from .module import Module
from .parameter import Parameter

__all__ = ["Embedding", "EmbeddingBag"]


class _Table(Module):
    """A weight (num_embeddings, embedding_dim), first normal with standard deviation 1."""

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None,
        max_norm: float | None,
        norm_type: float,
        scale_grad_by_freq: bool,
        sparse: bool,
        given: Any,
        device: Any,
        dtype: Any,
        generator: Generator | None,
    ) -> None:
        super().__init__()
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise IndexError("Padding_idx must be within num_embeddings")
            padding_idx %= num_embeddings
        self.padding_idx, self.max_norm, self.norm_type = padding_idx, max_norm, norm_type
        self.scale_grad_by_freq, self.sparse = scale_grad_by_freq, sparse
        if given is None:
            self.weight = parameter(type(self).__name__, (num_embeddings, embedding_dim), device, dtype)
            self.reset_parameters(generator)
        else:
            self.weight = Parameter(given)

    def reset_parameters(self, generator: Generator | None = None) -> None:
        """Draw new first vectors; the one at padding_idx is zero."""
        inits.normal_(self.weight, generator=generator)
        if self.padding_idx is not None:
            first = np.array(self.weight.detach().numpy())
            first[self.padding_idx] = 0
            self.weight.assign_(first)

    def extra_repr(self) -> str:
        """The arguments that are not the default ones."""
        parts = [f"{self.num_embeddings}", f"{self.embedding_dim}"]
        if self.padding_idx is not None:
            parts.append(f"padding_idx={self.padding_idx}")
        if self.max_norm is not None:
            parts.append(f"max_norm={self.max_norm}")
        if self.norm_type != 2:
            parts.append(f"norm_type={self.norm_type}")
        if self.scale_grad_by_freq:
            parts.append("scale_grad_by_freq=True")
        if self.sparse:
            parts.append("sparse=True")
        return ", ".join(parts)


class Embedding(_Table):
    """Integer symbols 0 .. num_embeddings - 1 as vectors: (...) -> (..., embedding_dim).

    Args:
        num_embeddings, embedding_dim: shape of the table.
        padding_idx: a symbol whose vector starts at zero and gets no gradient; or None.
        max_norm, norm_type, scale_grad_by_freq, sparse: see `functional.embedding`.
        _weight, _freeze: the first vectors, and whether they stay.
        device, dtype: "cpu", and float32 or float64.
        generator: where the first vectors come from; the default generator if None.

    Attributes:
        weight: Parameter (num_embeddings, embedding_dim).
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Any = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        generator: Generator | None = None,
    ) -> None:
        super().__init__(
            *(num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse),
            *(_weight, device, dtype, generator),
        )
        self.weight.requires_grad_(not _freeze)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Embedding:
        """A table of given vectors (symbols, length), which training leaves alone unless freeze=False."""
        rows, columns = embeddings.shape
        settings = rows, columns, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse
        return cls(*settings, _weight=embeddings, _freeze=freeze)

    def forward(self, input: Any) -> Value:
        """See `functional.embedding`."""
        settings = self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse
        return F.embedding(input, self.weight, self.padding_idx, *settings)


class EmbeddingBag(_Table):
    """Sums, means or maxima of bags of vectors; see `functional.embedding_bag`.

    Arguments and attributes are those of `Embedding`, besides `mode` and `include_last_offset`.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Any = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: Any = None,
        *,
        generator: Generator | None = None,
    ) -> None:
        super().__init__(
            *(num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse),
            *(_weight, device, dtype, generator),
        )
        self.mode, self.include_last_offset = mode, include_last_offset

    def forward(self, input: Any, offsets: Any = None, per_sample_weights: Value | None = None) -> Value:
        """See `functional.embedding_bag`."""
        return F.embedding_bag(
            *(input, self.weight, offsets, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.mode),
            *(self.sparse, per_sample_weights, self.include_last_offset, self.padding_idx),
        )

    def extra_repr(self) -> str:
        """The arguments that are not the default ones."""
        return f"{super().extra_repr()}, mode={self.mode!r}"
