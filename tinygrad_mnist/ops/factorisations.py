"""Linear algebra by NumPy's LAPACK, with derivatives of our own that can be differentiated again.

Each takes matrices in the last two axes, any axes before them count the matrices. A result of
several parts (of `qr`, `eigh`, `svd`) comes from one primitive that gives them side by side in one
tensor, and is cut by views: one factorisation, and one derivative that knows all of them.

LAPACK cannot be called from compiled programs: inside a function compiled by `tg.jit` each of
these raises TraceError by name; compute it outside and pass the result in.

Derivatives: M. B. Giles, "Collected matrix derivative results for forward and reverse mode
algorithmic differentiation", 2008; of the SVD, J. Townsend, "Differentiating the singular value
decomposition", 2016; of qr, S. F. Walter and L. Lehmann, "Algorithmic differentiation of linear
algebra functions", 2010.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import DTypeError, ShapeError
from ..kinds import Opaque
from ..primitive import Array, Primitive, Shape, Value, Vjp, broadcast
from .arranging import diag_embed, diagonal
from .contract import product
from .elementwise import sign, where
from .gather import getitem
from .joining import concatenate, tril
from .reduce import amax, amin, prod, sum
from .statistics import norm as vector_norm
from .views import permute_axes, reshape_to, stop_gradient, transpose, unsqueeze

__all__ = [
    "Eigen", "OrthogonalTriangular", "SignAndLog", "Singular", "cholesky", "det", "eigh", "inv", "norm", "qr",
    "slogdet", "solve", "svd",
]  # fmt: skip


def _lapack(
    name: str,
    run: Callable[..., Array],
    shape: Callable[..., Shape],
    *vjps: Vjp | None,
    square: bool = True,
    cases: Sequence[tuple[Any, ...]] = (((2, 2),),),
    domain: tuple[float, float] = (-3.0, 3.0),
) -> Primitive:
    """A primitive around functions of np.linalg, which compiled programs cannot contain."""

    def infer(*operands: Any) -> tuple[Shape, np.dtype[Any]]:
        for x in operands:
            if x.dtype.kind != "f":
                raise DTypeError(f"{name}: not defined for {x.dtype}; cast with .float() or .double() first")
        a = operands[0]
        if len(a.shape) < 2 or (square and a.shape[-1] != a.shape[-2]):
            raise ShapeError(
                f"{name}: needs {'square ' * square}matrices in the last two axes, not {a.shape}"
            )
        return shape(*operands), np.result_type(*(x.dtype for x in operands))

    def checked(*operands: Any) -> Any:
        _, dtype = infer(*operands)
        try:
            return np.asarray(run(*operands), dtype)
        except np.linalg.LinAlgError as error:
            raise np.linalg.LinAlgError(f"{name}: {error}") from None

    return Primitive(name, Opaque(), checked, infer, vjps, cases=cases, domain=domain)


def _symmetric(x: Value) -> Value:
    return (x + transpose(x)) * 0.5


def _same(a: Any) -> Shape:
    return tuple(a.shape)


# Inverse, determinant, solution ------------------------------------------------------------------

inv: Primitive = _lapack(
    "inv",
    np.linalg.inv,
    _same,
    lambda g, y, a: -product(product(transpose(y), g), transpose(y)),
)

det: Primitive = _lapack(
    "det",
    np.linalg.det,
    lambda a: tuple(a.shape[:-2]),
    lambda g, y, a: unsqueeze(unsqueeze(g, -1), -1) * _cofactors(a),
    cases=[((2, 2),), ((2, 2, 2),)],
)


def _run_cofactors(a: Array) -> Array:
    u, s, vh = np.linalg.svd(a)
    others = np.where(np.eye(a.shape[-1], dtype=np.bool_), 1.0, s[..., None, :]).prod(-1)
    sign = np.rint(np.linalg.det(u) * np.linalg.det(vh))
    return sign[..., None, None] * ((u * others[..., None, :]) @ vh)


def _cofactors_rule(g: Value, y: Value, a: Value) -> Value:
    """In the coordinates of the singular vectors, where the cofactors are those of a diagonal matrix.

    Its cofactor i is the product of all elements but i: it changes with element j by the product of
    all but i and j, and so does, negated, the cofactor beside the diagonal at (i, j) with (j, i). (For
    j = i both are counted, and leave nothing.)
    """
    u, s, vh = _svd_parts(_svd(a), a.shape[-2])
    n = a.shape[-1]
    one = np.eye(n, dtype=np.bool_)
    others = prod(where(one[:, None] | one, 1.0, unsqueeze(unsqueeze(s, -2), -2)), -1)
    g = product(product(transpose(u), g), transpose(vh))
    on = diag_embed(sum(others * unsqueeze(diagonal(g, 0, -2, -1), -2), -1))
    sign = unsqueeze(unsqueeze(det(stop_gradient(product(u, vh))), -1), -1)
    return sign * product(product(u, on - others * transpose(g)), vh)


#: What `det` changes by with each element; by the SVD, so that singular matrices are like all others.
_cofactors: Primitive = _lapack(
    "cofactors", _run_cofactors, _same, _cofactors_rule, cases=[((3, 3),), ((2, 1, 1),)]
)

#: Sign, and logarithm of the magnitude, of a determinant: (..., 2).
_sign_and_log = _lapack(
    "slogdet",
    lambda a: np.stack(np.linalg.slogdet(a), -1),
    lambda a: (*a.shape[:-2], 2),
    lambda g, y, a: unsqueeze(unsqueeze(getitem(g, (..., 1)), -1), -1) * transpose(inv(a)),
)


def _solved_shape(a: Any, b: Any) -> Shape:
    if len(b.shape) < 2 or b.shape[-2] != a.shape[-1]:
        raise ShapeError(f"solve: right-hand sides of shape {b.shape} do not fit matrices {a.shape}")
    return (*broadcast("solve", a.shape[:-2], b.shape[:-2]), *b.shape[-2:])


_solve: Primitive = _lapack(
    "solve",
    np.linalg.solve,
    _solved_shape,
    lambda g, y, a, b: -product(_solve(transpose(a), g), transpose(y)),
    lambda g, y, a, b: _solve(transpose(a), g),
    cases=[((2, 2), (2, 3)), ((2, 1, 1), (1, 2))],
)


class SignAndLog(NamedTuple):
    """A determinant as sign * exp(logabsdet)."""

    sign: Any
    logabsdet: Any


def slogdet(a: Value) -> SignAndLog:
    """Sign and logarithm of the magnitude of the determinant, which itself may overflow: each (...)."""
    both = _sign_and_log(a)
    return SignAndLog(stop_gradient(getitem(both, (..., 0))), getitem(both, (..., 1)))


def solve(a: Value, b: Value) -> Value:
    """The x with a @ x = b: for a (..., n, n) and b (..., n, k), or vectors b: (n,), or as many as a."""
    if b.ndim == 1 or b.shape == a.shape[:-1]:
        x = _solve(a, unsqueeze(b, -1))
        return reshape_to(x, x.shape[:-1])
    return _solve(a, b)


# Factorisations ----------------------------------------------------------------------------------


def _lower_half(x: Value) -> Value:
    """The lower triangle, with half of the diagonal."""
    return tril(x) - diag_embed(diagonal(x, 0, -2, -1)) * 0.5


def _cholesky_rule(g: Value, y: Value, a: Value) -> Value:
    inverse = inv(y)
    inner = _lower_half(product(transpose(y), g))
    return _symmetric(product(product(transpose(inverse), inner), inverse))


#: The lower triangular factor L with L @ L.T = the symmetric part of a positive definite matrix.
_cholesky: Primitive = _lapack(
    "cholesky",
    lambda a: np.linalg.cholesky((a + np.swapaxes(a, -1, -2)) / 2),
    _same,
    _cholesky_rule,
    cases=[((2, 1, 1),)],
    domain=(0.5, 3.0),
)


def cholesky(a: Value, *, upper: bool = False) -> Value:
    """The lower triangular L with L @ L.T = a, symmetric positive definite; if `upper`, its transpose."""
    factor = _cholesky(a)
    return transpose(factor) if upper else factor


class Eigen(NamedTuple):
    """Eigenvalues (..., n) in ascending order, and the eigenvectors as columns (..., n, n)."""

    eigenvalues: Any
    eigenvectors: Any


def _eigh_run(a: Array) -> Array:
    values, vectors = np.linalg.eigh((a + np.swapaxes(a, -1, -2)) / 2)
    return np.concatenate([values[..., None, :], vectors], -2)


def _eigh_rule(g: Value, y: Value, a: Value) -> Value:
    values, v = getitem(y, (..., 0, slice(None))), getitem(y, (..., slice(1, None), slice(None)))
    by_value, by_vector = getitem(g, (..., 0, slice(None))), getitem(g, (..., slice(1, None), slice(None)))
    inner = diag_embed(by_value) + _divided(product(transpose(v), by_vector), _gaps(values))
    return _symmetric(product(product(v, inner), transpose(v)))


def _gaps(values: Value) -> Value:
    """Element (i, j) is values[j] - values[i]."""
    return unsqueeze(values, -2) - unsqueeze(values, -1)


def _divided(x: Value, gaps: Value) -> Value:
    """x / gaps, and zero on the diagonal."""
    n = gaps.shape[-1]
    away = ~np.eye(n, dtype=np.bool_)
    return where(away, x / where(away, gaps, 1.0), 0.0)


_eigh = _lapack("eigh", _eigh_run, lambda a: (*a.shape[:-2], a.shape[-1] + 1, a.shape[-1]), _eigh_rule)


def eigh(a: Value, UPLO: str | None = None) -> Eigen:
    """Eigenvalues and eigenvectors of the symmetric part of a (..., n, n), or of what one half says.

    `UPLO` "L" or "U": only the numbers of the lower or the upper half are looked at.

    The derivative of the vectors needs distinct eigenvalues, that of the values does not.
    """
    if UPLO not in (None, "L", "U", "l", "u"):
        raise ValueError(f"eigh: UPLO is 'L' or 'U', not {UPLO!r}")
    if UPLO is not None:
        seen = stop_gradient(a)
        half = tril(seen) if UPLO in "Ll" else transpose(tril(transpose(seen)))
        on = np.eye(a.shape[-1], dtype=np.bool_) if a.ndim > 1 else True
        # the numbers of one triangle, and the derivative of a symmetric matrix
        a = a + (where(on, half, half + transpose(half)) - seen)
    both = _eigh(a)
    return Eigen(getitem(both, (..., 0, slice(None))), getitem(both, (..., slice(1, None), slice(None))))


class OrthogonalTriangular(NamedTuple):
    """The factors of `qr`."""

    Q: Any
    R: Any


def _qr_run(a: Array) -> Array:
    q, r = np.linalg.qr(a)
    return np.concatenate([np.swapaxes(q, -1, -2), r], -1)


def _qr_rule(g: Value, y: Value, a: Value) -> Value:
    m = a.shape[-2]
    q, r = transpose(getitem(y, (..., slice(0, m)))), getitem(y, (..., slice(m, None)))
    gq, gr = transpose(getitem(g, (..., slice(0, m)))), getitem(g, (..., slice(m, None)))
    inner = product(r, transpose(gr)) - product(transpose(gq), q)
    both = tril(inner) + transpose(tril(inner, -1))
    right = gq + product(q, both)
    return transpose(_solve(r, transpose(right)))


_qr = _lapack(
    "qr",
    _qr_run,
    lambda a: (*a.shape[:-2], min_length(a), a.shape[-2] + a.shape[-1]),
    _qr_rule,
    square=False,
    cases=[((3, 2),), ((2, 2),)],
)


def min_length(a: Any) -> int:
    """The shorter of the last two axes."""
    return int(min(a.shape[-2:]))


def qr(a: Value, mode: str = "reduced") -> OrthogonalTriangular:
    """Q with orthonormal columns (..., m, k), R upper triangular (..., k, n), Q @ R = a, k = min(m, n).

    `mode`: "reduced"; "r" for an empty Q and R, without a derivative. Of matrices that are wider than tall
    the columns beyond m are Q.T @ a.
    """
    if mode not in ("reduced", "r"):
        raise ValueError(f"qr: mode is 'reduced' or 'r' here, not {mode!r}")
    if mode == "r":
        r = qr(stop_gradient(a)).R
        return OrthogonalTriangular(r[:0], r)
    if a.ndim >= 2 and a.shape[-2] < a.shape[-1]:
        square = qr(getitem(a, (..., slice(0, a.shape[-2]))))
        rest = product(transpose(square.Q), getitem(a, (..., slice(a.shape[-2], None))))
        return OrthogonalTriangular(square.Q, concatenate([square.R, rest], -1))
    both, m = _qr(a), a.shape[-2]
    return OrthogonalTriangular(
        transpose(getitem(both, (..., slice(0, m)))), getitem(both, (..., slice(m, None)))
    )


class Singular(NamedTuple):
    """U (..., m, k), the singular values S (..., k) in descending order, and Vh (..., k, n)."""

    U: Any
    S: Any
    Vh: Any


def _svd_run(a: Array) -> Array:
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    return np.concatenate([np.swapaxes(u, -1, -2), s[..., :, None], vh], -1)


def _svd_parts(y: Value, m: int) -> tuple[Value, Value, Value]:
    u = transpose(getitem(y, (..., slice(0, m))))
    return u, getitem(y, (..., m)), getitem(y, (..., slice(m + 1, None)))


def _svd_rule(g: Value, y: Value, a: Value) -> Value:
    m, n = a.shape[-2:]
    u, s, vh = _svd_parts(y, m)
    gu, gs, gvh = _svd_parts(g, m)
    v, gv = transpose(vh), transpose(gvh)
    across, down = unsqueeze(s, -2), unsqueeze(s, -1)  # columns and rows scaled by s
    gaps = across * across - down * down
    j = _divided(product(transpose(u), gu), gaps)
    k = _divided(product(transpose(v), gv), gaps)
    inner = (j + transpose(j)) * across + (k + transpose(k)) * down + diag_embed(gs)
    result = product(product(u, inner), vh)
    if m > min(m, n):
        outside = gu - product(u, product(transpose(u), gu))
        result = result + product(outside / across, vh)
    if n > min(m, n):
        outside = gv - product(v, product(vh, gv))
        result = result + product(u, transpose(outside / across))
    return result


_svd = _lapack(
    "svd",
    _svd_run,
    lambda a: (*a.shape[:-2], min_length(a), a.shape[-2] + 1 + a.shape[-1]),
    _svd_rule,
    square=False,
    cases=[((3, 2),), ((2, 3),)],
)


#: Orthonormal columns (..., m, m - k) beside those that a (..., m, k), m >= k, has.
_complement: Primitive = _lapack(
    "complement",
    lambda a: np.linalg.svd(a)[0][..., min_length(a) :],
    lambda a: (*a.shape[:-1], a.shape[-2] - min_length(a)),
    None,
    square=False,
    cases=[((3, 2),)],
)


def _completed(u: Value) -> Value:
    """Orthonormal columns, and others beside them: with a derivative, which keeps them orthonormal."""
    others = _complement(stop_gradient(u))
    q, r = qr(others - product(u, product(transpose(u), others)))
    return concatenate([u, q * unsqueeze(sign(stop_gradient(diagonal(r, 0, -2, -1))), -2)], -1)


def svd(a: Value, full_matrices: bool = True) -> Singular:
    """U, S, Vh with (U[..., :k] * S) @ Vh[..., :k, :] = a (..., m, n), where k = min(m, n).

    With `full_matrices` U is (..., m, m) and Vh (..., n, n), otherwise (..., m, k) and (..., k, n). The
    derivatives of U and Vh need distinct singular values, those of S only positive ones.
    """
    u, s, vh = _svd_parts(_svd(a), a.shape[-2])
    if full_matrices and a.shape[-2] > a.shape[-1]:
        u = _completed(u)
    if full_matrices and a.shape[-2] < a.shape[-1]:
        vh = transpose(_completed(transpose(vh)))
    return Singular(u, s, vh)


def norm(a: Value, ord: float | str | None = None, axis: Any = None, keepdims: bool = False) -> Value:
    """The norm of vectors or matrices, as in PyTorch's linalg.norm.

    Args:
        a: any shape.
        ord: None: 2-norm of all elements along `axis`. A number: for one axis (or a tensor with
            one) the vector norm, for two the matrix norm: 1, -1 (columns), inf, -inf (rows), 2, -2
            (singular values). "fro", "nuc": of matrices.
        axis: one axis, or two; None for all.
        keepdims: keep the axes with length 1.

    Raises ValueError for another ord, ShapeError where the axes are not one or two.
    """
    axes = range(a.ndim) if axis is None else [axis] if isinstance(axis, int) else axis
    chosen = [i % a.ndim for i in axes]
    if ord is None or ord == "fro" or (len(chosen) == 1 and not isinstance(ord, str)):
        if ord == "fro" and len(chosen) != 2:
            raise ShapeError(f"linalg.norm: the Frobenius norm is of two axes, not {axis}")
        return vector_norm(a, 2 if ord is None or ord == "fro" else float(ord), tuple(chosen), keepdims)
    if len(chosen) != 2:
        raise ShapeError(f"linalg.norm: ord {ord!r} is of one axis or two, not axis {axis} of {a.shape}")
    rest = [i for i in range(a.ndim) if i not in chosen]
    matrices = permute_axes(a, (*rest, *chosen))
    if 0 in matrices.shape[-2:] and ord in ("nuc", 2, -2, 1, -1, math.inf, -math.inf):
        y = sum(matrices, (-2, -1))  # the norm of nothing is 0
    elif ord in ("nuc", 2, -2):
        s = svd(matrices, False).S
        y = sum(s, -1) if ord == "nuc" else amax(s, -1) if ord == 2 else amin(s, -1)
    elif ord in (1, -1, math.inf, -math.inf):
        totals = sum(abs(matrices), -2 if ord in (1, -1) else -1)
        y = amax(totals, -1) if ord in (1, math.inf) else amin(totals, -1)
    else:
        raise ValueError(
            f"linalg.norm: there is no matrix norm of ord {ord!r}; use 'fro', 'nuc', 1, 2 or inf"
        )
    return reshape_to(y, tuple(1 if i in chosen else n for i, n in enumerate(a.shape))) if keepdims else y
