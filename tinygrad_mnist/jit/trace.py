"""Recording a program: the same calls as in eager execution, on symbols instead of numbers."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any, NoReturn

import numpy as np

from ..core.tape import set_recording, tracing
from ..core.tensor import Tensor, wrap
from ..errors import DTypeError, TraceError
from ..ops.elementwise import cast
from ..primitive import Primitive, Shape, check_dtype
from .places import bits
from .reads import Reads

_PACKAGE = __name__.split(".")[0]


class Symbol:
    """Stands for an array whose numbers are not known yet: what a traced Tensor has as its array."""

    __slots__ = ("dtype", "name", "shape")

    def __init__(self, name: str, shape: Shape, dtype: np.dtype[Any]) -> None:
        self.name, self.shape, self.dtype = name, shape, dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    def __repr__(self) -> str:
        return f"{self.name}: {self.dtype}{list(self.shape)}"

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        refuse()

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        refuse()


def refuse() -> NoReturn:
    """Raise TraceError, naming the line of the user's code that asked for a number."""
    if tracing.get() is None:
        raise TraceError(
            "this gradient was left by a compiled function and exists only inside it: return it from there, "
            "or forget it with zero_grad() before the next backward"
        )
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").split(".")[0] in (_PACKAGE, "numpy"):
        frame = frame.f_back
    where = f"{frame.f_code.co_filename}:{frame.f_lineno}, in {frame.f_code.co_name}"
    raise TraceError(
        f"the number of a tensor was asked for while its program is being recorded ({where}). "
        "Return the tensor and look at it outside; choose between values with tg.where instead of if"
    )


@dataclasses.dataclass(frozen=True)
class Instruction:
    """One recorded call: a primitive, its arguments (Symbols, Python scalars, parameters), its result."""

    primitive: Primitive
    args: tuple[Any, ...]
    result: Symbol

    def __repr__(self) -> str:
        args = ", ".join(x.name if isinstance(x, Symbol) else repr(x) for x in self.args)
        return f"{self.result} = {self.primitive.name}({args})"


