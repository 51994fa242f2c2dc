"""What `x[key] = value` and its kin make of a tensor: a new value, differentiable in both."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..errors import DTypeError, ShapeError
from ..primitive import Shape, check_dtype, native
from .array_likes import array_of
from .one_number import number
from .tape import Node


def filled(x: Any, value: Any) -> Any:
    """One value in the shape and dtype of x."""
    if np.ndim(value) if isinstance(value, list | tuple) else getattr(value, "ndim", 0):
        raise ShapeError(f"fill_: takes one number, not shape {np.shape(value)}; copy_ takes a tensor")
    numbers = value if hasattr(value, "dtype") else np.asarray(number(value, x.dtype, "fill_"), x.dtype)
    return ops.expand(_tensor(x, numbers), x.shape)


def as_gradient(x: Any, value: Any) -> Any:
    """What is put into the `grad` of x. Raises TypeError, ShapeError or DTypeError for what is none."""
    if not isinstance(value, Node):
        raise TypeError(
            f"grad: a gradient is a Tensor or None, and not a {type(value).__name__}: write tg.tensor(...)"
        )
    if value.array.shape != x.array.shape:
        raise ShapeError(
            f"grad: the gradient of a tensor of shape {x.array.shape} has it too, not {value.array.shape}"
        )
    if value.array.dtype != x.array.dtype:
        raise DTypeError(
            f"grad: the gradient of a {x.array.dtype} tensor is {x.array.dtype}, not {value.array.dtype}: "
            "cast it, as in g.to(x.dtype)"
        )
    return value


def cast_like(x: Any, source: Any) -> Any:
    """The numbers of `source`, broadcast and cast to the shape and dtype of x."""
    source = _tensor(x, source if hasattr(source, "dtype") else array_of(source))
    if source.dtype != x.dtype:
        source = ops.cast(source, x.dtype)
    return ops.broadcast_to(source, x.shape)


def _tensor(x: Any, value: Any) -> Any:
    """An array as a tensor like x."""
    return value if isinstance(value, Node) else x.wrapped(value)


def _numbers(x: Any, value: Any) -> Any:
    """What is put into x: a tensor or an array as it is, numbers as an array of x's dtype."""
    if isinstance(value, Node):
        return value
    if isinstance(value, np.ndarray):
        return native(value)
    found = value.item() if isinstance(value, np.generic) else value
    check_dtype(array_of(found).dtype)
    return np.asarray(found, x.dtype)


def assigned(x: Any, key: Any, value: Any) -> Any:
    """x with `value` (broadcast, and cast) at `x[key]`; where a position comes twice, the last counts."""
    given = _numbers(x, value)
    if isinstance(given, Node) and given.array.dtype != x.dtype:
        given = ops.cast(given, x.dtype)
    keys = key if isinstance(key, tuple) else (key,)
    if len(keys) == 1 and _is_mask(keys[0], x) and given.ndim == 0:
        return ops.where(_reaching(keys[0], x.ndim), _tensor(x, given), x)
    size = int(np.prod(x.shape))
    places = ops.getitem(x.wrapped(np.arange(size).reshape(x.shape)), key)
    if isinstance(places.array, np.ndarray):
        return _assigned_at(x, places.array, given)
    spread = ops.reshape(_spread(_tensor(x, given), places.shape), (-1,))
    flat = ops.scatter(ops.reshape(x, (-1,)), 0, ops.reshape(places, (-1,)), spread)
    return ops.reshape(flat, x.shape)


def _assigned_at(x: Any, places: Any, given: Any) -> Any:
    """x with `given` at known places: a choice between x and the values, spread out to x's shape."""
    given = _spread(given, places.shape)
    if not isinstance(given, Node) and isinstance(x.array, np.ndarray) and not x.requires_grad:
        data = x.array.copy()
        data.reshape(-1)[places] = given
        return x.wrapped(data)
    size = int(np.prod(x.shape))
    source = np.full(size, -1, np.int64)
    source[places.reshape(-1)] = np.arange(places.size)
    source = source.reshape(x.shape)
    if not places.size:
        return x
    spread = ops.take(ops.reshape(_tensor(x, given), (-1,)), np.maximum(source, 0), 0)
    return ops.where(source >= 0, spread, x)


def _spread(given: Any, shape: Shape) -> Any:
    """`given` broadcast to a shape; its leading axes of length 1 do not matter."""
    shape = _fitting(given.shape, shape)
    lead = given.ndim - len(shape)
    given = ops.reshape(given, given.shape[lead:]) if lead > 0 else given
    return given if given.shape == shape else ops.broadcast_to(given, shape)


def _fitting(shape: Shape, wanted: Shape) -> Shape:
    """`wanted`, if a value of `shape` can be spread to it; leading axes of length 1 do not matter."""
    lead = len(shape) - len(wanted)
    core = shape[lead:] if lead > 0 and set(shape[:lead]) <= {1} else shape
    try:
        fits = np.broadcast_shapes(core, wanted) == tuple(wanted)
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(f"x[...] = v: a value of shape {shape} does not fit the place, of shape {wanted}")
    return tuple(wanted)


def _is_mask(key: Any, x: Any) -> bool:
    return getattr(key, "dtype", None) == np.bool_ and key.ndim > 0 and key.shape == x.shape[: key.ndim]


def _reaching(mask: Any, ndim: int) -> Any:
    return ops.reshape(mask, (*mask.shape, *(1,) * (ndim - mask.ndim)))


def scattered(x: Any, key: Any, value: Any) -> Any:
    """Zeros of x's shape with `value` added at `key`."""
    size = int(np.prod(x.shape))
    places = ops.getitem(x.wrapped(np.arange(size).reshape(x.shape)), key)
    values = ops.broadcast_to(_tensor(x, _numbers(x, value)), places.shape)
    flat = ops.reshape(values, (-1,))
    total = ops.scatter_add_along(flat, ops.reshape(places, (-1,)), 0, size)
    return ops.reshape(total, x.shape)
