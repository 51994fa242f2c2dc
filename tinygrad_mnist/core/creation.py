"""Making Tensors, and joining several: the functions that have no Tensor to be a method of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import ops
from ..primitive import check_dtype
from .tensor import Tensor, filled, wrap


def zeros(shape: int | Sequence[int], dtype: Any = np.float32) -> Tensor:
    """A tensor of zeros."""
    return full(shape, 0, dtype)


def ones(shape: int | Sequence[int], dtype: Any = np.float32) -> Tensor:
    """A tensor of ones."""
    return full(shape, 1, dtype)


def full(shape: int | Sequence[int], value: float, dtype: Any = np.float32) -> Tensor:
    """A tensor of one value."""
    lengths = (shape,) if isinstance(shape, int) else tuple(shape)
    return filled(value, lengths, check_dtype(dtype))


def arange(start: float, stop: float | None = None, step: float = 1, dtype: Any = None) -> Tensor:
    """start, start + step, ... before stop (one argument: from 0); int64, or float32 if any is a float."""
    numbers = np.arange(start, step=step) if stop is None else np.arange(start, stop, step)
    if dtype is None:
        dtype = np.float32 if numbers.dtype.kind == "f" else np.int64
    return wrap(numbers.astype(check_dtype(dtype)))


def eye(n: int, m: int | None = None, dtype: Any = np.float32) -> Tensor:
    """Ones on the diagonal of an n x m (default n x n) matrix of zeros."""
    return wrap(np.eye(n, m, dtype=check_dtype(dtype)))


def where(condition: Any, a: Any, b: Any) -> Tensor:
    """a where the bool `condition` holds, elsewhere b; all broadcast."""
    return _tensor(ops.where(condition, a, b))


def maximum(a: Any, b: Any) -> Tensor:
    """The larger of two, elementwise; ties share the gradient."""
    return _tensor(ops.maximum(a, b))


def minimum(a: Any, b: Any) -> Tensor:
    """The smaller of two, elementwise; ties share the gradient."""
    return _tensor(ops.minimum(a, b))


def concatenate(tensors: Sequence[Tensor], axis: int = 0) -> Tensor:
    """See `ops.concatenate`."""
    return ops.concatenate(tensors, axis)


def stack(tensors: Sequence[Tensor], axis: int = 0) -> Tensor:
    """See `ops.stack`."""
    return ops.stack(tensors, axis)


def einsum(equation: str, *operands: Any) -> Tensor:
    """See `ops.einsum`."""
    return _tensor(ops.einsum(equation, *operands))


def meshgrid(*vectors: Tensor, indexing: str = "ij") -> tuple[Tensor, ...]:
    """See `ops.meshgrid`."""
    return ops.meshgrid(*vectors, indexing=indexing)


def one_hot(index: Any, num_classes: int, dtype: Any = np.float32) -> Tensor:
    """See `ops.one_hot`."""
    return _tensor(ops.one_hot(index, num_classes, dtype))


def _tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else Tensor(value)
