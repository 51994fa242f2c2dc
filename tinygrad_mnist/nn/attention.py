"""Attention with several heads."""

from __future__ import annotations

import math
from typing import Any

from .. import ops
from ..core.generator import Generator
from ..errors import ShapeError
from ..primitive import Value
from . import functional as F, init as inits
from .functional.attention import merged_masks
from .linear import Linear
from .making import parameter
from .module import Module
from .parameter import Parameter

__all__ = ["MultiheadAttention"]


class MultiheadAttention(Module):
    """`num_heads` attentions side by side, each on its share of the features (Vaswani et al. 2017).

    Args:
        embed_dim: E, divisible by num_heads.
        num_heads: number of heads.
        dropout: share of the attention weights that is zeroed in training.
        bias: whether the projections have biases.
        add_bias_kv: whether a learnt key and value are added to those given.
        add_zero_attn: whether a key and value of zeros are added.
        kdim, vdim: lengths of keys and values, if not E.
        batch_first: whether sequences are (N, L, E) instead of (L, N, E).
        device, dtype: "cpu", and float32 or float64.
        generator: where first values and dropout come from; the default generator if None.

    Attributes:
        in_proj_weight: Parameter (3 E, E): of queries, keys and values; with kdim or vdim instead
            q_proj_weight, k_proj_weight, v_proj_weight.
        in_proj_bias: Parameter (3 E,), or None.
        out_proj: Linear (E, E).

    Raises ShapeError if the heads do not divide the features, ValueError for sizes below 1.
    """

    in_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        generator: Generator | None = None,
    ) -> None:
        super().__init__()
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and "
                f"num_heads={num_heads}"
            )
        if embed_dim % num_heads:
            raise ShapeError(f"embed_dim must be divisible by num_heads, not {embed_dim} by {num_heads}")
        self.embed_dim, self.num_heads, self.dropout = embed_dim, num_heads, dropout
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self.batch_first, self.add_zero_attn, self.generator = batch_first, add_zero_attn, generator
        self.head_dim = embed_dim // num_heads
        together = self.kdim == embed_dim and self.vdim == embed_dim
        for name, columns in (("q", embed_dim), ("k", self.kdim), ("v", self.vdim)):
            made = None if together else parameter("MultiheadAttention", (embed_dim, columns), device, dtype)
            self.register_parameter(f"{name}_proj_weight", made)
        whole = (
            parameter("MultiheadAttention", (3 * embed_dim, embed_dim), device, dtype) if together else None
        )
        self.register_parameter("in_proj_weight", whole)
        biases = parameter("MultiheadAttention", (3 * embed_dim,), device, dtype) if bias else None
        self.register_parameter("in_proj_bias", biases)
        self.out_proj = Linear(embed_dim, embed_dim, bias, device, dtype, generator=generator)
        for name in ("bias_k", "bias_v"):
            made = parameter("MultiheadAttention", (1, 1, embed_dim), device, dtype) if add_bias_kv else None
            self.register_parameter(name, made)
        for name, p in self.named_parameters(recurse=False):
            if name.endswith("weight"):
                inits.xavier_uniform_(p, generator=generator)
            elif name.startswith("bias"):
                inits.normal_(p, std=math.sqrt(2.0 / embed_dim), generator=generator)
        if self.out_proj.bias is not None:
            inits.zeros_(self.out_proj.bias)

    def _projected(self, x: Value, part: int, name: str) -> Value:
        rows = slice(part * self.embed_dim, (part + 1) * self.embed_dim)
        weight = (
            vars(self)[f"{name}_proj_weight"] if self.in_proj_weight is None else self.in_proj_weight[rows]
        )
        return F.linear(x, weight, None if self.in_proj_bias is None else self.in_proj_bias[rows])

    def forward(
        self,
        query: Value,
        key: Value,
        value: Value,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Value, Value | None]:
        """What the queries find, and the weights with which they looked.

        Args:
            query: (L, N, E), or (N, L, E) with batch_first, or (L, E); float32 or float64.
            key: (S, N, kdim), or as the query is; its dtype.
            value: (S, N, vdim), or as the query is; its dtype.
            key_padding_mask: (N, S) or (S,): bool, True for keys that do not count, or numbers.
            need_weights: whether the weights are given, else None.
            attn_mask: (L, S) or (N num_heads, L, S): bool, True where a query may not look, or numbers.
            average_attn_weights: whether to give their mean over the heads (N, L, S), or (N, heads, L, S).
            is_causal: says that attn_mask is the causal one, which has to be given too.

        Raises ShapeError for shapes that do not fit, ValueError for is_causal without attn_mask.
        """
        alone = query.ndim == 2
        if query.ndim not in (2, 3) or not query.ndim == key.ndim == value.ndim:
            raise ShapeError(
                "MultiheadAttention: query, key and value must all be 2D or all be 3D, not "
                f"{query.ndim}D, {key.ndim}D and {value.ndim}D"
            )
        if is_causal and attn_mask is None:
            raise ValueError("Need attn_mask if specifying the is_causal hint.")
        if query.shape[-1] != self.embed_dim:
            raise ShapeError(
                f"was expecting embedding dimension of {self.embed_dim}, but got {query.shape[-1]}"
            )
        if alone:
            query, key, value = (ops.unsqueeze(x, 0) for x in (query, key, value))
            if key_padding_mask is not None:
                key_padding_mask = key_padding_mask[None]
        elif not self.batch_first:
            query, key, value = (ops.transpose(x, 0, 1) for x in (query, key, value))
        if key.shape[:2] != value.shape[:2] or key.shape[0] != query.shape[0]:
            raise ShapeError(
                f"key's sequence and batch dims {tuple(key.shape[:2])} do not match value's "
                f"{tuple(value.shape[:2])} "
                f"and query's {tuple(query.shape[:2])}"
            )
        shape = (query.shape[0], query.shape[1], key.shape[1])
        mask = merged_masks(attn_mask, key_padding_mask, self.num_heads, shape, query.dtype)
        q, k, v = (
            self._projected(x, part, name) for part, (name, x) in enumerate(zip("qkv", (query, key, value)))
        )
        k, v, mask = self._with_more(k, v, mask)
        q, k, v = (self._heads(x) for x in (q, k, v))
        scores = ops.matmul(q * (1 / math.sqrt(self.head_dim)), ops.transpose(k))
        weights = ops.softmax(scores if mask is None else scores + mask)
        weights = F.dropout(weights, self.dropout, self.training, generator=self.generator)
        found = self.out_proj(ops.flatten(ops.transpose(ops.matmul(weights, v), 1, 2), 2))
        if need_weights and average_attn_weights:
            weights = ops.mean(weights, 1)
        if alone:
            found, weights = found[0], weights[0]
        elif not self.batch_first:
            found = ops.transpose(found, 0, 1)
        return found, weights if need_weights else None

    def _heads(self, x: Value) -> Value:
        """(N, L, E) as (N, heads, L, E / heads)."""
        return ops.transpose(ops.reshape(x, (*x.shape[:2], self.num_heads, self.head_dim)), 1, 2)

    def _with_more(self, k: Value, v: Value, mask: Value | None) -> tuple[Value, Value, Value | None]:
        """The keys and values with those that are added, which no mask hides."""
        more = 0
        n = k.shape[0]
        if self.bias_k is not None and self.bias_v is not None:
            k, v = (
                ops.concatenate([x, ops.expand(b, (n, 1, self.embed_dim))], 1)
                for x, b in ((k, self.bias_k), (v, self.bias_v))
            )
            more += 1
        if self.add_zero_attn:
            k, v = (ops.pad(x, (0, 0, 0, 1)) for x in (k, v))
            more += 1
        return k, v, mask if mask is None or not more else ops.pad(mask, (0, more))
