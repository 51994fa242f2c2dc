"""A table of vectors, one per symbol."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..core.generator import Generator, chosen
from ..errors import ShapeError
from ..primitive import Value
from . import init as inits
from .module import Module
from .parameter import Parameter


class Embedding(Module):
    """Integer symbols 0 .. num_embeddings - 1 as vectors: (...) -> (..., embedding_dim).

    Args:
        num_embeddings, embedding_dim: shape of the table.
        padding_idx: a symbol whose vector starts at zero and gets no gradient; or None.
        generator: where the first vectors come from; by default the default generator.
        init: (shape, generator) -> first vectors; by default normal with standard deviation 1.

    Attributes:
        weight: Parameter (num_embeddings, embedding_dim).
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        generator: Generator | None = None,
        init: inits.Init = inits.normal,
    ) -> None:
        if min(num_embeddings, embedding_dim) < 1:
            raise ShapeError(
                f"Embedding: needs at least one vector of length 1, not {num_embeddings} of {embedding_dim}"
            )
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise IndexError(f"Embedding: padding_idx {padding_idx} is none of {num_embeddings} symbols")
        first = np.array(init((num_embeddings, embedding_dim), chosen(generator)))
        if padding_idx is not None:
            first[padding_idx] = 0
        self.weight = Parameter(first)
        self.padding_idx = padding_idx

    def forward(self, index: Any) -> Value:
        """See `ops.embedding`."""
        return ops.embedding(index, self.weight, self.padding_idx)
