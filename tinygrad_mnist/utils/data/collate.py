"""Examples put together to a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ... import ops
from ...core.tensor import Tensor, wrap

__all__ = ["default_collate", "default_convert"]


def default_collate(batch: Sequence[Any]) -> Any:
    """A list of examples as one batch: Tensors, arrays and numbers with a new first axis.

    Tuples, lists and dicts of them are gone into; text stays a list. Floats become float64 and integers
    int64, as in PyTorch. TypeError for anything else, RuntimeError for sequences of unequal lengths.
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return ops.stack(list(batch))
    if isinstance(first, np.ndarray | np.generic):
        return wrap(np.stack([np.asarray(x) for x in batch]))
    if isinstance(first, float):
        return wrap(np.array(batch, np.float64))
    if isinstance(first, bool | int):
        return wrap(np.array(batch))
    if isinstance(first, str | bytes):
        return list(batch)
    if isinstance(first, Mapping):
        return type(first)({key: default_collate([x[key] for x in batch]) for key in first})  # type: ignore[call-arg]
    if isinstance(first, tuple | list):
        if any(len(x) != len(first) for x in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        parts = [default_collate(part) for part in zip(*batch, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else parts
    raise TypeError(
        "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found "
        f"{type(first).__name__}: give DataLoader a collate_fn of your own"
    )


def default_convert(data: Any) -> Any:
    """Arrays as Tensors, in tuples, lists and dicts too; the rest as it is."""
    if isinstance(data, np.ndarray):
        return wrap(np.array(data))
    if isinstance(data, Mapping):
        return type(data)({key: default_convert(x) for key, x in data.items()})  # type: ignore[call-arg]
    if isinstance(data, tuple | list) and not hasattr(data, "_fields"):
        return type(data)(map(default_convert, data))
    return data
