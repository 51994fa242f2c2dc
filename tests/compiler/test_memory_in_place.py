"""Arrays changed in place in everything that a compiled program took for granted."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import errors, nn, optim

CHANGES = {
    "shape": lambda w: setattr(w, "shape", (3, 2)),
    "another axis": lambda w: setattr(w, "shape", (2, 3, 1)),
    "fewer axes": lambda w: setattr(w, "shape", (6,)),
    "dtype of the same size": lambda w: setattr(w, "dtype", np.int32),
    "smaller dtype": lambda w: setattr(w, "dtype", np.int16),
    "larger": lambda w: w.resize((2, 300000), refcheck=False),
    "smaller": lambda w: w.resize((1, 2), refcheck=False),
    "strides": lambda w: setattr(w, "strides", (4, 8)),
    "byte order": lambda w: setattr(w, "dtype", w.dtype.newbyteorder()),
}


def _outcome(f: Any, *args: Any) -> Any:
    try:
        y = f(*args)
    except (errors.ShapeError, errors.DTypeError) as error:
        return type(error)
    return y.dtype, y.shape, y.numpy().tobytes()


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    "operation", [lambda x, w: x @ w, lambda x, w: w * 2 + x.sum(), lambda x, w: (x + w.sum(1)).sum()]
)
def test_an_array_that_is_captured(operation: Any, change: str) -> None:
    w = np.arange(6, dtype=np.float32).reshape(2, 3).copy()
    x = tg.Tensor(np.ones((1, 2), np.float32))
    tensor = tg.Tensor(0.0)
    tensor.array = w
    f = lambda x: operation(x, tensor)
    fast = tg.jit(f)
    _outcome(fast, x), _outcome(fast, x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # NumPy's own: of setting strides
        CHANGES[change](w)
    for _ in range(2):
        expected = _outcome(f, x)
        assert _outcome(fast, x) == expected or (change == "byte order" and expected is errors.DTypeError)


@pytest.mark.parametrize("shape", [(200000, 1), (200000,), (400, 500)])
def test_a_parameter_of_a_compiled_step(shape: tuple[int, ...]) -> None:
    p = nn.Parameter(np.ones((1, 200000), np.float32))
    optimizer = optim.SGD([p], lr=0.5)

    @tg.jit
    def step(x: Any) -> Any:
        optimizer.zero_grad()
        cost = (p * x).sum()
        cost.backward()
        optimizer.step()
        return cost

    x = tg.ones((1, 200000))
    step(x), step(x)
    p.array.shape = shape
    if len(shape) == 2 and shape[1] > 1:
        assert _outcome(step, x) is errors.ShapeError
    else:
        small = tg.ones((1, 1))  # the product of all with all would be large
        assert _outcome(step, small)[1] == ()
    assert p.shape == shape


@pytest.mark.parametrize("dtype", [">f4", ">f8", ">i4", ">u2", ">i8"])
def test_arrays_of_another_byte_order(dtype: str) -> None:
    a = np.arange(1, 4).astype(dtype)
    fast = tg.jit(lambda x: x * a + a.astype(a.dtype.newbyteorder("=")))
    expected = np.arange(1, 4) * np.arange(1, 4) + np.arange(1, 4)
    for _ in range(2):
        np.testing.assert_array_equal(fast(tg.Tensor(a)).numpy(), expected)
        np.testing.assert_array_equal(fast(a).numpy(), expected)


@pytest.mark.parametrize("make", [optim.SGD, optim.Adam])
@pytest.mark.parametrize("calls", [0, 1, 40])
def test_an_array_that_was_frozen_is_not_written_to(make: Any, calls: int) -> None:
    """A step gives the parameter another one then, as eager execution does."""
    results = []
    for wrapped in (lambda f: f, tg.jit):
        w = tg.ones((2, 3), requires_grad=True)
        optimiser = make([w], lr=0.1)

        def step(x: Any, w: Any = w, optimiser: Any = optimiser) -> Any:
            cost = (w * x).sum()
            optimiser.zero_grad()
            cost.backward()
            optimiser.step()
            return cost

        run, x = wrapped(step), tg.ones((2, 3))
        for _ in range(calls):
            run(x)
        frozen = w.array
        frozen.flags.writeable = False
        before = frozen.copy()
        for _ in range(20):
            run(x)
        assert (frozen == before).all()
        results.append(w.numpy().copy())
    np.testing.assert_allclose(*results, rtol=1e-5)
