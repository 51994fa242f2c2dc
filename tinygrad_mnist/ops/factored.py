"""Linear algebra built of `factorisations`, under the names of PyTorch's `torch.linalg`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..errors import ShapeError
from ..primitive import Value, composite
from . import factorisations as direct
from .contract import product
from .elementwise import cast, eq, where
from .joining import tril
from .matrices import cross as cross_product, multi_dot
from .reduce import Axis, amax, sum
from .statistics import norm as elements_norm
from .views import reshape_to, stop_gradient, transpose, unsqueeze

__all__ = [
    "cond", "cross", "eigvalsh", "lstsq", "matrix_norm", "matrix_power", "matrix_rank", "multi_dot", "pinv",
    "solve_triangular", "svdvals", "vecdot",
]  # fmt: skip


def cross(input: Value, other: Value, *, dim: int = -1) -> Value:
    """The vector product along `dim`, which has length 3."""
    return cross_product(input, other, dim)


@composite(
    (((2, 3),), {"axis": 1}),
    (((2, 3, 2),), {"axis": (0, 2), "keepdims": True}),
    (((4,),), {}),
    (((4,),), {"ord": 1}),
    (((4,),), {"ord": 3}),
    (((2, 3),), {"ord": np.inf, "axis": 0}),
)
def norm(x: Value, ord: float | str | None = "fro", axis: Axis = None, keepdims: bool = False) -> Value:
    """The vector norm over `axis` (None: of all elements): see `statistics.norm`; "nuc" is of matrices."""
    if ord == "nuc":
        return direct.norm(x, ord, tuple(range(x.ndim)) if axis is None else axis, keepdims)
    return elements_norm(x, ord, axis, keepdims)


def vecdot(x: Value, y: Value, *, dim: int = -1) -> Value:
    """Sums of products along `dim`."""
    return sum(x * y, dim)


def logdet(A: Value) -> Value:
    """The logarithm of the determinant; NaN where that is negative, -inf where it is 0."""
    sign, magnitude = direct.slogdet(A)
    return where(sign < 0, np.nan, magnitude)


def svdvals(A: Value) -> Value:
    """The singular values (..., k) of matrices (..., m, n), in descending order."""
    return direct.svd(A, False).S


def eigvalsh(A: Value, UPLO: str | None = None) -> Value:
    """The eigenvalues (..., n) of symmetric matrices (..., n, n), in ascending order."""
    return direct.eigh(A, UPLO).eigenvalues


def matrix_norm(A: Value, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False) -> Value:
    """The norm of the matrices in two axes: see `linalg.norm`."""
    if len(tuple(dim)) != 2:
        raise ShapeError(f"linalg.matrix_norm: dim names two axes, not {dim}")
    return direct.norm(A, ord, dim, keepdim)


def cond(A: Value, p: Any = None) -> Value:
    """The condition number: largest by smallest singular value, or norm(A) norm(inv(A)) of ord `p`."""
    if p is None or p in (2, -2):
        s = svdvals(A)
        large, small = s[..., 0], s[..., -1]
        return small / large if p == -2 else large / small
    return matrix_norm(A, p) * matrix_norm(direct.inv(A), p)


def _cut(s: Value, A: Value, atol: Any, rtol: Any) -> Value:
    """Singular values below this count as zero."""
    relative = max(A.shape[-2:]) * float(np.finfo(A.dtype).eps) if rtol is None else rtol
    if rtol is None and atol is not None:
        relative = 0.0
    if not s.shape[-1]:
        return 0.0
    limit = amax(s, -1, True) * _last(relative)
    least = 0.0 if atol is None else _last(atol)
    return where(limit > least, limit, least)


def _last(limit: Any) -> Any:
    """A limit for each matrix, beside its singular values."""
    return unsqueeze(limit, -1) if getattr(limit, "ndim", 0) else limit


def matrix_rank(
    A: Value, *, tol: Any = None, atol: Any = None, rtol: Any = None, hermitian: bool = False
) -> Value:
    """How many singular values are above max(atol, rtol * the largest); int64. rtol is max(m, n) eps."""
    s = svdvals(A)
    if tol is not None:
        return sum(cast(s > tol, np.dtype(np.int64)), -1)
    return sum(cast(s > _cut(s, A, atol, rtol), np.dtype(np.int64)), -1)


def pinv(
    A: Value, *, atol: Any = None, rtol: Any = None, rcond: Any = None, hermitian: bool = False
) -> Value:
    """The pseudoinverse (..., n, m) of matrices (..., m, n); singular values below the cut count as zero."""
    if hermitian:  # the numbers of the lower half
        seen = stop_gradient(A)
        A = A + (tril(seen) + transpose(tril(seen, -1)) - seen)
    u, s, vh = direct.svd(A, False)
    keep = s > _cut(s, A, atol, rcond if rtol is None else rtol)
    inverse = where(keep, 1 / where(keep, s, 1.0), 0.0)
    return product(transpose(vh) * unsqueeze(inverse, -2), transpose(u))


class LeastSquares(NamedTuple):
    """What `lstsq` finds."""

    solution: Any
    residuals: Any
    rank: Any
    singular_values: Any


def lstsq(A: Value, B: Value, rcond: Any = None, *, driver: str | None = None) -> LeastSquares:
    """The x (..., n, k) with the least norm of A @ x - B, for A (..., m, n) and B (..., m, k).

    `driver` is LAPACK's routine in PyTorch; here it says which results there are: with "gelsy", the default,
    `residuals` are empty, with another the squares of what is left where m > n and the rank is n; with "gels"
    there is no rank; singular values have "gelsd" and "gelss".
    """
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise ValueError(f"linalg.lstsq: driver is gels, gelsy, gelsd or gelss, not {driver!r}")
    if A.ndim < 2 or B.ndim < 2 or A.shape[-2] != B.shape[-2]:
        raise ShapeError(f"linalg.lstsq: right-hand sides {B.shape} do not fit matrices {A.shape}")
    x = product(pinv(A, rtol=rcond), B)
    rank, values = stop_gradient(matrix_rank(A, rtol=rcond)), stop_gradient(svdvals(A))
    left = product(A, x) - B
    told = driver in ("gels", "gelsd", "gelss") and A.shape[-2] > A.shape[-1]
    full = told and bool(np.asarray(eq(rank, A.shape[-1])).all())
    none = reshape_to(values[..., :0], (0,))
    return LeastSquares(
        x,
        sum(left * left, -2) if full else none,
        cast(none, rank.dtype) if driver == "gels" else rank,
        values if driver in ("gelsd", "gelss") else none,
    )


def matrix_power(a: Value, n: int) -> Value:
    """The product of n matrices a (..., m, m), n from 0 on."""
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(f"matrix_power: needs square matrices, not {a.shape}")
    if n < 0:
        return matrix_power(direct.inv(a), -n)
    if n == 0:
        return a * 0 + np.eye(a.shape[-1], dtype=a.dtype)
    y, square = None, a
    while n:
        if n % 2:
            y = square if y is None else product(y, square)
        n //= 2
        square = product(square, square) if n else square
    return y


def solve_triangular(
    A: Value, B: Value, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Value:
    """The x with A @ x = B (or x @ A = B unless `left`), of the upper or lower triangle of A."""
    triangle = where(np.triu(np.ones(A.shape[-2:], np.bool_)) == upper, A, 0.0)
    on = np.eye(A.shape[-1], dtype=np.bool_)
    triangle = where(on, 1.0 if unitriangular else A, triangle)
    if left:
        return direct.solve(triangle, B)
    return transpose(direct.solve(transpose(triangle), transpose(B)))