class Trace:
    """The recorder that `Tensor.bind` calls while a function is traced.

    Attributes:
        instructions: the calls in order.
        captured: the Tensors and arrays from outside that were used, by reference, with the
            symbol of their value at entry.
        assigned: captured Tensors that were given a new value, with its symbol.
        stamps: those Tensors, and when they were assigned before.
        grads: Tensors whose `grad` was set, and what it was before.
        reads: what else the function depends on.
    """

    def __init__(self, reads: Reads) -> None:
        self.reads = reads
        self._looked_at: dict[int, Tensor] = {}
        self._arguments: set[Symbol] = set()
        self.instructions: list[Instruction] = []
        self.captured: dict[int, tuple[Tensor | np.ndarray[Any, Any], Symbol]] = {}
        self.stamps: dict[int, tuple[Tensor, int]] = {}
        self.assigned: dict[int, tuple[Tensor, Symbol]] = {}
        self.grads: dict[int, tuple[Tensor, Tensor | None]] = {}

    def argument(self, index: int, shape: Shape, dtype: np.dtype[Any]) -> Symbol:
        """The symbol of one argument of the traced function."""
        symbol = Symbol(f"a{index}", shape, dtype)
        self._arguments.add(symbol)
        return symbol

    def is_inside(self, x: Tensor) -> bool:
        """Whether a Tensor was made while recording."""
        return isinstance(x.array, Symbol)

    def is_argument(self, x: Tensor) -> bool:
        """Whether a Tensor is an argument of the function."""
        return isinstance(x.array, Symbol) and x.array in self._arguments

    def record(self, primitive: Primitive, args: tuple[Any, ...]) -> Symbol:
        """Note the call and give the symbol of its result; shapes are checked as in eager execution."""
        if not primitive.compiles:
            raise TraceError(
                f"{primitive.name}: compiled programs cannot contain it; compute it outside the compiled "
                "function and pass the result as an argument"
            )
        if primitive.expansion is not None:
            with set_recording(False):  # its derivative is known
                tensors = (wrap(x) if isinstance(x, np.ndarray) else x for x in args)
                return self.symbol(primitive.expansion(*tensors))
        values = tuple(self._value(x) for x in args)
        shape, dtype = primitive.infer(*values)
        if np.dtype(dtype).kind in "iu":
            for x in values[: primitive.arity]:
                if type(x) is int and not np.iinfo(dtype).min <= x <= np.iinfo(dtype).max:
                    raise DTypeError(
                        f"{primitive.name}: the number {x} is outside {dtype}; cast the tensor first"
                    )
        if primitive.name == "matmul" and np.dtype(dtype).kind in "iu":  # the routines are of floats
            with set_recording(False):
                a, b = (wrap(x).to(dtype) for x in values)
                return self.symbol((a.unsqueeze(-1) * b.unsqueeze(-3)).sum(-2).to(dtype))
        if primitive.kind == "contract" and dtype.kind == "f":  # its routines take operands of one dtype
            values = tuple(self._as(dtype, x) for x in values)
        result = Symbol(f"v{len(self.instructions)}", tuple(map(int, shape)), np.dtype(dtype))
        self.instructions.append(Instruction(primitive, values, result))
        return result

    def assign(self, leaf: Tensor, value: Tensor) -> None:
        """Note that from here on a Tensor has another value."""
        if isinstance(leaf.array, Symbol):  # made inside, or an argument
            leaf.array = self.symbol(value)
            return
        self.symbol(leaf)
        self.stamps.setdefault(id(leaf), (leaf, leaf.assigned))
        self.assigned[id(leaf)] = leaf, self.symbol(value)

    def keep_grad(self, leaf: Tensor) -> None:
        """Remember a Tensor's gradient, before the trace replaces it."""
        self.grads.setdefault(id(leaf), (leaf, leaf.grad))

    def check_grad(self, leaf: Tensor) -> None:
        """TraceError if `backward` would add to a gradient that was there before the function."""
        if id(leaf) not in self.grads and not isinstance(leaf.array, Symbol):
            self.reads.places.add(
                "gradient", leaf, None, leaf.grad, f"the gradient of {self.reads.name(leaf)}"
            )
        if leaf.grad is not None and id(leaf) not in self.grads:
            raise TraceError(
                "backward in a compiled function would add to a gradient from outside it: "
                "call the optimiser's zero_grad() inside the function, before backward"
            )

    def numbers(self, x: Tensor) -> None:
        """Somebody looks at numbers: those of a Tensor from outside become constants of the program."""
        if isinstance(x.array, Symbol) or id(x) in self.assigned:
            refuse()
        self._looked_at[id(x)] = x
        self.reads.places.add("tensor", x, None, bits(x.array), f"the numbers in {self.reads.name(x)}")

    def finish(self) -> None:
        """TraceError if numbers were looked at that the program itself changes."""
        both = self._looked_at.keys() & self.assigned.keys()
        if both:
            name = self.reads.name(self._looked_at[both.pop()])
            raise TraceError(
                f"the number in {name} is asked for by the function that updates it, and would be a constant "
                "of its program: compute with the tensor itself, and with tg.where instead of if"
            )

    def symbol(self, x: Tensor | np.ndarray[Any, Any]) -> Symbol:
        """The symbol of a traced Tensor, or of the present value of one from outside."""
        if isinstance(x, Tensor):
            if isinstance(x.array, Symbol):
                return x.array
            if id(x) in self.assigned:
                return self.assigned[id(x)][1]
        if id(x) not in self.captured:
            if isinstance(x, Tensor) and x.array.dtype.kind == "f":
                self.reads.places.add("flag", x, None, x.requires_grad, f"{self.reads.name(x)}.requires_grad")
            self.captured[id(x)] = x, Symbol(f"c{len(self.captured)}", x.shape, check_dtype(x.dtype))
        return self.captured[id(x)][1]

    def _as(self, dtype: np.dtype[Any], x: Any) -> Any:
        """An operand in a dtype; what is no operand as it is."""
        return self.record(cast, (x, dtype)) if isinstance(x, Symbol) and x.dtype != dtype else x

    def _value(self, x: Any) -> Any:
        if isinstance(x, Tensor | np.ndarray):
            return self.symbol(x)
        return x.item() if isinstance(x, np.generic) else x
