"""A function of arrays whose every operation is elementwise, as one pass over memory that writes in place.

It is recorded once, on symbols. The program of one element is the body of the loop.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..core.tape import set_recording
from ..core.tensor import Tensor
from ..errors import TraceError
from ..kernels import arrays, policy, simd, tuning
from ..kinds import Function, Loop
from ..primitive import Array, Shape
from .build import compiled_kernel
from .calls import TraceWarning
from .guards import Guard
from .loops import Expr, Place
from .lower import lower
from .numbers import Number
from .program import Program
from .recording import Recording
from .share import schedule
from .structure import LEAF, NUMBER, Constant, structure_of
from .text import INDENT, Printer
from .trace import Instruction, Symbol
from .verify import verify

_KEPT = 64  # functions whose passes are remembered
_MOST = 4  # passes of a function that differ by what is decided with numbers; beyond these it runs as it is
_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


class InPlace:
    """A function (*arrays, *floats, **options) -> tuple that gives new values of some of its arguments.

    Its arrays are of one shape and dtype. Floats among the arguments and options are read at each call:
    another value compiles nothing, unless the function decides by it.

    Args:
        function: see above.
        names: of the options, the last of which is a float that may be another one each time.
    """

    def __init__(self, function: Callable[..., Any], names: Sequence[str]) -> None:
        self._function, self._names = function, names
        is_made_anew = "<locals>" in getattr(function, "__qualname__", "<locals>")
        self._all: dict[Any, _Family] = {} if is_made_anew else _FAMILIES  # passes hold what it closes over
        self._structure: Any = None  # of the options
        self._floats: list[float] = []  # among them
        self._families: dict[tuple[int, ...], _Family] = {}
        self._ready: dict[Shape, Ready] = {}
        self._call: tuple[Any, ...] = (), 0, [], 0  # targets, arrays and numbers that they are for; floats

    def give(self, values: tuple[Any, ...]) -> None:
        """From now on call the function with options of these values; all but the last."""
        tensors: list[Tensor] = []
        self._floats = []
        options = dict(zip(self._names, (*values, 0.0), strict=True))
        structure = structure_of(options, tensors, self._floats)
        del self._floats[-1]
        if structure != self._structure:
            self._ready, self._families, self._structure = {}, {}, structure
        self._is_known = not tensors

    def ready(
        self, targets: tuple[int, ...], count: int, floats: list[float], last: float
    ) -> dict[Shape, Ready]:
        """What runs now for arrays of some shapes, without those of which is not known whether anything does.

        Args:
            targets: which of the arguments the results are to overwrite.
            count: the number of arrays.
            floats: those among the arguments.
            last: the last option.
        """
        numbers = [*floats, *self._floats, last]
        known = self._call
        self._call = targets, count, numbers, len(floats)
        if targets != known[0] or count != known[1]:
            self._ready = {}
        are_same = numbers == known[2]
        before = None
        for ready in self._ready.values():
            if ready is not before:
                before = ready
                if not (ready.found.guard.unchanged() if are_same else ready.renew(numbers)):
                    self._ready = {}
                    break
        return self._ready

    def find(self, first: Array) -> Ready | None:
        """What runs now for arrays like this one, which is noted; None if the function is no pass."""
        shape, dtype = first.shape, first.dtype
        if not self._is_known or dtype not in _FLOATS:
            return None
        targets, count, numbers, floats = self._call
        if targets not in self._families:
            self._families[targets] = self._family(targets)
        ready = self._families[targets].find(self._function, shape, dtype, count, numbers, floats)
        if ready is not None:
            same = (x for x in self._ready.values() if x.found is ready.found)
            self._ready[shape] = ready = next(same, ready)
        return ready

    def _family(self, targets: tuple[int, ...]) -> _Family:
        key = self._function, self._structure, targets
        if key not in self._all:
            while len(self._all) >= _KEPT:
                self._all.pop(next(iter(self._all)), None)
            self._all[key] = _Family(self._structure, targets)
        return self._all[key]


class Ready:
    """A pass with the numbers that one user of it has.

    `run(*arrays, *numbers)` overwrites arrays with results; it says False, and nothing is changed, where they
    are not plain, of the dtype and of one shape.

    Attributes:
        found, dtype, run: the pass, and what it has.
        numbers: what it takes besides arrays.
        results: those that are numbers, if there are any, with None in place of arrays.
    """

    __slots__ = ("dtype", "found", "numbers", "results", "run")

    def __init__(self, found: _Pass) -> None:
        self.found, self.dtype, self.run = found, found.dtype, found.run

    def renew(self, numbers: list[float]) -> bool:
        """Take other numbers; False if the function is no longer this pass."""
        read = self.found.read(numbers) if self.found.guard.unchanged() else ""
        if isinstance(read, str):
            return False
        self.numbers, self.results = read
        return True


class _Family:
    """The passes of one function and its constants."""

    def __init__(self, options: Any, targets: tuple[int, ...]) -> None:
        self._options, self._targets = options, targets
        self._numbers: list[float] = []
        self._passes: dict[Any, list[_Pass | None]] = {}
        self._lock = threading.RLock()

    def find(
        self,
        function: Callable[..., Any],
        shape: Shape,
        dtype: np.dtype[Any],
        count: int,
        numbers: list[float],
        floats: int,
    ) -> Ready | None:
        """What the function is for so many arrays and these numbers, the first of them arguments, or None."""
        with self._lock:
            self._numbers[:] = numbers
            passes = self._passes.setdefault((shape, dtype, count, floats), [])
            for found in passes:
                if found is None or (ready := Ready(found)).renew(numbers):
                    return None if found is None else ready
            if len(passes) == _MOST:
                return None
            symbols = [Symbol(f"x{k}", shape, dtype) for k in range(count)]
            found = self._record(function, symbols, floats)
            passes.append(found)
            return ready if found is not None and (ready := Ready(found)).renew(numbers) else None

    def _record(self, function: Callable[..., Any], symbols: list[Symbol], floats: int) -> _Pass | None:
        marks = (Constant(function), *(LEAF,) * len(symbols), *(NUMBER,) * floats)
        structure = tuple, ((tuple, marks), self._options)
        results: list[Any] = []

        def tensors_of(function: Callable[..., Any], *args: Any, **options: Any) -> tuple[Tensor, ...]:
            results[:] = function(*args, **options)
            return tuple(x for x in results if isinstance(x, Tensor))

        try:
            with set_recording(False), warnings.catch_warnings():
                warnings.simplefilter("error", TraceWarning)
                recording = Recording(tensors_of, structure, symbols, None, self._numbers)
        except (TraceError, TraceWarning):  # it does what no program can
            return None
        program = recording.program()
        if not recording.trace.floats.stand_in(self._numbers):
            return None
        if recording.leaves_something or not _is_elementwise(program, recording, symbols[0].shape):
            return None
        found = _Pass(program, recording, results, self._targets)
        known = (x for passes in self._passes.values() for x in passes if x is not None)
        return next((x for x in known if x.identity == found.identity), found)  # of another shape


#: All share the passes of a function that is not made anew again and again.
_FAMILIES: dict[Any, _Family] = {}


def _is_elementwise(program: Program, recording: Recording, shape: Shape) -> bool:
    """Whether it is one pass over arrays of a shape, and of nothing else but the numbers it is given."""
    inputs = {id(x) for x in recording.trace.floats.inputs.values()}
    return (
        not program.updates
        and all(isinstance(i.primitive.kind, Loop) for i in program.instructions)
        and all(s.shape == shape and s.dtype == program.arguments[0].dtype for s in program.outputs)
        and all(id(x) in inputs for x, s in recording.trace.captured.values() if s in program.captured)
    )


class _Pass:
    """A recording as a loop over elements.

    Attributes:
        identity: equal for passes that are the same for arrays of any shape.
        dtype: of its arrays.
        guard: of what it depends on besides numbers.
        read: of all numbers that it is given, what `run` takes, and its results if some are numbers; a string
            if the function is another with them.
        run: see `Ready`.
    """

    def __init__(
        self, program: Program, recording: Recording, results: Sequence[Any], targets: Sequence[int]
    ) -> None:
        floats, self.guard = recording.trace.floats, Guard(recording.places.all)
        tensors = {symbol: x for x, symbol in recording.trace.captured.values()}
        inputs = [x for x in (tensors[s] for s in program.captured) if isinstance(x, Tensor)]
        others = [
            floats.input(x) if type(x) is Number else None if isinstance(x, Tensor) else x for x in results
        ]
        self.read = floats.function(inputs, others if any(x is not None for x in others) else [])
        targets = [k for k, x in zip(targets, results, strict=True) if isinstance(x, Tensor)]
        one = _of_one_element(program)
        self.dtype = one.arguments[0].dtype
        self.identity = str(one), self.dtype, floats.identity()
        self.run = compiled_kernel(_Kernel(one, targets).module(), program.arguments, len(inputs))


def _of_one_element(program: Program) -> Program:
    """The same instructions for numbers in place of arrays."""
    known: dict[Symbol, Symbol] = {}

    def one(x: Any) -> Any:
        return known.setdefault(x, Symbol(x.name, (), x.dtype)) if isinstance(x, Symbol) else x

    def all_of(symbols: Sequence[Symbol]) -> tuple[Symbol, ...]:
        return tuple(map(one, symbols))

    instructions = [Instruction(i.primitive, all_of(i.args), one(i.result)) for i in program.instructions]
    return Program(
        all_of(program.arguments), all_of(program.captured), tuple(instructions), all_of(program.outputs), ()
    )


class _Kernel(Printer):
    """Prints a program of one element as an array kernel: (*array objects, *numbers) -> whether it ran."""

    def __init__(self, program: Program, targets: Sequence[int]) -> None:
        super().__init__(schedule(verify(lower(program)), False), "an elementwise function")
        self._targets = dict(zip(self.loops.outputs, targets, strict=True))

    def module(self) -> str:
        """A module with the function `program`."""
        for module, names in _USED.items():
            for name in names:
                self._use(Function(name, module))
        objects = [f"array_{k}" for k in range(len(self.loops.arguments))]
        numbers = [f"{self.names[place]}" for place in self.loops.captured]
        fits = [f"fits({x}, array_0, {k in self._targets.values()})" for k, x in enumerate(objects)]
        pointers = [self.names.parameter(place) for place in self.loops.arguments]
        lines = [
            f"if not ({' and '.join(fits)}):",
            f"{INDENT}return False",
            "use_full_width()",
            "count = size(array_0)",
            *(f"{pointer} = data({x})" for pointer, x in zip(pointers, objects, strict=True)),
            "state = unlock(count >= MANY)",
            "for step in range(count):",
            *(INDENT + line for line in self._step()),
            "lock(state)",
            "return True",
        ]
        head = f"def program({', '.join((*objects, *numbers))}):"
        return self._importing(["@kernel", head, *(INDENT + line for line in lines)])

    def _step(self) -> Iterator[str]:
        for place in self.loops.arguments:  # all, before anything is overwritten
            yield f"{self.names[place]} = {self.names.parameter(place)}[step]"
        for _, section in self.schedule.parts:
            if section is not None:
                self.names.enter(section)
                yield from self._section(section)

    def _place(self, place: Place, index: tuple[Expr, ...]) -> str:
        if place in self._targets:
            return f"{self.names.parameter(self.loops.arguments[self._targets[place]])}[step]"
        return self.names[place]


_USED = {
    arrays.__name__: ("data", "fits", "lock", "size", "unlock"),
    tuning.__name__: ("MANY",),
    policy.__name__: ("kernel",),
    simd.__name__: ("use_full_width",),
}
