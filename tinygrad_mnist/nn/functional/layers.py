"""Layers as functions: maps, tables of vectors, rearrangements of pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import ops
from ...core.tensor import Tensor
from ...errors import ShapeError
from ...ops.floats import in_floats
from ...ops.folding import im2col
from ...primitive import Value
from .targets import values

__all__ = [
    "bilinear", "channel_shuffle", "cosine_similarity", "embedding", "embedding_bag", "fold", "interpolate",
    "linear", "one_hot", "pad", "pairwise_distance", "pdist", "pixel_shuffle", "pixel_unshuffle", "unfold",
    "upsample",
]  # fmt: skip


def linear(input: Value, weight: Value, bias: Value | None = None) -> Value:
    """x @ weight.T + bias, for x (..., in), weight (out, in) or (in,), bias (out,) or ()."""
    if weight.ndim == 1:
        y = ops.matmul(input, weight)
        return y if bias is None else y + bias
    if bias is None or bias.ndim != 1 or input.ndim == 0:
        y = ops.matmul(input, ops.transpose(weight))
        return y if bias is None else y + bias
    return ops.linear(input, weight, bias)


@in_floats
def bilinear(input1: Value, input2: Value, weight: Value, bias: Value | None = None) -> Value:
    """y_k = x1 @ weight_k @ x2 + bias_k; weight is (out, in1, in2), the inputs (..., in1) and (..., in2)."""
    if weight.ndim != 3 or input1.shape[-1:] != weight.shape[1:2] or input2.shape[-1:] != weight.shape[2:]:
        raise ShapeError(
            f"bilinear: inputs {tuple(input1.shape)} and {tuple(input2.shape)} do not fit a weight "
            f"{tuple(weight.shape)}, which is (out, in1, in2)"
        )
    if input1.shape[:-1] != input2.shape[:-1]:
        raise ShapeError(
            f"bilinear: the inputs {tuple(input1.shape)} and {tuple(input2.shape)} must agree in all but "
            f"the last axis"
        )
    y = ops.einsum("ni,oij,nj->no", _rows(input1), weight, _rows(input2))
    y = ops.reshape(y, (*input1.shape[:-1], weight.shape[0]))
    y = y if bias is None else y + bias
    return y if weight.dtype.kind == "f" or y.dtype == weight.dtype else ops.cast(y, weight.dtype)


def _rows(x: Value) -> Value:
    return ops.reshape(x, (-1 if x.shape[-1] else 0, x.shape[-1]))


def embedding(
    input: Any,
    weight: Value,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Value:
    """The rows of `weight` (V, D) at integer positions: (*input.shape, D).

    Rows at `padding_idx` get no gradient. With `max_norm`, rows that are longer by the norm of
    `norm_type` are first shortened in `weight` itself. `scale_grad_by_freq` divides gradients by how
    often a row was asked for; `sparse` changes nothing. Raises IndexError for a position outside 0 .. V - 1.
    """
    input = ops.positions(values(input), 0, weight.shape[0])
    if max_norm is not None:
        _shorten(weight, np.unique(np.asarray(input)), max_norm, norm_type)
    rows = ops.embedding(input, weight, padding_idx)
    if scale_grad_by_freq:
        index = np.asarray(input)
        counts = np.bincount(index.ravel(), minlength=weight.shape[0])[index]
        share = (1 / np.maximum(counts, 1)).astype(rows.dtype)[..., None]
        return rows * share + ops.stop_gradient(rows) * (1 - share)
    return rows


def _shorten(weight: Tensor, which: Any, max_norm: float, norm_type: float) -> None:
    array = np.array(weight.detach().numpy())
    norms = np.linalg.norm(array[which], norm_type, axis=1)
    scale = np.where(norms > max_norm, max_norm / (norms + 1e-7), 1.0).astype(array.dtype)
    array[which] *= scale[:, None]
    weight.assign_(array)


def embedding_bag(
    input: Any,
    weight: Value,
    offsets: Any = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Value | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Value:
    """Sums, means or maxima of bags of rows of `weight`: (bags, D).

    Args:
        input: positions (B, N), a bag in each row; or (N,), cut into bags at `offsets` (bags,).
        weight: the table (V, D).
        offsets: where each bag begins; with `include_last_offset` also where the last ends.
        max_norm, norm_type, scale_grad_by_freq, sparse: as in `embedding`.
        mode: "sum", "mean" or "max"; an empty bag gives zeros.
        per_sample_weights: factors of the shape of `input`, for mode "sum".
        padding_idx: rows that do not count.
    """
    if mode not in ("sum", "mean", "max"):
        raise ValueError(f"mode has to be one of sum, mean or max, not {mode!r}")
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(f"embedding_bag: per_sample_weights is for mode='sum', not {mode!r}")
    index = values(input)
    if per_sample_weights is not None and per_sample_weights.shape != index.shape:
        raise ValueError(
            f"embedding_bag: per_sample_weights {tuple(per_sample_weights.shape)} must have the shape of "
            f"input "
            f"{tuple(index.shape)}"
        )
    if index.ndim == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated as a mini-batch"
            )
        bags = np.repeat(np.arange(index.shape[0]), index.shape[1])
        count = index.shape[0]
    elif index.ndim == 1:
        if offsets is None:
            raise ValueError("offsets has to be a 1D Tensor but got None")
        bags, count = _bags(np.asarray(offsets), index.shape[0], include_last_offset)
    else:
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {index.ndim}")
    flat = ops.reshape(index, (-1,)) if index.ndim == 2 else index
    rows = embedding(flat, weight, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
    member = np.arange(count)[:, None] == bags  # (bags, N)
    if padding_idx is not None:
        member = member & (np.asarray(flat) != padding_idx % weight.shape[0])
    if mode == "max":
        return _largest(rows, member)
    if per_sample_weights is not None:
        rows = rows * ops.reshape(per_sample_weights, (-1, 1))
    total = ops.matmul(member.astype(rows.dtype), rows)
    if mode == "sum":
        return total
    return total / np.maximum(member.sum(1, keepdims=True), 1).astype(rows.dtype)


def _largest(rows: Value, member: Any) -> Value:
    if not member.size:
        return ops.matmul(member.astype(rows.dtype), rows)
    lowest = ops.where(member[:, :, None], ops.unsqueeze(rows, 0), -math.inf)
    return ops.where(member.any(1)[:, None], ops.amax(lowest, 1), 0.0)


def _bags(offsets: Any, length: int, include_last: bool) -> tuple[Any, int]:
    """Which bag each position belongs to, and how many there are."""
    if offsets.ndim != 1:
        raise ValueError(f"offsets has to be a 1D Tensor but got {offsets.ndim} axes")
    if offsets.size and offsets[0] != 0:
        raise ValueError(
            f"offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start "
            f"from position 0. However, got {offsets[0]}"
        )
    if offsets.size and offsets[-1] > length:
        raise ValueError(
            f"offsets[-1] can not be greater than input's length({length}), but got {offsets[-1]}"
        )
    starts = offsets[:-1] if include_last else offsets
    return np.searchsorted(starts, np.arange(length), side="right") - 1, len(starts)


def pixel_shuffle(input: Value, upscale_factor: int) -> Value:
    """(..., C r^2, H, W) -> (..., C, H r, W r) (Shi et al. 2016)."""
    r = upscale_factor
    if input.ndim < 3 or r < 1 or input.shape[-3] % r**2:
        raise ShapeError(
            f"pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of "
            f"upscale_factor {r}, but the input is {tuple(input.shape)}"
        )
    *lead, channels, height, width = input.shape
    x = ops.reshape(input, (*lead, channels // r**2, r, r, height, width))
    n = len(lead)
    x = ops.permute(x, (*range(n + 1), n + 3, n + 1, n + 4, n + 2))
    return ops.reshape(x, (*lead, channels // r**2, height * r, width * r))


def pixel_unshuffle(input: Value, downscale_factor: int) -> Value:
    """(..., C, H r, W r) -> (..., C r^2, H, W)."""
    r = downscale_factor
    if input.ndim < 3 or r < 1 or input.shape[-1] % r or input.shape[-2] % r:
        raise ShapeError(
            f"pixel_unshuffle expects height and width divisible by downscale_factor {r}, but the input is "
            f"{tuple(input.shape)}"
        )
    *lead, channels, height, width = input.shape
    x = ops.reshape(input, (*lead, channels, height // r, r, width // r, r))
    n = len(lead)
    x = ops.permute(x, (*range(n + 1), n + 2, n + 4, n + 1, n + 3))
    return ops.reshape(x, (*lead, channels * r**2, height // r, width // r))


def channel_shuffle(input: Value, groups: int) -> Value:
    """(N, C, ...) with the channels of the groups interleaved."""
    if input.ndim < 3 or groups < 1 or input.shape[1] % groups:
        raise ShapeError(
            f"channel_shuffle: channels of {tuple(input.shape)} cannot be divided into {groups} groups"
        )
    n, channels, *rest = input.shape
    x = ops.reshape(input, (n, groups, channels // groups, *rest))
    return ops.reshape(ops.transpose(x, 1, 2), input.shape)


def pad(input: Value, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Value:
    """See `ops.pad`; counts begin with the last axis."""
    return ops.pad(input, tuple(pad), mode, value)


def interpolate(
    input: Value,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Value:
    """See `ops.interpolate`."""
    return ops.interpolate(input, size, scale_factor, mode, align_corners, recompute_scale_factor, antialias)


def upsample(
    input: Value,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Value:
    """As `interpolate`."""
    return interpolate(input, size, scale_factor, mode, align_corners)


def unfold(input: Value, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Value:
    """Every patch as a column; see `ops.im2col`."""
    return im2col(input, kernel_size, dilation, padding, stride)


def fold(
    input: Value, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Value:
    """The transpose of `unfold`."""
    return ops.fold(input, output_size, kernel_size, dilation, padding, stride)


def one_hot(tensor: Value, num_classes: int = -1) -> Value:
    """Classes as rows of 0 and 1, int64; -1: as many as the largest class says."""
    index = values(tensor)
    if index.dtype.kind not in "iu":
        raise ShapeError("one_hot is only applicable to index tensor of integers")
    if num_classes == -1:
        if 0 in index.shape:
            raise ShapeError("Can not infer total number of classes from empty tensor.")
        num_classes = int(np.asarray(index).max()) + 1
    found = ops.one_hot(index, num_classes, np.int64)
    return found if isinstance(found, Tensor) else Tensor(found)


def cosine_similarity(x1: Value, x2: Value, dim: int = 1, eps: float = 1e-8) -> Value:
    """The cosine of the angle between vectors along `dim`."""
    return ops.cosine_similarity(x1, x2, dim, eps)


def pairwise_distance(
    x1: Value, x2: Value, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Value:
    """The p-norm of x1 - x2 + eps over the last axis."""
    return ops.pairwise_distance(x1, x2, p, eps, keepdim)


@in_floats
def pdist(input: Value, p: float = 2.0) -> Value:
    """The p-norm distances of the N (N - 1) / 2 pairs of rows of (N, M)."""
    if input.ndim != 2:
        raise ShapeError(f"pdist only supports 2D tensors, got: {input.ndim}D")
    i, j = np.triu_indices(input.shape[0], 1)
    return ops.norm(ops.take(input, i, 0) - ops.take(input, j, 0), p, -1)
