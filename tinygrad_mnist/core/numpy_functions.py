"""NumPy's functions on Tensors: `np.exp(t)`, `np.concatenate([t, u])` and `np.linalg.norm(t)` are Tensors.

One table says which operation a function of NumPy is; arguments and defaults are NumPy's. What is not
in the table is computed on the numbers, as an array, if no gradient passes through them; else it
would cut the graph, and is a TypeError that names `t.numpy()`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..ops import linalg
from ..primitive import Operand
from .array_likes import array_of, tensors_in
from .tape import recording

_UNSET: Any = np._NoValue


def _reduced(operation: Callable[..., Any]) -> Callable[..., Any]:
    """As NumPy's reductions take their arguments."""

    def reduction(
        a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, **rest: Any
    ) -> Any:
        _refuse(dtype=dtype, out=out, **rest)
        return operation(a, axis, keepdims is not _UNSET and bool(keepdims))

    return reduction


def _extreme(operation: Callable[..., Any]) -> Callable[..., Any]:
    reduction = _reduced(operation)
    return lambda a, axis=None, out=None, keepdims=False, **rest: reduction(
        a, axis, None, out, keepdims, **rest
    )


def _spread(operation: Callable[..., Any]) -> Callable[..., Any]:
    """Variances, which NumPy divides by n unless told otherwise."""

    def spread(
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        ddof: float = 0,
        keepdims: Any = False,
        **rest: Any,
    ) -> Any:
        correction = rest.pop("correction", _UNSET)
        _refuse(dtype=dtype, out=out, **rest)
        correction = ddof if correction is _UNSET else correction
        kept = keepdims is not _UNSET and bool(keepdims)
        return operation(a, axis, keepdims=kept, correction=correction)

    return spread


def _refuse(**arguments: Any) -> None:
    for name, value in arguments.items():
        if value is not None and value is not _UNSET and value is not True:
            raise TypeError(
                f"a NumPy function of a Tensor does not take {name}=; convert with t.numpy() first"
            )


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    matrix = (axis is None and ord is not None and x.ndim == 2) or isinstance(axis, tuple)
    if matrix and ord is not None:
        return linalg.norm(x, ord, axis, keepdims)
    return ops.norm(x, 2 if ord is None else ord, axis, keepdims)


def _dot(a: Any, b: Any, out: Any = None) -> Any:
    _refuse(out=out)
    if not (getattr(a, "ndim", 0) and getattr(b, "ndim", 0)):
        return ops.mul(a, b)
    if b.ndim <= 2:
        return ops.matmul(a, b)
    return ops.tensordot(a, b, ([a.ndim - 1], [b.ndim - 2]))


def _where(condition: Any, *pair: Any) -> Any:
    if not pair:
        return np.where(_numbers(condition))
    condition = condition if condition.dtype.kind == "b" else ops.ne(condition, 0)
    return ops.where(condition, *pair)


