"""A function of arrays whose every operation is elementwise, as one pass over memory that writes in place.

It is recorded once, on symbols. The program of one element is the body of the loop.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..core.tape import set_recording
from ..core.tensor import Tensor
from ..errors import TraceError
from ..kernels import arrays, policy, simd, tuning
from ..kinds import Function, Loop
from ..primitive import Array, Shape
from .build import Run, compiled_kernel
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
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        is_made_anew = "<locals>" in getattr(function, "__qualname__", "<locals>")
        self._all: dict[Any, _Family] = {} if is_made_anew else _FAMILIES  # passes hold what it closes over
        self._values: list[Any] = []
        self._numbers: list[float] = []
        self._places: list[int] = []  # of each option among the numbers
        self._found: dict[Any, _Pass | None] = {}
        self._families: dict[tuple[int, ...], _Family] = {}

    def give(self, options: Mapping[str, Any]) -> None:
        """From now on call the function with these options."""
        values, old = [*options.values()], self._values
        if len(values) == len(old):
            new = [k for k, x in enumerate(values) if x is not old[k]]
            if not new:
                return
            if {type(x) for k in new for x in (values[k], old[k])} == {float}:
                numbers = self._numbers.copy()
                for k in new:
                    numbers[self._places[k]] = values[k]
                self._values, self._numbers = values, numbers
                return
        self._found, self._families = {}, {}
        tensors: list[Tensor] = []
        self._numbers, self._places = [], []
        for x in values:
            self._places.append(len(self._numbers))
            structure_of(x, tensors, self._numbers)
        self._structure = structure_of(dict(options), tensors, [])
        self._values = values if all(map(_is_fixed, values)) else []
        self._is_known = not tensors

    def __call__(
        self, first: Array, others: Sequence[Array], floats: list[float], targets: tuple[int, ...]
    ) -> list[Any] | None:
        """Overwrite the arrays at some positions among the arguments with the results.

        Returns:
            The results, with None in place of arrays; nothing if all are. None, and nothing is changed, if
            the function is no such pass, or the arrays are not plain or of unlike shapes.
        """
        key = first.shape, first.dtype, targets
        found = self._found.get(key)
        ready = None if found is None else found.ready(floats, self._numbers)
        if ready is None:
            ready = self._look(key, len(others), floats)
            if ready is None:
                return None
        run, numbers, results = ready
        return results if run(first, *others, *numbers) else None

    def _look(self, key: Any, others: int, floats: list[float]) -> _Ready | None:
        """What runs for arrays of a shape and dtype; None if the function is no pass."""
        shape, dtype, targets = key
        if not self._is_known or dtype not in _FLOATS:
            return None
        if targets not in self._families:
            self._families[targets] = self._family(targets)
        family, last = self._families[targets], self._found.get(key)
        found = family.find(self._function, shape, dtype, others, floats, self._numbers, last)
        self._found[key] = found
        return None if found is None else found.ready(floats, self._numbers)

    def _family(self, targets: tuple[int, ...]) -> _Family:
        key = self._function, self._structure, targets
        if key not in self._all:
            while len(self._all) >= _KEPT:
                self._all.pop(next(iter(self._all)), None)
            self._all[key] = _Family(self._structure, targets)
        return self._all[key]


#: What runs, the numbers that it takes, and the results that are numbers, if there are any.
_Ready = tuple[Run, list[float], list[Any]]


def _is_fixed(x: Any) -> bool:
    """Whether a value cannot change in place."""
    return all(map(_is_fixed, x)) if type(x) is tuple else type(x) in (float, int, bool, str, type(None))


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
        others: int,
        floats: list[float],
        rest: list[float],
        last: _Pass | None,
    ) -> _Pass | None:
        """What the function is for so many arrays, and for numbers: first of all `last`; None: no pass."""
        with self._lock:
            self._numbers[:] = [*floats, *rest]
            if last is not None and last.holds():
                last.give(floats, rest)
                return last
            passes = self._passes.setdefault((shape, dtype, others, len(floats)), [])
            found = next((x for x in passes if x is None or x.holds()), None)
            if found is None and len(passes) < _MOST and None not in passes:
                symbols = [Symbol(f"x{k}", shape, dtype) for k in range(1 + others)]
                found = self._record(function, symbols, len(floats))
                passes.append(found)
                found = found if found is not None and found.holds() else None
            if found is not None:
                found.give(floats, rest)
            return found

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
    """

    def __init__(
        self, program: Program, recording: Recording, results: Sequence[Any], targets: Sequence[int]
    ) -> None:
        self._numbers, self._guard = recording.trace.floats, Guard(recording.places.all)
        tensors = {symbol: x for x, symbol in recording.trace.captured.values()}
        self._inputs = [x for x in (tensors[s] for s in program.captured) if isinstance(x, Tensor)]
        self._results = [
            self._numbers.input(x) if type(x) is Number else None if isinstance(x, Tensor) else x
            for x in results
        ]
        targets = [k for k, x in zip(targets, results, strict=True) if isinstance(x, Tensor)]
        one = _of_one_element(program)
        self.identity = str(one), one.arguments[0].dtype, self._numbers.identity()
        self._has_numbers = any(x is not None for x in self._results)
        self._now: Any = [], None, None
        self._run = compiled_kernel(_Kernel(one, targets).module(), program.arguments, len(self._inputs))

    def holds(self) -> bool:
        """Whether the function still is this, for the numbers as they are now."""
        return self._guard.unchanged() and self._numbers.change() is None

    def give(self, floats: list[float], rest: list[float]) -> None:
        """Note what the numbers that it takes now are; after `holds`."""
        results: list[Any] = []
        if self._has_numbers:
            results = [x.array.item() if isinstance(x, Tensor) else x for x in self._results]
        self._now = floats, rest, (self._run, [x.array.item() for x in self._inputs], results)

    def ready(self, floats: list[float], rest: list[float]) -> _Ready | None:
        """What to call for these numbers, if they are those that it was given last."""
        known, others, ready = self._now
        return ready if others is rest and known == floats and self._guard.unchanged() else None


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
        imports = [f"from {m} import {', '.join(sorted(names))}" for m, names in sorted(self.imports.items())]
        head = f"def program({', '.join((*objects, *numbers))}):"
        return "\n".join([*imports, "", "", "@kernel", head, *(INDENT + line for line in lines), ""])

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
