"""PyTorch's functions that are made of others here: values written into values, dtypes compared."""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np

from .. import ops
from ..errors import ShapeError
from ..ops import linalg
from ..primitive import Shape, Value, check_dtype, result_dtype
from .assignment import assigned, scattered
from .inplace import InPlace, change
from .methods import Method
from .one_number import number
from .tape import sum_to

__all__ = [
    "broadcast_shapes", "can_cast", "cholesky", "cholesky_solve", "clone", "detach", "diagonal_scatter",
    "gcd", "index_put", "is_nonzero", "lcm", "ldexp", "logaddexp2", "promote_types", "qr", "renorm",
    "result_type", "slice_scatter", "svd",
]  # fmt: skip

_T = TypeVar("_T")


def clone(input: Value) -> Value:
    """A copy, through which gradients go: x.clone().

    Args:
        input: any shape and dtype.
    """
    return input.clone()


def detach(input: Value) -> Value:
    """The same values, without the graph behind them: x.detach().

    Args:
        input: any shape and dtype.
    """
    return input.detach()


def is_nonzero(input: Value) -> bool:
    """Whether the only element is not zero; ShapeError if there are others.

    Args:
        input: a single element, of any dtype.
    """
    return bool(input.item())


def index_put(input: Value, indices: Any, values: Any, accumulate: bool = False) -> Value:
    """The values of x, with others at `x[indices]`.

    Args:
        input: any shape and dtype.
        indices: a tuple of index tensors.
        values: of the shape of that place, or one that broadcasts to it; cast to x's dtype.
        accumulate: add to what is there, at repeated positions several times.
    """
    if accumulate:
        return input + scattered(input, tuple(indices), values)
    result: Value = assigned(input, tuple(indices), values)
    return result


