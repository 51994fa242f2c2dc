"""Recording a program: the same calls as in eager execution, on symbols instead of numbers."""

from __future__ import annotations

import dataclasses
import linecache
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType, MappingProxyType
from typing import Any, NamedTuple, NoReturn

import numpy as np

from ..core.inplace import Memory
from ..core.interpreter import Interpreter, interpreter
from ..core.tape import set_recording
from ..core.tensor import Tensor, wrap
from ..errors import DTypeError, TraceError
from ..kinds import Composed, Contract, Kind, Loop, Matrices
from ..ops.elementwise import cast
from ..ops.views import fill
from ..primitive import Array, Primitive, Shape, check_dtype, result_dtype
from .numbers import Number, Numbers
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

    def __int__(self) -> NoReturn:
        refuse()

    __float__ = __index__ = __int__

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        refuse()


def refuse() -> NoReturn:
    """Raise TraceError, naming the line of the user's code that asked for a number."""
    frame = _user_frame()
    where = f"{frame.f_code.co_filename}:{frame.f_lineno}, in {frame.f_code.co_name}"
    interpreter.get().refuse(
        f"the number of a tensor was asked for while its program is being recorded ({where}). "
        "Return the tensor and look at it outside; choose between values with tg.where instead of if"
    )
    raise TraceError(
        "this gradient was left by a compiled function and exists only inside it: return it from there, "
        "or forget it with zero_grad() before the next backward"
    )


