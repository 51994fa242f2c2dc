"""Attention with several heads."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..core.generator import Generator, chosen
from ..errors import ShapeError
from ..primitive import Value
from . import init as inits
from .linear import Linear
from .module import Module
from .parameter import Parameter


class MultiheadAttention(Module):
    """`num_heads` attentions side by side, each on its share of the features (Vaswani et al. 2017).

    Takes (N, L, E) with the batch first, PyTorch's batch_first=True; names and shapes of the
    parameters are PyTorch's. The result is the tensor alone, without the weights of the heads.

    Args:
        embed_dim: E, divisible by num_heads.
        num_heads: number of heads.
        dropout: share of the attention weights that is zeroed in training.
        bias: whether the projections have biases.
        generator: where first weights and dropout come from; by default the default generator.
        init: (shape, generator) -> first weights.

    Attributes:
        in_proj_weight: Parameter (3 E, E): of queries, keys and values.
        in_proj_bias: Parameter (3 E,), or None.
        out_proj: Linear (E, E).

    Raises:
        ShapeError: if the heads do not divide the features.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        *,
        generator: Generator | None = None,
        init: inits.Init = inits.xavier_uniform,
    ) -> None:
        if num_heads < 1 or embed_dim < 1 or embed_dim % num_heads:
            raise ShapeError(
                f"MultiheadAttention: {embed_dim} features cannot be divided into {num_heads} heads"
            )
        self.generator = generator
        generator = chosen(generator)
        self.num_heads, self.dropout = num_heads, dropout
        self.in_proj_weight = Parameter(init((3 * embed_dim, embed_dim), generator))
        self.in_proj_bias = Parameter(np.zeros(3 * embed_dim, self.in_proj_weight.dtype)) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias=bias, generator=generator, init=init)

    def forward(
        self,
        query: Value,
        key: Value | None = None,
        value: Value | None = None,
        attn_mask: Any = None,
        is_causal: bool = False,
    ) -> Value:
        """What the queries find: (N, L, E), or (L, E) without a batch.

        Args:
            query: (N, L, E) or (L, E).
            key: (N, S, E) or (S, E); the queries themselves if left out.
            value: like key; the keys themselves if left out.
            attn_mask: (L, S), or broadcast to (N, num_heads, L, S): bool, True where a query may
                look (PyTorch's module means the opposite), or numbers that are added.
            is_causal: see `ops.scaled_dot_product_attention`.
        """
        key = query if key is None else key
        value = key if value is None else value
        size = self.in_proj_weight.shape[1]
        heads = []
        for i, x in enumerate((query, key, value)):
            part = slice(i * size, (i + 1) * size)
            if self.in_proj_bias is None:
                y = ops.matmul(x, ops.transpose(self.in_proj_weight[part]))
            else:
                y = ops.linear(x, self.in_proj_weight[part], self.in_proj_bias[part])
            y = ops.reshape(y, (*y.shape[:-1], self.num_heads, size // self.num_heads))
            heads.append(ops.transpose(y, -3, -2))
        q, k, v = heads
        found = ops.scaled_dot_product_attention(
            q,
            k,
            v,
            attn_mask=attn_mask,
            dropout_p=self.dropout if self.training else 0.0,
            is_causal=is_causal,
            generator=chosen(self.generator),
        )
        return self.out_proj(ops.flatten(ops.transpose(found, -3, -2), -2))
