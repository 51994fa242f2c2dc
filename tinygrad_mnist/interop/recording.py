"""A function as the calls it makes, for any number of examples: what an exporter prints."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..compiler.program import Program, simplified
from ..compiler.reads import Reads
from ..compiler.trace import Instruction, Symbol, Trace
from ..core.interpreter import interpreter
from ..core.modes import no_grad
from ..core.tensor import Tensor, wrap
from ..errors import TraceError
from ..primitive import Array, Primitive

_PACKAGE = __name__.partition(".")[0]
_OTHER = 3  # how many examples more the second recording has


@dataclasses.dataclass(frozen=True)
class Batch:
    """A length that is `times` the number of examples."""

    times: int


@dataclasses.dataclass
class Recorded:
    """The calls of a function.

    Attributes:
        arguments, outputs: symbols.
        calls: (primitive's name, arguments, result, the user's line) in order; lengths in the arguments may
            be `Batch`.
        shapes: of each symbol by name, with `Batch` where the number of examples counts.
        captured: arrays from outside by the name of their symbol.
        program: the same for the examples given, to be run.
        any_batch: whether it is the same for any number of examples.
    """

    arguments: Sequence[Symbol]
    outputs: Sequence[Symbol]
    calls: list[tuple[str, tuple[Any, ...], Symbol, str]]
    shapes: dict[str, tuple[Any, ...]]
    captured: dict[str, Array]
    program: Program
    any_batch: bool

    def values(self, examples: Sequence[Array]) -> dict[str, Array]:
        """What every call gives for these examples, by the name of its result."""
        found = {s.name: x for s, x in zip(self.program.arguments, examples, strict=True)}
        found |= self.captured
        for call in self.program.instructions:
            args = [found[x.name] if isinstance(x, Symbol) else x for x in call.args]
            with np.errstate(all="ignore"):
                found[call.result.name] = np.asarray(call.primitive.run(*args))
        return found


class _Recorder(Trace):
    """Keeps primitives whole that it is told to, and notes the user's line of each call."""

    def __init__(self, whole: Callable[[str], bool]) -> None:
        super().__init__(Reads())
        self.whole, self.lines = whole, dict[str, str]()

    def takes_apart(self, primitive: Primitive) -> bool:
        return super().takes_apart(primitive) and not self.whole(primitive.name)

    def run(self, primitive: Primitive, args: tuple[Any, ...]) -> Symbol:
        result = super().run(primitive, args)
        self.lines.setdefault(result.name, _users_line())
        return result


def recorded(
    function: Callable[..., Any], examples: Sequence[Array], whole: Callable[[str], bool]
) -> Recorded:
    """Record a function of Tensors.

    Args:
        function: gives a Tensor, or a tuple or list of them; draws nothing and changes nothing.
        examples: an array for each argument; the first axis of each counts examples.
        whole: from a primitive's name to whether it is wanted as it is, where it could be made of others.

    Raises TraceError for a function that changes tensors.
    """
    first, lines, captured = _once(function, examples, whole)
    arguments, calls = first.arguments, [(c.primitive.name, c.args, c.result) for c in first.instructions]
    symbols = [*arguments, *first.captured, *(c.result for c in first.instructions)]
    shapes: dict[str, tuple[Any, ...]] = {s.name: s.shape for s in symbols}
    any_batch = False
    n = examples[0].shape[0] if examples and examples[0].ndim else 0
    if n and all(x.ndim and x.shape[0] == n for x in examples):
        others = [np.concatenate([x, np.repeat(x[:1], _OTHER, 0)]) for x in examples]
        try:
            second, _, others_captured = _once(function, others, whole)
            _same_captured(captured, others_captured)
            if len(first.instructions) != len(second.instructions):
                raise _Fixed
            sizes = n, n + _OTHER
            merged = [
                (a.primitive.name, _merged_arguments(a, b, sizes), a.result)
                for a, b in zip(first.instructions, second.instructions, strict=True)
                if _same(a, b)
            ]
            others_symbols = [
                *second.arguments,
                *second.captured,
                *(c.result for c in second.instructions),
            ]
            shapes = {
                s.name: _merged(s.shape, o.shape, sizes) for s, o in zip(symbols, others_symbols, strict=True)
            }
            calls, any_batch = merged, True
        except _Fixed:
            pass
    listed = [(name, args, result, lines.get(result.name, "")) for name, args, result in calls]
    return Recorded(arguments, first.outputs, listed, shapes, captured, first, any_batch)


def _once(
    function: Callable[..., Any], examples: Sequence[Array], whole: Callable[[str], bool]
) -> tuple[Program, dict[str, str], dict[str, Array]]:
    trace = _Recorder(whole)
    arguments = [trace.argument(f"argument_{i}", x.shape, x.dtype) for i, x in enumerate(examples)]
    token = interpreter.set(trace)
    try:
        with no_grad():
            result = function(*map(wrap, arguments))
        results = result if isinstance(result, tuple | list) else (result,)
        if not all(isinstance(x, Tensor) for x in results):
            raise TraceError(
                "only a function that gives a Tensor, or a tuple or list of them, can be exported"
            )
        outputs = [trace.symbol(x) for x in results]
    finally:
        interpreter.reset(token)
    if trace.assigned:
        raise TraceError(
            "the function changes tensors (running statistics, a random generator, parameters): export what "
            "it is in use, after model.eval()"
        )
    captured = {s.name: np.asarray(getattr(x, "array", x)) for x, s in trace.captured.values()}
    symbols = [s for _, s in trace.captured.values()]
    return simplified(trace.instructions, arguments, symbols, outputs, []), trace.lines, captured


class _Fixed(Exception):
    """The calls depend on the number of examples otherwise than in their shapes."""


def _same_captured(a: dict[str, Array], b: dict[str, Array]) -> None:
    """Arrays from outside, such as masks and positions made for so many examples, must be the same."""
    if a.keys() != b.keys() or not all(
        np.array_equal(a[k], b[k], equal_nan=a[k].dtype.kind == "f") for k in a
    ):
        raise _Fixed


def _same(a: Instruction, b: Instruction) -> bool:
    if a.primitive.name != b.primitive.name or a.result.name != b.result.name:
        raise _Fixed
    return True


def _merged_arguments(a: Instruction, b: Instruction, sizes: tuple[int, int]) -> tuple[Any, ...]:
    """Operands that are numbers must be the same; parameters may be lengths."""
    for x, y in list(zip(a.args, b.args))[: a.primitive.arity]:
        if not isinstance(x, Symbol) and x != y:
            raise _Fixed
    return tuple(_merged(x, y, sizes) for x, y in zip(a.args, b.args, strict=True))


def _merged(a: Any, b: Any, sizes: tuple[int, int]) -> Any:
    """What two recordings have in one place: the same, or lengths in proportion to the examples."""
    if isinstance(a, Symbol):
        if not isinstance(b, Symbol) or a.name != b.name:
            raise _Fixed
        return a
    if isinstance(a, tuple | list):
        if not isinstance(b, tuple | list) or len(a) != len(b):
            raise _Fixed
        return tuple(_merged(x, y, sizes) for x, y in zip(a, b))
    if type(a) is int and type(b) is int and a != b:
        if a % sizes[0] or b * sizes[0] != a * sizes[1]:
            raise _Fixed
        return Batch(a // sizes[0])
    if isinstance(a, np.ndarray) or a != b:
        raise _Fixed
    return a


def _users_line() -> str:
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").split(".")[0] in (_PACKAGE, "numpy"):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}, in {frame.f_code.co_name}"