def _user_frame() -> FrameType:
    """The frame of the user's code that is being run."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").split(".")[0] in (_PACKAGE, "numpy"):
        frame = frame.f_back
    return frame


class Internal(NamedTuple):
    """What the compiler puts into a program by itself, in the form of a primitive."""

    name: str
    kind: Kind
    arity: int


@dataclasses.dataclass(frozen=True)
class Instruction:
    """One recorded call.

    Attributes:
        primitive: what was called.
        args: Symbols, Python scalars, parameters.
        result: of the call.
        origin: the phase of the program (forward, backward, update) and the user's line of code.
    """

    primitive: Any
    args: tuple[Any, ...]
    result: Symbol
    origin: tuple[str, str] = ("", "")

    @property
    def symbols(self) -> list[Symbol]:
        """Those among what it is given."""
        return [x for x in self.args if isinstance(x, Symbol)]

    @property
    def matrices(self) -> Matrices | None:
        """How it takes matrices, if it is a product of them."""
        split = getattr(self.primitive.kind, "split", None)
        return split if isinstance(split, Matrices) else None

    def __repr__(self) -> str:
        args = ", ".join(x.name if isinstance(x, Symbol) else repr(x) for x in self.args)
        return f"{self.result} = {self.primitive.name}({args})"


class Trace(Interpreter):
    """The interpreter that is at work while a function is recorded: it notes what is done, on symbols.

    Args:
        paths: the names of Tensors and arrays from outside, by their ids.

    Attributes:
        instructions: the calls in order.
        captured: the Tensors and arrays from outside that were used, by reference, with the
            symbol of their value at entry.
        assigned: captured Tensors that were given a new value, with its symbol.
        stamps: those Tensors, when they were assigned before, what views of them shared, and what that was.
        grads: Tensors whose `grad` was set, and what it was before.
        reads: what else the function depends on.
        phase: what is being recorded: forward, backward or update.
        floats: those of Python that the program reads at each call.
        differentiates: whether a derivative was recorded.
    """

    symbolic = True
    differentiates = False

    def __init__(self, reads: Reads, paths: Mapping[int, str] = MappingProxyType({})) -> None:
        self.reads = reads
        self._looked_at: dict[int, Tensor] = {}
        self._own: dict[int, Tensor] = {}
        self._arguments: set[Symbol] = set()
        self.instructions: list[Instruction] = []
        self.captured: dict[int, tuple[Tensor | np.ndarray[Any, Any], Symbol]] = {}
        self.stamps: dict[int, tuple[Tensor, int, Memory | None, Any]] = {}
        self.assigned: dict[int, tuple[Tensor, Symbol]] = {}
        self.grads: dict[int, tuple[Tensor, Tensor | None]] = {}
        self.phase = "forward"
        self._before: list[str] = []  # phases in which walks back began
        self.floats = Numbers(reads.places)
        self._paths = paths
        self._names: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()

    def argument(self, name: str, shape: Shape, dtype: np.dtype[Any]) -> Symbol:
        """The symbol of one argument of the traced function."""
        symbol = Symbol(self.name(name), shape, dtype)
        self._arguments.add(symbol)
        return symbol

    def owns(self, x: Tensor) -> bool:
        """Whether a Tensor was made while recording."""
        return isinstance(x.kept(), Symbol) or id(x) in self._own

    def makes(self, x: Tensor) -> None:
        """The function makes a Tensor of numbers: a constant, until it is changed."""
        self._own[id(x)] = x

    def check_change(self, x: Tensor, new: Tensor, name: str) -> None:
        """TraceError for an argument, and for a graph in what is from outside."""
        if isinstance(x.array, Symbol) and x.array in self._arguments:
            raise TraceError(
                f"{name}: a compiled function cannot change its argument, which is the caller's: give the "
                "result another name and return it, as in y = x + 1"
            )
        if new.requires_grad and not self.owns(x):
            raise TraceError(
                f"{name}: a compiled function cannot leave a graph in a tensor from outside: put the value "
                "in as v.detach(), or within tg.no_grad()"
            )

    def refuse(self, reason: str) -> None:
        """Raise TraceError."""
        raise TraceError(reason)

    def update(self, optimiser: Any) -> None:
        """Record the step of an optimiser, whose options are read at each call."""
        with set_recording(False), self.during("update"):
            optimiser.step_on_tensors(self.floats.option)

    def read(self, numbers: dict[str, Any]) -> Mapping[str, Any]:
        """Numbers by name, read at each call."""
        return {name: self.floats.option(numbers, name) for name in numbers}

    def name(self, stem: str) -> str:
        """A name that no other symbol has."""
        self._names[stem] += 1
        found = stem if self._names[stem] == 1 else f"{stem}_{self._names[stem]}"
        return found if found == stem or found not in self._names else self.name(stem)

    @contextmanager
    def during(self, phase: str) -> Iterator[None]:
        """What is recorded within the block belongs to this phase of the program."""
        before, self.phase = self.phase, phase
        try:
            yield
        finally:
            self.phase = before

    def begin_walk(self) -> Callable[[Any, Any, Any], None]:
        """The phase backward begins; gives what names cotangents."""
        self._before.append(self.phase)
        self.phase, self.differentiates = "backward", True
        return self._slope

    def end_walk(self) -> None:
        """The phase is what it was before."""
        self.phase = self._before.pop()

    def _slope(self, _: Any, of: Any, value: Any) -> None:
        """Name a cotangent after what it is one of, if it was just recorded."""
        symbol: Any = getattr(value, "array", None)
        known: Any = (
            self.captured[id(of)][1] if id(of) in self.captured else getattr(of, "kept", lambda: None)()
        )
        new = any(i.result is symbol for i in self.instructions[-1:])
        if new and isinstance(known, Symbol) and not symbol.name.startswith("d_"):
            symbol.name = self.name(f"d_{known.name}")

    def takes_apart(self, primitive: Primitive) -> bool:
        """Whether what a primitive is made of is noted in its place."""
        return isinstance(primitive.kind, Composed)

    def run(self, primitive: Primitive, args: tuple[Any, ...]) -> Symbol:
        """Note the call and give the symbol of its result; shapes are checked as in eager execution."""
        if not primitive.compiles:
            raise TraceError(
                f"{primitive.name}: compiled programs cannot contain it; compute it outside the compiled "
                "function and pass the result as an argument"
            )
        if isinstance(primitive.kind, Composed) and self.takes_apart(primitive):
            with set_recording(False):  # its derivative is known
                tensors = (wrap(x) if isinstance(x, np.ndarray | Symbol) else x for x in args)
                return self.symbol(primitive.kind.of(*tensors))
        values = tuple(self._value(x) for x in args)
        shape, dtype = primitive.infer(*values)
        if np.dtype(dtype).kind in "iu":
            for x in values[: primitive.arity]:
                if type(x) is int and not np.iinfo(dtype).min <= x <= np.iinfo(dtype).max:
                    raise DTypeError(
                        f"{primitive.name}: the number {x} is outside {dtype}; cast the tensor first"
                    )
        split = getattr(primitive.kind, "split", None)
        if isinstance(split, Matrices) and np.dtype(dtype).kind != "f":  # the routines are of floats
            with set_recording(False):
                a, b, *rows = (wrap(x).to(dtype) for x in values)
                b = b.transpose(-1, -2) if split.turned else b
                y = (a.unsqueeze(-1) * (b.unsqueeze(-3) if b.ndim > 2 else b)).sum(-2).to(dtype)
                return self.symbol(y + rows[0] if split.biased else y)
        if any(type(x) is Number for x in values):
            of = dtype if dtype.kind == "f" else result_dtype(*values[: primitive.arity])
            most = primitive.arity if isinstance(primitive.kind, Loop) else 0
            values = tuple(
                self._given(x, of, k < most) if type(x) is Number else x for k, x in enumerate(values)
            )
        if isinstance(primitive.kind, Contract) and dtype.kind == "f":  # of one dtype
            values = tuple(self._as(dtype, x) for x in values)
        self._counts[primitive.name] += 1
        name = self.name(f"{primitive.name}_{self._counts[primitive.name]}")
        result = Symbol(name, tuple(map(int, shape)), np.dtype(dtype))
        self.instructions.append(Instruction(primitive, values, result, self.origin()))
        return result

    def origin(self) -> tuple[str, str]:
        """The phase of the program, and the line of the user's code that is being run."""
        frame = _user_frame()
        return self.phase, linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()

    def assign(self, leaf: Tensor, value: Tensor) -> None:
        """Note that from here on a Tensor has another value."""
        if self.owns(leaf):  # or an argument
            leaf.array = self.symbol(value)
            return
        self.symbol(leaf)
        memory = leaf.memory
        before = None if memory is None else (memory.changes, memory.array)
        self.stamps.setdefault(id(leaf), (leaf, leaf.assigned, memory, before))
        self.assigned[id(leaf)] = leaf, self.symbol(value)

    def keep_grad(self, leaf: Tensor) -> None:
        """Remember a Tensor's gradient, before the trace replaces it."""
        self.grads.setdefault(id(leaf), (leaf, leaf.grad))

    def add_grad(self, leaf: Tensor) -> None:
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
        self.keep_grad(leaf)

    def numbers(self, x: Tensor) -> Array:
        """Somebody looks at numbers: those of a Tensor from outside become constants of the program."""
        if isinstance(x.array, Symbol) or id(x) in self.assigned:
            refuse()
        self._looked_at[id(x)] = x
        self.reads.places.add("tensor", x, None, bits(x.array), f"the numbers in {self.reads.name(x)}")
        array: Array = x.array
        return array

    def known(self, x: Any) -> None:
        """None: a check of numbers would have to be made at each call."""

    def fill(self, number: Any, shape: Shape, dtype: np.dtype[Any]) -> Symbol:
        """A literal of the program."""
        return self.run(fill, (number, shape, dtype))

    def value(self, x: Tensor) -> Symbol:
        """See `symbol`."""
        return self.symbol(x)

    def taken(self, numbers: Any) -> Tensor | None:
        """A Tensor for what the program reads anew; None for Python's numbers and lists, its constants."""
        if not isinstance(numbers, Tensor | np.ndarray):
            return None
        check_dtype(numbers.dtype)
        return wrap(self.symbol(numbers))

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
            array = x.array
            if isinstance(array, Symbol):
                return array
            if id(x) in self.assigned:
                return self.assigned[id(x)][1]
        if id(x) not in self.captured:
            if isinstance(x, Tensor) and x.array.dtype.kind == "f":
                self.reads.places.add("flag", x, None, x.requires_grad, f"{self.reads.name(x)}.requires_grad")
            name = self.floats.name(x) or self._paths.get(id(x), "constant")
            held = wrap(x.array) if isinstance(x, Tensor) and id(x) in self._own else x  # it may change
            self.captured[id(x)] = held, Symbol(self.name(name), x.shape, check_dtype(x.dtype))
        return self.captured[id(x)][1]

    def _as(self, dtype: np.dtype[Any], x: Any) -> Any:
        """An operand in a dtype; what is no operand as it is."""
        return self.run(cast, (x, dtype)) if isinstance(x, Symbol) and x.dtype != dtype else x

    def _given(self, x: Number, dtype: np.dtype[Any], as_input: bool) -> Any:
        """A number as an input of the program, or as a constant."""
        if not as_input or dtype.kind != "f":
            return float(x)
        symbol = self.symbol(self.floats.input(x))
        return self._as(dtype, symbol)

    def _value(self, x: Any) -> Any:
        if isinstance(x, Tensor | np.ndarray):
            return self.symbol(x)
        return x.item() if isinstance(x, np.generic) else x
