"""What runs the operations: eagerly, on numbers, or a recorder of programs, on symbols that stand for them.

Both answer to the verbs of `Interpreter`, and one of them is at work at a time. The Tensor does not know
which: it says what is to be done. Only `Tensor.bind` and the calls of `eager` compare it with `EAGER`
themselves: a verb there would be a Python call more for each operation, 0.03 us of 0.8.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

import numpy as np

from ..errors import GraphError
from ..primitive import Array, Primitive, Shape

#: Whether a derivative that is NaN is an error.
anomaly: ContextVar[bool] = ContextVar("anomaly", default=False)


class Interpreter:
    """Runs operations at once. A recorder of programs gives each verb the meaning that it has there.

    Attributes:
        symbolic: whether values are symbols, without numbers: then only Tensors compute with them.
        has_loops: whether loops are recorded as such; in other interpreters they are written out.
    """

    symbolic = False
    has_loops = False

    # Values -----------------------------------------------------------------------------------

    def run(self, primitive: Primitive, args: tuple[Any, ...]) -> Any:
        """The array (in a program: symbol) that a primitive gives for Tensors, arrays and numbers."""
        return primitive.run(*[getattr(x, "array", x) for x in args])

    def fill(self, number: Any, shape: Shape, dtype: np.dtype[Any]) -> Any:
        """An array of one number, or its symbol."""
        return np.full(shape, number, dtype) if shape else np.array(number, dtype)

    def value(self, x: Any) -> Any:
        """The array (or symbol) that a Tensor has now."""
        return x.array

    def taken(self, numbers: Any) -> Any:
        """In a program, a Tensor for a Tensor or an array, whose numbers it reads anew; None here."""
        return None

    def numbers(self, x: Any) -> Array:
        """The numbers of a Tensor, for somebody who looks at them; TraceError where there are none."""
        array: Array = x.array
        return array

    def known(self, x: Any) -> Array | None:
        """The numbers of a value, for a check of them; None where it has to do without."""
        return np.asarray(x)

    # Changes ----------------------------------------------------------------------------------

    def makes(self, x: Any) -> None:
        """A user is given a new Tensor of numbers, which may be changed later."""

    def owns(self, x: Any) -> bool:
        """Whether a Tensor, as an object, may become another value: in a program, if it was made there."""
        return True

    def check_change(self, x: Any, new: Any, name: str) -> None:
        """TraceError if a Tensor cannot be given the value `new` by the in-place word `name`."""

    def assign(self, leaf: Any, value: Any) -> None:
        """Give a Tensor the numbers of another."""
        leaf.array = value.array

    def update(self, optimiser: Any) -> None:
        """Do the step of an optimiser."""
        optimiser.step_on_arrays()

    def read(self, numbers: dict[str, Any]) -> Mapping[str, Any]:
        """Numbers by name as they are now; a program reads them at each call."""
        return numbers

    # Derivatives ------------------------------------------------------------------------------

    def begin_walk(self) -> Callable[[Any, Any, Any], None] | None:
        """What a walk back tells of each (node, input of it, cotangent of that), if anybody listens."""
        return _refuse_nan if anomaly.get() else None

    def end_walk(self) -> None:
        """The walk that began last is over."""

    def keep_grad(self, leaf: Any) -> None:
        """The gradient in a Tensor is about to be replaced."""

    def add_grad(self, leaf: Any) -> None:
        """A gradient is about to be added to that of a Tensor."""

    # Refusals ---------------------------------------------------------------------------------

    def refuse(self, reason: str) -> None:
        """TraceError where a program is being recorded, for what none can do."""


def _refuse_nan(node: Any, x: Any, g: Any) -> None:
    if np.isnan(g).any():
        raise GraphError(f"backward: the derivative of {node.primitive.name!r} by an input is NaN")


#: The one that is there unless a program is being recorded.
EAGER = Interpreter()

#: The one that is at work on this thread or in this context.
interpreter: ContextVar[Interpreter] = ContextVar("interpreter", default=EAGER)
