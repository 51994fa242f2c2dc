"""Transformers (Vaswani et al. 2017): layers of attention and of neurons, with PyTorch's names."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.generator import Generator
from ..core.tensor import Tensor, of_numbers
from ..errors import ShapeError
from ..primitive import Value
from . import functional as F, init as inits
from .attention import MultiheadAttention
from .containers import ModuleList
from .dropout import Dropout
from .linear import Linear
from .module import Module
from .normalisation import LayerNorm

Activation = str | Callable[[Value], Value]


class _Layer(Module):
    """What the layers of encoder and decoder share: attention to themselves, and neurons."""

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int,
        dropout: float,
        activation: Activation,
        layer_norm_eps: float,
        batch_first: bool,
        norm_first: bool,
        bias: bool,
        device: Any,
        dtype: Any,
        generator: Generator | None,
        norms: int,
    ) -> None:
        super().__init__()
        made: dict[str, Any] = {"bias": bias, "device": device, "dtype": dtype}
        drawn: dict[str, Any] = {**made, "generator": generator}
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, batch_first=batch_first, **drawn)
        if norms == 3:
            self.multihead_attn = MultiheadAttention(
                d_model, nhead, dropout, batch_first=batch_first, **drawn
            )
        self.linear1 = Linear(d_model, dim_feedforward, **drawn)
        self.dropout = Dropout(dropout, generator=generator)
        self.linear2 = Linear(dim_feedforward, d_model, **drawn)
        self.norm_first = norm_first
        for i in range(1, norms + 1):
            setattr(self, f"norm{i}", LayerNorm(d_model, layer_norm_eps, **made))
        for i in range(1, norms + 1):
            setattr(self, f"dropout{i}", Dropout(dropout, generator=generator))
        self.activation = activation_of(activation)

    def _neurons(self, x: Value) -> Value:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))

    def _attended(self, x: Value, mask: Any, padding: Any, causal: bool) -> Value:
        found, _ = self.self_attn(
            x,
            x,
            x,
            attn_mask=mask,
            key_padding_mask=padding,
            need_weights=False,
            is_causal=causal and mask is not None,
        )
        return found


class TransformerEncoderLayer(_Layer):
    """Attention of a sequence to itself, then two layers of neurons, each added to its input and normalised.

    Args:
        d_model: length of a token's vector.
        nhead: heads of the attention.
        dim_feedforward: neurons of the first layer.
        dropout: of attention, neurons and what is added.
        activation: "relu", "gelu", or a function.
        layer_norm_eps: of the normalisations.
        batch_first: whether sequences are (N, S, E) instead of (S, N, E).
        norm_first: normalise what goes into attention and neurons instead of the sums.
        bias: whether there are biases.
        device, dtype: "cpu", and float32 or float64.
        generator: where first values and dropout come from; the default generator if None.
    """

    norm1: LayerNorm
    norm2: LayerNorm
    dropout1: Dropout
    dropout2: Dropout

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        generator: Generator | None = None,
    ) -> None:
        super().__init__(
            *(d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first),
            *(bias, device, dtype, generator, 2),
        )

    def forward(
        self, src: Value, src_mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool = False
    ) -> Value:
        """The sequence with what its tokens found; masks as in `MultiheadAttention`."""
        x = src
        if self.norm_first:
            x = x + self.dropout1(self._attended(self.norm1(x), src_mask, src_key_padding_mask, is_causal))
            return x + self.dropout2(self._neurons(self.norm2(x)))
        x = self.norm1(x + self.dropout1(self._attended(x, src_mask, src_key_padding_mask, is_causal)))
        return self.norm2(x + self.dropout2(self._neurons(x)))


class TransformerDecoderLayer(_Layer):
    """As `TransformerEncoderLayer`, with an attention to the encoder's result (memory) in between."""

    norm1: LayerNorm
    norm2: LayerNorm
    norm3: LayerNorm
    dropout1: Dropout
    dropout2: Dropout
    dropout3: Dropout

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        generator: Generator | None = None,
    ) -> None:
        super().__init__(
            *(d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first),
            *(bias, device, dtype, generator, 3),
        )

    def _remembered(self, x: Value, memory: Value, mask: Any, padding: Any, causal: bool) -> Value:
        found, _ = self.multihead_attn(
            x,
            memory,
            memory,
            attn_mask=mask,
            key_padding_mask=padding,
            is_causal=causal and mask is not None,
            need_weights=False,
        )
        return found

    def forward(
        self,
        tgt: Value,
        memory: Value,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Value:
        """The targets with what they found in themselves and in memory; masks as in `MultiheadAttention`."""
        x = tgt
        own = (tgt_mask, tgt_key_padding_mask, tgt_is_causal)
        other = (memory, memory_mask, memory_key_padding_mask, memory_is_causal)
        if self.norm_first:
            x = x + self.dropout1(self._attended(self.norm1(x), *own))
            x = x + self.dropout2(self._remembered(self.norm2(x), *other))
            return x + self.dropout3(self._neurons(self.norm3(x)))
        x = self.norm1(x + self.dropout1(self._attended(x, *own)))
        x = self.norm2(x + self.dropout2(self._remembered(x, *other)))
        return self.norm3(x + self.dropout3(self._neurons(x)))


class TransformerEncoder(Module):
    """Copies of a layer one after another, and a normalisation at the end if one is given.

    Args:
        encoder_layer: what is copied.
        num_layers: how often.
        norm: a module for the result, or None.
        enable_nested_tensor, mask_check: PyTorch's words for another machine; nothing changes.
    """

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = ModuleList(copy.deepcopy(encoder_layer) for _ in range(num_layers))
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self, src: Value, mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool | None = None
    ) -> Value:
        """See the layer."""
        for layer in self.layers:
            src = layer(src, mask, src_key_padding_mask, bool(is_causal))
        return src if self.norm is None else self.norm(src)