def _cumulated(operation: Callable[..., Any]) -> Callable[..., Any]:
    def cumulated(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        _refuse(dtype=dtype, out=out)
        return operation(ops.reshape(a, (-1,)), 0) if axis is None else operation(a, axis)

    return cumulated


def _concatenate(arrays: Any, axis: Any = 0, out: Any = None, **rest: Any) -> Any:
    _refuse(out=out, **{k: v for k, v in rest.items() if k != "casting"})
    if axis is None:
        return ops.concatenate([ops.reshape(_value(x), (-1,)) for x in arrays], 0)
    return ops.concatenate([_value(x) for x in arrays], axis)


def _vertical(arrays: Any, **rest: Any) -> Any:
    rows = [_value(x) for x in arrays]
    return _concatenate([ops.reshape(x, (1, -1)) if x.ndim < 2 else x for x in rows], 0)


def _horizontal(arrays: Any, **rest: Any) -> Any:
    rows = [_value(x) for x in arrays]
    return _concatenate(rows, 0 if rows[0].ndim == 1 else 1)


def _split(a: Any, parts: Any, axis: int = 0) -> list[Any]:
    n = a.shape[axis]
    if np.ndim(parts) == 0:
        if n % parts:
            raise ValueError("array split does not result in an equal division")
        return list(ops.split(a, n // parts, axis))
    ends = [0, *(min(max(int(p) + (n if p < 0 else 0), 0), n) for p in parts), n]
    return list(ops.split(a, [stop - start for start, stop in itertools.pairwise(ends)], axis))


def _clip(a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, **rest: Any) -> Any:
    low, high = rest.pop("min", _UNSET), rest.pop("max", _UNSET)
    _refuse(out=out, **rest)
    low = a_min if low is _UNSET else low
    high = a_max if high is _UNSET else high
    return ops.clamp(a, None if low is _UNSET else low, None if high is _UNSET else high)


def _take(a: Any, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise") -> Any:
    _refuse(out=out, mode=None if mode == "raise" else mode)
    if axis is None:
        a, axis = ops.reshape(a, (-1,)), 0
    return ops.take(a, np.asarray(indices) if isinstance(indices, list | tuple | int) else indices, axis)


def _diag(v: Any, k: int = 0) -> Any:
    return ops.diag(v, k)


def _like(value: float) -> Callable[..., Any]:
    def filled(a: Any, dtype: Any = None, **rest: Any) -> Any:
        return np.full(a.shape, value, dtype or a.dtype)

    return filled


def _round(a: Any, decimals: int = 0, out: Any = None) -> Any:
    _refuse(out=out)
    return ops.round(a, decimals)


def _sort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    _refuse(order=order)
    return ops.sort(ops.reshape(a, (-1,)) if axis is None else a, -1 if axis is None else axis)[0]


def _argsort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    _refuse(order=order)
    return ops.argsort(ops.reshape(a, (-1,)) if axis is None else a, -1 if axis is None else axis)


def _position(operation: Callable[..., Any]) -> Callable[..., Any]:
    def position(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> Any:
        _refuse(out=out)
        return operation(a, axis, keepdims is not _UNSET and bool(keepdims))

    return position


#: Functions of NumPy, and what they are here.
FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.sum: _reduced(ops.sum),
    np.mean: _reduced(ops.mean),
    np.prod: _reduced(ops.prod),
    np.max: _extreme(ops.amax),
    np.min: _extreme(ops.amin),
    np.any: _extreme(ops.any),
    np.all: _extreme(ops.all),
    np.var: _spread(ops.var),
    np.std: _spread(ops.std),
    np.argmax: _position(ops.argmax),
    np.argmin: _position(ops.argmin),
    np.sort: _sort,
    np.argsort: _argsort,
    np.cumsum: _cumulated(ops.cumsum),
    np.cumprod: _cumulated(ops.cumprod),
    np.clip: _clip,
    np.round: _round,
    np.around: _round,
    np.where: _where,
    np.dot: _dot,
    np.inner: lambda a, b: ops.tensordot(a, b, ([a.ndim - 1], [b.ndim - 1])),
    np.vdot: lambda a, b: ops.dot(ops.reshape(a, (-1,)), ops.reshape(b, (-1,))),
    np.outer: lambda a, b, out=None: ops.outer(ops.reshape(a, (-1,)), ops.reshape(b, (-1,))),
    np.tensordot: lambda a, b, axes=2: ops.tensordot(a, b, axes),
    np.einsum: lambda equation, *operands, **rest: ops.einsum(equation, *operands),
    np.kron: ops.kron,
    np.trace: lambda a, offset=0, axis1=0, axis2=1, dtype=None, out=None: ops.sum(
        ops.diagonal(a, offset, axis1, axis2), -1
    ),
    np.diagonal: lambda a, offset=0, axis1=0, axis2=1: ops.diagonal(a, offset, axis1, axis2),
    np.diag: _diag,
    np.tril: lambda m, k=0: ops.tril(m, k),
    np.triu: lambda m, k=0: ops.triu(m, k),
    np.concatenate: _concatenate,
    np.stack: lambda arrays, axis=0, out=None, **rest: ops.stack([_value(x) for x in arrays], axis),
    np.vstack: _vertical,
    np.hstack: _horizontal,
    np.split: _split,
    np.reshape: lambda a, shape, *args, **rest: ops.reshape(a, shape),
    np.ravel: lambda a, order="C": ops.reshape(a, (-1,)),
    np.transpose: lambda a, axes=None: ops.permute(a, axes or tuple(range(a.ndim))[::-1]),
    np.swapaxes: lambda a, axis1, axis2: ops.transpose(a, axis1, axis2),
    np.moveaxis: lambda a, source, destination: ops.movedim(a, source, destination),
    np.squeeze: lambda a, axis=None: ops.squeeze(a, axis),
    np.expand_dims: lambda a, axis: ops.unsqueeze(a, axis),
    np.broadcast_to: lambda array, shape, subok=False: ops.expand(array, shape),
    np.flip: lambda m, axis=None: ops.flip(m, axis),
    np.roll: lambda a, shift, axis=None: ops.roll(a, shift, axis),
    np.tile: lambda A, reps: ops.tile(A, reps),
    np.repeat: lambda a, repeats, axis=None: ops.repeat_interleave(a, repeats, axis),
    np.take: _take,
    np.take_along_axis: lambda arr, indices, axis=-1: ops.take_along_axis(arr, indices, axis),
    np.zeros_like: _like(0),
    np.ones_like: _like(1),
    np.full_like: lambda a, fill_value, dtype=None, **rest: np.full(a.shape, fill_value, dtype or a.dtype),
    np.linalg.norm: _norm,
    np.linalg.inv: linalg.inv,
    np.linalg.det: linalg.det,
    np.linalg.solve: linalg.solve,
    np.linalg.cholesky: lambda a, *, upper=False: linalg.cholesky(a),
}

#: Functions of NumPy whose answer has no derivative, or is for a person or a file: about the numbers.
QUESTIONS = {
    np.shape,
    np.ndim,
    np.size,
    np.allclose,
    np.isclose,
    np.array_equal,
    np.array_equiv,
    np.array_repr,
    np.array_str,
    np.array2string,
    np.save,
    np.savez,
    np.savetxt,
    np.result_type,
    np.can_cast,
    np.may_share_memory,
    np.shares_memory,
    np.iscomplexobj,
    np.isrealobj,
    np.count_nonzero,
    np.nonzero,
    np.flatnonzero,
    np.argwhere,
}

#: Elementwise functions of NumPy by name, where the name here is another one.
_OTHER_NAMES = {
    "subtract": "sub",
    "multiply": "mul",
    "divide": "div",
    "power": "pow",
    "float_power": "pow",
    "negative": "neg",
    "absolute": "abs",
    "fabs": "abs",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arctan2": "atan2",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
    "radians": "deg2rad",
    "degrees": "rad2deg",
    "rint": "round",
    "equal": "eq",
    "not_equal": "ne",
    "less": "lt",
    "less_equal": "le",
    "greater": "gt",
    "greater_equal": "ge",
    "invert": "bitwise_not",
    "left_shift": "bitwise_left_shift",
    "right_shift": "bitwise_right_shift",
}
_SAME_NAMES = (
    "add floor_divide remainder fmod sign exp exp2 expm1 log log2 log10 log1p sqrt square reciprocal "
    "sin cos tan sinh cosh tanh hypot deg2rad rad2deg maximum minimum logaddexp "
    "isnan isinf isfinite signbit floor ceil trunc matmul "
    "logical_and logical_or logical_xor logical_not bitwise_and bitwise_or bitwise_xor"
)
UFUNCS: dict[str, Callable[..., Any]] = {
    **{theirs: getattr(ops, ours) for theirs, ours in _OTHER_NAMES.items()},
    **{name: getattr(ops, name) for name in _SAME_NAMES.split()},
    "positive": lambda x: x,
}
_REDUCTIONS = {"add": ops.sum, "multiply": ops.prod, "maximum": ops.amax, "minimum": ops.amin}


def array_function(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """A function of NumPy that was given a Tensor: the operation of the table, or one of numbers."""
    ours = FUNCTIONS.get(function)
    if ours is not None:
        return ours(*args, **kwargs)
    if function in QUESTIONS:
        return function(*_as_numbers(args), **_as_numbers(kwargs))
    return _of_numbers(function, args, kwargs)


def array_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """As `array_function`, for NumPy's elementwise functions, and the sums and products made of them."""
    if any(isinstance(x, np.ndarray) for x in kwargs.get("out", ())):
        raise TypeError(
            f"np.{ufunc.__name__} cannot put what is a Tensor into an array; convert with t.numpy() first"
        )
    if method == "__call__" and not kwargs and ufunc.__name__ in UFUNCS:
        return UFUNCS[ufunc.__name__](*map(_value, inputs))
    if method == "reduce" and ufunc.__name__ in _REDUCTIONS and set(kwargs) <= {"axis", "keepdims"}:
        axis = kwargs.get("axis", 0)
        return _REDUCTIONS[ufunc.__name__](inputs[0], axis, bool(kwargs.get("keepdims", False)))
    return _of_numbers(getattr(ufunc, method), inputs, kwargs, ufunc.__name__)


def _of_numbers(function: Callable[..., Any], args: Any, kwargs: Any, name: str = "") -> Any:
    """What is not in the table, where no graph is cut by it."""
    name = name or getattr(function, "__name__", str(function))
    if recording.get() and any(x.requires_grad for x in tensors_in((args, kwargs))):
        raise TypeError(
            f"np.{name} of a Tensor that requires a gradient would cut its graph: use an operation of this "
            f"package, or np.{name}(t.numpy()) if no gradient is to pass"
        )
    return function(*_as_numbers(args), **_as_numbers(kwargs))


def _as_numbers(values: Any) -> Any:
    if isinstance(values, dict):
        return {key: _as_numbers(value) for key, value in values.items()}
    if type(values) in (list, tuple):
        return type(values)(map(_as_numbers, values))
    return _numbers(values)


def _numbers(x: Any) -> Any:
    return x.numpy() if isinstance(x, Operand) else x  # type: ignore[attr-defined]


def _value(x: Any) -> Any:
    """A Tensor, array or number; sequences as arrays."""
    return array_of(x) if isinstance(x, list | tuple) else x
