"""Every operation of dtypes that it does not work with is the same error, eager and compiled."""

from __future__ import annotations

import enum
from typing import Any

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist.compiler.specialization import Specialization
from tinygrad_mnist.compiler.stages import Form
from tinygrad_mnist.compiler.structure import structure_of
from tinygrad_mnist.core.tensor import Tensor
from tinygrad_mnist.errors import DTypeError, TraceError
from tinygrad_mnist.primitive import COMPOSITES, REGISTRY
from tinygrad_mnist.testing.calls import Call, composite_call, draw, primitive_call

CALLS = {
    **{name: primitive_call(x, x.cases[0]) for name, x in REGISTRY.items() if x.cases},
    **{name: composite_call(x, x.cases[0]) for name, x in COMPOSITES.items() if x.cases},
}
#: Of the first operand of numbers and of the others.
DTYPES = [("bool", "bool"), ("int8", "int8"), ("bool", "float32"), ("float64", "bool"), ("uint8", "bool")]


def _operands(call: Call, first: str, others: str) -> list[Tensor]:
    found, dtypes = [], iter((first, *[others] * len(call.kinds)))
    for x, kind in zip(draw(call, np.random.default_rng(0)), call.kinds, strict=True):
        found.append(Tensor(np.abs(x).astype(next(dtypes)) if kind == "real" else x))
    return found


def _dtypes(value: Any) -> Any:
    if isinstance(value, Tensor):
        return [(value.dtype, value.shape)]
    return [x for part in value for x in _dtypes(part)] if isinstance(value, tuple | list) else [value]


def _eager(call: Call, operands: list[Tensor]) -> Any:
    try:
        return _dtypes(call.function(*operands))
    except (TypeError, ValueError, IndexError, RuntimeError) as error:
        return type(error)


def _recorded(call: Call, operands: list[Tensor]) -> Any:
    """What a compiled function would give: all but machine code is made of it."""
    leaves: list[Tensor] = []
    numbers: list[float] = []
    structure = structure_of((tuple(operands), {}), leaves, numbers)
    try:
        found = Specialization.record(
            call.function, structure, [x.array[None] for x in leaves], None, numbers
        )
        Form(found.program(), "f")
    except (TypeError, ValueError, IndexError, RuntimeError) as error:
        return type(error)
    return [(x.dtype, x.shape) for x in found.program().outputs[: found.shown]]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CALLS)
def test_dtypes_that_are_refused(name: str) -> None:
    call = CALLS[name]
    with tg.no_grad():
        for first, others in DTYPES:
            operands = _operands(call, first, others)
            got = _recorded(call, operands)
            if got is not TraceError:  # compiled programs do not contain it at all, or it gives no tensor
                assert got == _eager(call, operands), (first, others)


class Choice(enum.IntEnum):
    """Numbers with names, as programs have them."""

    TWO = 2


class Length(float):
    """A float of a class of its own."""


@pytest.mark.parametrize("number", [Choice.TWO, Length(2.0)])
@pytest.mark.parametrize(
    "f",
    [
        lambda x, n: x + n,
        lambda x, n: n - x,
        lambda x, n: x**n,
        lambda x, n: x < n,
        lambda x, n: tg.where(x > 1, x, n),
        lambda x, n: x.clamp(max=n),
        lambda x, n: x.clone().fill_(n),
        lambda x, n: x + tg.full((2,), n),
    ],
)
def test_numbers_of_classes_of_ones_own_are_numbers(f, number):
    x = tg.tensor([1.0, 3.0])
    assert f(x, number).tolist() == tg.jit(f)(x, number).tolist() == f(x, 2.0).tolist()


@pytest.mark.parametrize("word", ["fill_", "fill_diagonal_"])
@pytest.mark.parametrize("value", [None, "a", 1j, object()])
def test_filling_takes_numbers(word, value):
    with pytest.raises(DTypeError, match="one number is needed"):
        getattr(tg.zeros(2, 2), word)(value)