class TransformerDecoder(Module):
    """Copies of a decoder's layer one after another; as `TransformerEncoder`."""

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.layers = ModuleList(copy.deepcopy(decoder_layer) for _ in range(num_layers))
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        tgt: Value,
        memory: Value,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Value:
        """See the layer."""
        masks = (tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask)
        for layer in self.layers:
            tgt = layer(tgt, memory, *masks, bool(tgt_is_causal), memory_is_causal)
        return tgt if self.norm is None else self.norm(tgt)


class Transformer(Module):
    """An encoder of one sequence and a decoder of another; arguments as of their layers."""

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        custom_encoder: Module | None = None,
        custom_decoder: Module | None = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        generator: Generator | None = None,
    ) -> None:
        super().__init__()
        shared = (
            d_model,
            nhead,
            dim_feedforward,
            dropout,
            activation,
            layer_norm_eps,
            batch_first,
            norm_first,
        )
        made = (bias, device, dtype)
        if custom_encoder is None:
            layer: Module = TransformerEncoderLayer(*shared, *made, generator=generator)
            norm = LayerNorm(d_model, layer_norm_eps, True, *made)
            self.encoder: Module = TransformerEncoder(layer, num_encoder_layers, norm)
        else:
            self.encoder = custom_encoder
        if custom_decoder is None:
            layer = TransformerDecoderLayer(*shared, *made, generator=generator)
            norm = LayerNorm(d_model, layer_norm_eps, True, *made)
            self.decoder: Module = TransformerDecoder(layer, num_decoder_layers, norm)
        else:
            self.decoder = custom_decoder
        for p in self.parameters():
            if p.ndim > 1:
                inits.xavier_uniform_(p, generator=generator)
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first

    def forward(
        self,
        src: Value,
        tgt: Value,
        src_mask: Any = None,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        src_key_padding_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Value:
        """The decoder's result for `tgt`, which looks at the encoder's for `src`."""
        batch = 0 if self.batch_first else 1
        if src.ndim == 3 and src.shape[batch] != tgt.shape[batch]:
            raise ShapeError("the batch number of src and tgt must be equal")
        if src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise ShapeError("the feature number of src and tgt must be equal to d_model")
        memory = self.encoder(src, src_mask, src_key_padding_mask, src_is_causal)
        masks = (tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask)
        return self.decoder(tgt, memory, *masks, tgt_is_causal, memory_is_causal)

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Tensor:
        """The causal mask (sz, sz): minus infinity above the diagonal."""
        return of_numbers(np.triu(np.full((sz, sz), -np.inf, np.float32 if dtype is None else dtype), 1))


def activation_of(given: Activation) -> Callable[[Value], Value]:
    """The function that is meant; RuntimeError for an unknown name."""
    if callable(given):
        return given
    if given not in ("relu", "gelu"):
        raise RuntimeError(f"activation should be relu/gelu, not {given}")
    return F.relu if given == "relu" else F.gelu


__all__ = [
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
]
