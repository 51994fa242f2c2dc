"""NumPy's functions on Tensors: the same numbers, with the graph; or an error that says what to write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist.core import numpy_functions
from tinygrad_mnist.errors import DTypeError

A = (np.arange(1, 7, dtype=np.float32).reshape(2, 3) / 7)[:, [2, 0, 1]]

#: What each function of the table is called with; by default a matrix.
CALLS: dict[Any, list[Callable[[Any], Any]]] = {
    np.sum: [np.sum, lambda x: np.sum(x, 0), lambda x: np.sum(x, axis=(0, 1), keepdims=True)],
    np.mean: [np.mean, lambda x: np.mean(x, axis=1, keepdims=True)],
    np.var: [np.var, lambda x: np.var(x, 0, ddof=1)],
    np.std: [np.std, lambda x: np.std(x, axis=-1)],
    np.clip: [lambda x: np.clip(x, 0.2, 0.5), lambda x: np.clip(x, None, A + 1)],
    np.where: [lambda x: np.where(x > 0.5, x, 0), lambda x: np.where(A > 0.5, x, A)],
    np.dot: [lambda x: np.dot(x, A.T), lambda x: np.dot(A.T, x), lambda x: np.dot(x, 2.0)],
    np.inner: [lambda x: np.inner(x, A)],
    np.vdot: [lambda x: np.vdot(x, A)],
    np.outer: [lambda x: np.outer(A, x)],
    np.tensordot: [lambda x: np.tensordot(x, A, ([0], [0])), lambda x: np.tensordot(A, x)],
    np.einsum: [lambda x: np.einsum("ij,kj->ik", x, A)],
    np.kron: [lambda x: np.kron(x, A)],
    np.concatenate: [lambda x: np.concatenate([x, A]), lambda x: np.concatenate((A, x), axis=None)],
    np.stack: [lambda x: np.stack([x, A], 1)],
    np.vstack: [lambda x: np.vstack([x[0], A])],
    np.hstack: [lambda x: np.hstack([x, A]), lambda x: np.hstack([x[0], A[1]])],
    np.split: [lambda x: np.split(x, 3, axis=1)[1], lambda x: np.split(x, [1, 2], 1)[2]],
    np.reshape: [lambda x: np.reshape(x, (3, -1))],
    np.swapaxes: [lambda x: np.swapaxes(x, 0, 1)],
    np.moveaxis: [lambda x: np.moveaxis(x, 0, 1)],
    np.expand_dims: [lambda x: np.expand_dims(x, 1)],
    np.broadcast_to: [lambda x: np.broadcast_to(x, (4, 2, 3))],
    np.roll: [lambda x: np.roll(x, 1), lambda x: np.roll(x, 1, 1)],
    np.tile: [lambda x: np.tile(x, (2, 1))],
    np.repeat: [lambda x: np.repeat(x, 2, 1)],
    np.take: [lambda x: np.take(x, [2, 0]), lambda x: np.take(x, [1, 0], axis=1)],
    np.take_along_axis: [lambda x: np.take_along_axis(x, np.array([[0, 2], [1, 1]]), 1)],
    np.linalg.norm: [np.linalg.norm, lambda x: np.linalg.norm(x, axis=1), lambda x: np.linalg.norm(x, "fro")],
    np.linalg.inv: [lambda x: np.linalg.inv(x[:, :2])],
    np.linalg.det: [lambda x: np.linalg.det(x[:, :2])],
    np.linalg.solve: [lambda x: np.linalg.solve(x[:, :2], A)],
    np.linalg.cholesky: [
        lambda x: np.linalg.cholesky(x @ A.T * 0 + (x[:, :2] * np.eye(2, dtype=np.float32)))
    ],
    np.full_like: [lambda x: np.full_like(x, 3)],
}
WITHOUT_GRADIENT = {
    np.argmax,
    np.argmin,
    np.argsort,
    np.any,
    np.all,
    np.round,
    np.around,
    np.zeros_like,
    np.ones_like,
    np.full_like,
}


@pytest.mark.parametrize("function", numpy_functions.FUNCTIONS, ids=lambda f: f.__name__)
def test_functions(function: Any) -> None:
    for f in CALLS.get(function, [function]):
        found, right = f(tg.Tensor(A, requires_grad=True)), f(A)
        np.testing.assert_allclose(np.asarray(found), right, rtol=1e-5, atol=1e-7)
        if function in WITHOUT_GRADIENT:
            continue
        assert isinstance(found, tg.Tensor)
        assert found.requires_grad
        assert found.dtype == np.float32
        slope = float(tg.grad(lambda x, f=f: (f(x) ** 2).sum())(tg.Tensor(A)).sum())
        x = A.astype(np.float64)
        step = 1e-6
        shifted = [float((f(x + step * d) ** 2).sum()) for d in (np.ones_like(x), -np.ones_like(x))]
        assert slope == pytest.approx((shifted[0] - shifted[1]) / (2 * step), rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("name", numpy_functions.UFUNCS)
def test_elementwise(name: str) -> None:
    ufunc = getattr(np, name)
    whole = name.startswith(("bitwise", "invert", "left", "right"))
    x = np.array([[3, 1, 2], [5, 4, 6]]) if whole else A
    x = x + np.float32(1) if name == "arccosh" else x
    others: list[Any] = [] if ufunc.nin == 1 else [x[:, ::-1].copy()]
    if name == "matmul":
        others = [x.T.copy()]
    t = tg.Tensor(x)
    found = ufunc(t, *others)
    assert isinstance(found, tg.Tensor)
    np.testing.assert_allclose(found.numpy(), ufunc(x, *others), rtol=2e-6)
    if others and name != "matmul":
        np.testing.assert_allclose(ufunc(others[0], t).numpy(), ufunc(others[0], x), rtol=2e-6)


def test_operators_beside_arrays_keep_the_graph() -> None:
    x = tg.Tensor(A, requires_grad=True)
    for f in (lambda x: A * x, lambda x: A - x, lambda x: A.T @ x, lambda x: np.float32(2) / x):
        found = f(x)
        assert isinstance(found, tg.Tensor)
        assert found.requires_grad
        np.testing.assert_allclose(found.detach().numpy(), f(A), rtol=1e-6)
    np.testing.assert_allclose(np.add.reduce(x).detach().numpy(), A.sum(0), rtol=1e-6)


@pytest.mark.parametrize(
    "function", [np.cbrt, np.fft.fft, np.unique, np.histogram, lambda x: np.quantile(x, [0.5])]
)
def test_what_is_not_in_the_table_does_not_cut_a_graph(function: Any) -> None:
    with pytest.raises(TypeError, match=r"would cut its graph.*numpy\(\)"):
        function(tg.Tensor(A, requires_grad=True))
    with pytest.raises(TypeError, match="would cut its graph"):
        tg.grad(lambda x: tg.Tensor(np.cbrt(x)).sum())(tg.Tensor(A))
    np.testing.assert_array_equal(
        function(tg.Tensor(A))[0], function(A)[0]
    ) if function is np.unique else None
    with tg.no_grad():
        function(tg.Tensor(A, requires_grad=True))


def test_questions_are_about_the_numbers() -> None:
    x = tg.Tensor(A, requires_grad=True)
    assert np.shape(x) == (2, 3)
    assert np.ndim(x) == 2
    assert np.allclose(x, A)
    assert np.array_equal(x, A)


def test_nothing_is_written_into_arrays() -> None:
    array = A.copy()
    with pytest.raises(TypeError, match=r"t\.numpy\(\)"):
        array += tg.Tensor(A)
    with pytest.raises(TypeError, match=r"t\.numpy\(\)"):
        np.add(A, tg.Tensor(A), out=array)
    with pytest.raises(TypeError, match=r"t\.numpy\(\)"):
        np.sum(tg.Tensor(A), out=array)


@pytest.mark.parametrize("other", [1j, np.ones(3, complex), np.complex64(1j), np.ones(3, np.longdouble)])
def test_other_kinds_of_numbers_raise(other: Any) -> None:
    x = tg.Tensor(A)
    for f in (lambda: x + other, lambda: other * x, lambda: x / other, lambda: np.maximum(x, other)):
        with pytest.raises(DTypeError):
            f()
