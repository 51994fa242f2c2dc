"""Linear algebra against NumPy, its derivatives to second order, and refusals."""

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist.errors import DTypeError, ShapeError, TraceError
from tinygrad_mnist.ops import linalg
from tinygrad_mnist.testing import gradcheck

RNG = np.random.default_rng(6)
A = RNG.normal(size=(2, 3, 3)) + 3 * np.eye(3)
B = RNG.normal(size=(2, 3, 2))
TALL = RNG.normal(size=(2, 4, 3))
SPD = A @ A.swapaxes(-1, -2)


def test_values():
    a = tg.Tensor(A)
    np.testing.assert_allclose(linalg.inv(a), np.linalg.inv(A))
    np.testing.assert_allclose(linalg.det(a), np.linalg.det(A))
    sign, log = linalg.slogdet(-a)
    assert np.array_equal(sign, [-1, -1])
    np.testing.assert_allclose(log, np.linalg.slogdet(A)[1])
    np.testing.assert_allclose(linalg.solve(a, tg.Tensor(B)), np.linalg.solve(A, B))
    np.testing.assert_allclose(linalg.solve(a[0], tg.Tensor(B[0, :, 0])), np.linalg.solve(A[0], B[0, :, 0]))
    np.testing.assert_allclose(linalg.cholesky(tg.Tensor(SPD)), np.linalg.cholesky(SPD))
    values, vectors = linalg.eigh(tg.Tensor(SPD))
    np.testing.assert_allclose(values, np.linalg.eigvalsh(SPD))
    np.testing.assert_allclose((vectors * values.unsqueeze(-2)) @ vectors.transpose(), SPD)
    for x in (TALL, TALL.swapaxes(-1, -2)):
        u, s, vh = linalg.svd(tg.Tensor(x), full_matrices=False)
        np.testing.assert_allclose((u * s.unsqueeze(-2)) @ vh, x, atol=1e-12)
        np.testing.assert_allclose(s, np.linalg.svd(x, compute_uv=False))
        whole = linalg.svd(tg.Tensor(x))
        for vectors in (whole.U, whole.Vh):
            one = np.broadcast_to(np.eye(vectors.shape[-1]), vectors.shape)
            np.testing.assert_allclose(vectors @ vectors.mT, one, atol=1e-12)
    wide = TALL.swapaxes(-1, -2)
    q, r = linalg.qr(tg.Tensor(wide))
    np.testing.assert_allclose(q @ r, wide, atol=1e-12)
    lower = np.tril(SPD)
    np.testing.assert_allclose(linalg.eigvalsh(tg.Tensor(lower), UPLO="L"), np.linalg.eigvalsh(SPD))
    upper = np.triu(SPD)
    np.testing.assert_allclose(linalg.eigvalsh(tg.Tensor(upper), UPLO="U"), np.linalg.eigvalsh(SPD))
    q, r = linalg.qr(tg.Tensor(TALL))
    np.testing.assert_allclose(q @ r, TALL, atol=1e-12)
    assert not np.tril(r.numpy(), -1).any()
    assert linalg.inv(tg.Tensor(A).float()).dtype == np.float32


@pytest.mark.parametrize("order", [None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf])
def test_norms(order):
    found = linalg.norm(tg.Tensor(TALL), order, axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(found, np.linalg.norm(TALL, order, (1, 2), keepdims=True))
    if order not in ("nuc", "fro", -1, -2, -np.inf):
        np.testing.assert_allclose(linalg.norm(tg.Tensor(TALL), order, 1), np.linalg.norm(TALL, order, 1))


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (linalg.cholesky, SPD[0]),
        (lambda x: linalg.eigh(x).eigenvalues, SPD[0]),
        (lambda x: linalg.eigh(x).eigenvectors ** 2, SPD[0]),
        (lambda x: linalg.svd(x).S, TALL[0]),
        (lambda x: linalg.svd(x).U[:, 3:] @ linalg.svd(x).U[:, 3:].mT, TALL[0]),
        (lambda x: linalg.qr(x).R ** 2, TALL[0].T),
        (linalg.pinv, TALL[0]),
        (lambda x: linalg.norm(x, "nuc"), TALL[0]),
        (lambda x: linalg.slogdet(x).logabsdet, A[0]),
        (lambda x: linalg.solve(x, tg.Tensor(B[0])), A[0]),
    ],
)
def test_derivatives(f, x):
    gradcheck(f, [x], order=2)


def test_refusals():
    with pytest.raises(ShapeError, match=r"inv: needs square matrices .*, not \(2, 4, 3\)"):
        linalg.inv(tg.Tensor(TALL))
    with pytest.raises(ShapeError, match=r"solve: right-hand sides of shape \(2, 4, 3\) do not fit"):
        linalg.solve(tg.Tensor(A), tg.Tensor(TALL))
    with pytest.raises(DTypeError, match="det: not defined for int64; cast"):
        linalg.det(tg.tensor([[1, 2], [3, 4]]))
    with pytest.raises(np.linalg.LinAlgError, match="inv: Singular matrix"):
        linalg.inv(tg.zeros((2, 2)))
    with pytest.raises(TraceError, match="cholesky: compiled programs cannot contain it; compute it outside"):
        tg.jit(linalg.cholesky)(tg.Tensor(SPD))
    with pytest.raises(ValueError, match="no matrix norm of ord 3"):
        linalg.norm(tg.Tensor(A), 3, (1, 2))


@pytest.mark.parametrize("rank", [3, 2, 1, 0])
def test_determinants_of_singular_matrices_have_derivatives(rank):
    rng = np.random.default_rng(rank)
    a = rng.normal(size=(3, rank)) @ rng.normal(size=(rank, 3))
    cofactors = np.cross(np.roll(a, -1, 0), np.roll(a, -2, 0))
    np.testing.assert_allclose(tg.grad(linalg.det)(tg.Tensor(a)), cofactors, atol=1e-14)
    gradcheck(linalg.det, [a], order=2)


def test_determinants_with_equal_singular_values_have_two_derivatives():
    gradcheck(linalg.det, [np.stack([np.eye(3), -2 * np.eye(3), np.zeros((3, 3))])], order=2)


def test_solutions_for_as_many_vectors_as_matrices():
    a, b = np.random.default_rng(0).normal(size=(2, 3, 3)), np.arange(6.0).reshape(2, 3)
    x = linalg.solve(tg.Tensor(a), tg.Tensor(b))
    np.testing.assert_allclose(np.einsum("nij,nj->ni", a, x), b, atol=1e-13)