def slice_scatter(
    input: Value, src: Any, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Value:
    """The values of x, with those of `src` in the slice start:end:step of an axis.

    Args:
        input: any shape and dtype.
        src: of the shape of the slice; cast to x's dtype.
        dim: the axis.
        start, end, step: of the slice.
    """
    key = [slice(None)] * input.ndim
    key[dim] = slice(start, end, step)
    result: Value = assigned(input, tuple(key), src)
    return result


def diagonal_scatter(input: Value, src: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Value:
    """x, with the values of `src` on the diagonals of its matrices.

    Args:
        input: any shape of two axes or more, any dtype.
        src: of the shape of `tg.diagonal(x, offset, dim1, dim2)`; cast to x's dtype.
        offset: how far above the main diagonal.
        dim1, dim2: the axes of the matrices.
    """
    places = np.diagonal(np.arange(math.prod(input.shape)).reshape(input.shape), offset, dim1, dim2)
    if not hasattr(src, "dtype") or src.shape != places.shape:
        raise ShapeError(f"diagonal_scatter: needs values of shape {places.shape}")
    return ops.reshape(assigned(ops.reshape(input, (-1,)), (places,), src), input.shape)


def renorm(input: Value, p: float, dim: int, maxnorm: float) -> Value:
    """x, its slices along an axis made shorter where their p-norm is above `maxnorm`.

    Args:
        input: any shape, float32 or float64.
        p: which norm.
        dim: the axis that counts the slices.
        maxnorm: how long a slice may be.
    """
    if input.ndim < 2:
        raise ShapeError(f"renorm: needs at least 2 axes, not shape {tuple(input.shape)}")
    others = tuple(i for i in range(input.ndim) if i != dim % input.ndim)
    lengths = ops.norm(input, p, others, True)
    result: Value = input * ops.where(lengths > maxnorm, maxnorm / (lengths + 1e-7), 1.0)
    return result


def cholesky(input: Value, upper: bool = False) -> Value:
    """The factor L of symmetric positive definite matrices L L.T: see `linalg.cholesky`.

    Args:
        input: (..., n, n), float32 or float64.
        upper: L.T instead.
    """
    return linalg.cholesky(input, upper=upper)


def cholesky_solve(B: Value, L: Value, upper: bool = False) -> Value:
    """The X with A X = B, for the Cholesky factor L of A.

    Args:
        B: (..., n, k), float32 or float64.
        L: (..., n, n), of B's dtype: the lower factor.
        upper: L is the upper factor instead.
    """
    lower, higher = (ops.transpose(L), L) if upper else (L, ops.transpose(L))
    between = linalg.solve_triangular(lower, B, upper=False)
    return linalg.solve_triangular(higher, between, upper=True)


def qr(input: Value, some: bool = True) -> linalg.OrthogonalTriangular:
    """The factors Q and R of matrices: see `linalg.qr`.

    Args:
        input: (..., m, n), float32 or float64.
        some: its mode "reduced"; otherwise "complete".
    """
    return linalg.qr(input, "reduced" if some else "complete")


def svd(input: Value, some: bool = True, compute_uv: bool = True) -> linalg.Singular:
    """U, S and V (not its transpose, as `linalg.svd` has it), with input = U diag(S) V.T.

    Args:
        input: (..., m, n), float32 or float64.
        some: as many columns of U and V as there are singular values; otherwise all.
        compute_uv: PyTorch's word, of which only True is here; `linalg.svdvals` gives S alone.
    """
    if not compute_uv:
        raise ValueError("svd: compute_uv=False is not here; write tg.linalg.svdvals(x)")
    u, s, vh = linalg.svd(input, not some)
    return linalg.Singular(u, s, ops.transpose(vh))


def ldexp(input: Value, other: Value) -> Value:
    """x times 2 to the power `other`.

    Args:
        input: any shape, any dtype; integers count as float32.
        other: exponents, of a shape that broadcasts with x's, any dtype.
    """
    _check_tensor("ldexp", input)
    _check_tensor("ldexp", other)
    return input * ops.pow(2.0, other)


def _check_tensor(name: str, other: Any) -> None:
    if not hasattr(other, "dtype"):
        raise TypeError(f"{name}: both arguments are tensors, not the number {other!r}; write tg.tensor(...)")


def logaddexp2(input: Value, other: Value) -> Value:
    """log2(2^x + 2^y), without overflow.

    Args:
        input: any shape, float32 or float64.
        other: of a shape that broadcasts with x's, of its dtype.
    """
    base = math.log(2)
    return ops.logaddexp(input * base, other * base) / base


def gcd(input: Value, other: Value) -> Value:
    """Greatest common divisors; without a gradient.

    Args:
        input: any shape, integers.
        other: of a shape that broadcasts with x's, integers.
    """
    _check_tensor("gcd", other)
    return input.wrapped(np.gcd(input.numpy(), np.asarray(other)))


def lcm(input: Value, other: Value) -> Value:
    """Least common multiples; without a gradient.

    Args:
        input: any shape, integers.
        other: of a shape that broadcasts with x's, integers.
    """
    _check_tensor("lcm", other)
    return input.wrapped(np.lcm(input.numpy(), np.asarray(other)))


def sum_to_size(input: Value, *size: Any) -> Value:
    """x summed over the axes along which `size` was broadcast to x's shape.

    Args:
        input: any shape and dtype.
        size: lengths, or one tuple of them; ShapeError unless they broadcast to x's shape.
    """
    shape = tuple(size[0]) if len(size) == 1 and isinstance(size[0], tuple | list) else size
    if broadcast_shapes(shape, input.shape) != tuple(input.shape):
        raise ShapeError(f"sum_to_size: {shape} does not broadcast to {input.shape}")
    if shape and shape == tuple(input.shape):
        return input
    result: Value = sum_to(input.long() if input.dtype.kind == "b" else input, shape)
    return result


def broadcast_shapes(*shapes: Any) -> Shape:
    """The shape that tensors of these shapes broadcast to; ShapeError if there is none.

    Args:
        shapes: tuples of lengths, or numbers, each for a tuple of one.
    """
    try:
        return tuple(int(n) for n in np.broadcast_shapes(*shapes))
    except ValueError:
        raise ShapeError(f"broadcast_shapes: {', '.join(map(str, shapes))} do not broadcast") from None


def result_type(tensor1: Any, tensor2: Any) -> np.dtype[Any]:
    """The dtype of what arithmetic makes of two tensors or numbers.

    Args:
        tensor1: any shape and dtype, or a number.
        tensor2: any shape and dtype, or a number.
    """
    return result_dtype(tensor1, tensor2)


def promote_types(type1: Any, type2: Any) -> np.dtype[Any]:
    """The dtype of what arithmetic makes of tensors of two dtypes.

    Args:
        type1, type2: dtypes.
    """
    return result_dtype(np.empty(0, check_dtype(type1)), np.empty(0, check_dtype(type2)))


def can_cast(from_: Any, to: Any) -> bool:
    """Whether an in-place word may put numbers of one dtype into another: not floats into integers, say.

    Args:
        from_: a dtype.
        to: a dtype.
    """
    first, second = check_dtype(from_), check_dtype(to)
    kinds = "buif"
    if second.kind == "u" and first.kind == "i":
        return False
    return kinds.index(first.kind) <= kinds.index(second.kind)


class Words(InPlace[_T]):
    """The functions above as methods, and their in-place words."""

    cholesky: Method[_T] = cholesky
    cholesky_solve: Method[_T] = cholesky_solve
    diagonal_scatter: Method[_T] = diagonal_scatter
    gcd: Method[_T] = gcd
    index_put: Method[_T] = index_put
    is_nonzero: Method[bool] = is_nonzero
    lcm: Method[_T] = lcm
    ldexp: Method[_T] = ldexp
    logaddexp2: Method[_T] = logaddexp2
    qr: Method[linalg.OrthogonalTriangular] = qr
    renorm: Method[_T] = renorm
    slice_scatter: Method[_T] = slice_scatter
    sum_to_size: Method[_T] = sum_to_size
    svd: Method[linalg.Singular] = svd

    def index_put_(self, indices: Any, values: Any, accumulate: bool = False) -> _T:
        """`x[indices] = values`, or `+=` with repeated positions added up; returns self."""
        return change(self, "index_put_", lambda old: index_put(old, indices, values, accumulate))  # type: ignore[return-value]

    def put_(self, index: Any, source: Any, accumulate: bool = False) -> _T:
        """The values of `source` at positions in the order of x's elements, flattened; returns self."""

        def put(old: Value) -> Value:
            flat = index_put(ops.reshape(old, (-1,)), (index,), source, accumulate)
            return ops.reshape(flat, old.shape)

        return change(self, "put_", put)  # type: ignore[return-value]

    def fill_diagonal_(self, fill_value: Any, wrap: bool = False) -> _T:
        """One value on the main diagonal of a matrix; returns self."""
        if wrap:
            raise ValueError("fill_diagonal_: wrap=True is not here")

        def fill(old: Value) -> Value:
            count, value = min(old.shape), number(fill_value, old.dtype, "fill_diagonal_")
            return diagonal_scatter(old, np.full(count, value, old.dtype))

        return change(self, "fill_diagonal_", fill)  # type: ignore[return-value]
