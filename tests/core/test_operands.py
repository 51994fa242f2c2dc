"""What is no number and no array of numbers is refused, eager and compiled alike."""

from __future__ import annotations

import datetime
import decimal
import fractions
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist.errors import DTypeError


class _Own(np.ndarray):
    """An array of a class of its own."""


#: What cannot be computed with.
WRONG: list[Any] = [
    None, "a", "3", b"3", 1j, ..., object(), print, tg, {1}, range(2), [1, 2], (1.0, 2.0), memoryview(b"ab"),
    decimal.Decimal(2), fractions.Fraction(1, 2), datetime.timedelta(1), np.complex64(1j),
    np.longdouble(2), np.array([1j, 2]), np.array(["a", "b"]), np.array([None, 1]), np.ones(2, np.float16),
    np.ones(2, np.longdouble), np.ma.array([1.0, 2.0], mask=[False, True]), np.zeros(2, "i4,f4"),
    np.datetime64("2020"),
]  # fmt: skip
#: Those that are an operand in some places: nested numbers, where a tensor is made of them.
_NESTED = (list, tuple, range, memoryview)
OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "x * k": lambda x, k: x * k,
    "x.add(k)": lambda x, k: x.add(k),
    "x.add_(k)": lambda x, k: x.clone().add_(k),
    "x == k": lambda x, k: x == k if k is not None else x * k,
    "x < k": lambda x, k: x < k,
    "x ** k": lambda x, k: x**k,
    "maximum": lambda x, k: tg.maximum(x, k),
    "where": lambda x, k: tg.where(x > 1, x, k),
    "x[0] = k": lambda x, k: x.clone().__setitem__(0, k),
    "full": lambda x, k: tg.full((2,), k),
    "full_like": lambda x, k: tg.full_like(x, k),
}


@pytest.mark.parametrize("wrapped", [lambda f: f, tg.jit], ids=["eager", "compiled"])
@pytest.mark.parametrize("x", [tg.tensor([1.0, 2.0]), tg.tensor([1, 2])], ids=["floats", "integers"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_is_no_number(operation: str, x: Any, wrapped: Any) -> None:
    for k in WRONG:
        if operation == "x[0] = k" and isinstance(k, _NESTED):
            continue
        with pytest.raises(DTypeError):
            wrapped(lambda x, k=k: OPERATIONS[operation](x, k))(x)


def test_none_is_equal_to_nothing() -> None:
    x = tg.tensor([1.0, 2.0])
    assert (x == None, x != None) == (False, True)  # noqa: E711


@pytest.mark.parametrize(
    "make", [tg.tensor, tg.Tensor, tg.as_tensor, tg.from_numpy, lambda x: tg.jit(lambda y: y * 2)(x)]
)
def test_arrays_of_classes_of_their_own(make: Any) -> None:
    with pytest.raises(DTypeError, match=r"masked array.*x\.filled"):
        make(np.ma.array([1.0, 2.0], mask=[False, True]))
    found = make(np.ones((1, 2)).view(_Own)).array
    assert type(found) is np.ndarray
    assert found.shape == (1, 2)


@pytest.mark.parametrize("wrapped", [lambda f: f, tg.jit], ids=["eager", "compiled"])
def test_a_leading_axis_of_what_is_assigned(wrapped: Any) -> None:
    def change(x: Any) -> Any:
        x[0] = [[3.0]]
        return x * 1

    assert wrapped(change)(tg.tensor([1.0, 2.0])).tolist() == [3.0, 2.0]


@pytest.mark.parametrize("wrapped", [lambda f: f, tg.jit], ids=["eager", "compiled"])
def test_an_integer_that_is_too_large(wrapped: Any) -> None:
    x = tg.tensor([1, 2])
    for f in (lambda x: x + 2**70, lambda x: tg.full((2,), 2**70) + x, lambda x: tg.where(x > 1, x, 2**70)):
        with pytest.raises(DTypeError, match="outside int64"):
            wrapped(f)(x)
