"""Convolutions with PyTorch's argument names."""

from __future__ import annotations

from typing import Any

from ... import ops
from ...errors import DTypeError, ShapeError
from ...primitive import Value

__all__ = ["conv1d", "conv2d", "conv_transpose1d", "conv_transpose2d"]


def conv1d(
    input: Value,
    weight: Value,
    bias: Value | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Value:
    """See `ops.conv1d`."""
    of_one_kind("conv1d", input, weight, bias)
    return ops.conv1d(input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Value,
    weight: Value,
    bias: Value | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Value:
    """See `ops.conv2d`."""
    of_one_kind("conv2d", input, weight, bias)
    return ops.conv2d(input, weight, bias, _pair(stride), _pair(padding), _pair(dilation), groups)


def conv_transpose2d(
    input: Value,
    weight: Value,
    bias: Value | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Value:
    """See `ops.conv_transpose2d`."""
    return ops.conv_transpose2d(
        input, weight, bias, _pair(stride), _pair(padding), _pair(output_padding), groups, _pair(dilation)
    )


def conv_transpose1d(
    input: Value,
    weight: Value,
    bias: Value | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Value:
    """As `conv_transpose2d` along one axis: input (N, C, L) or (C, L), weight (C, O / groups, k)."""
    if weight.ndim != 3 or input.ndim not in (2, 3):
        raise ShapeError(
            "conv_transpose1d: needs an input (N, C, L) or (C, L) and a weight (C, O / groups, k), "
            f"not {tuple(input.shape)} and {tuple(weight.shape)}"
        )
    y = ops.conv_transpose2d(
        ops.unsqueeze(input, -2),
        ops.unsqueeze(weight, -2),
        bias,
        (1, _one(stride)),
        (0, _one(padding)),
        (0, _one(output_padding)),
        groups,
        (1, _one(dilation)),
    )
    return ops.squeeze(y, -2)


def of_one_kind(name: str, input: Value, weight: Value, bias: Value | None) -> None:
    """DTypeError for a bias of another kind of dtype than the input and the weight."""
    if bias is not None and input.dtype.kind == weight.dtype.kind != bias.dtype.kind:
        raise DTypeError(
            f"{name}: Input type ({input.dtype}) and bias type ({bias.dtype}) should be the same; cast one"
        )


def _one(value: Any) -> int:
    return int(value[0]) if isinstance(value, tuple | list) else int(value)


def _pair(value: Any) -> Any:
    """One number where PyTorch takes a list of one for all axes."""
    return value[0] if isinstance(value, tuple | list) and len(value) == 1 else value
