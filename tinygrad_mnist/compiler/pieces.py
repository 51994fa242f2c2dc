"""A scheduled program as a function for Numba, or several: LLVM takes long for long functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from llvmlite import ir

from ..kernels.numba_door import cgutils, types
from .loops import Place, Section, statements
from .machine import I64, MEETING, Emitter, Frame, loop, number, type_of
from .names import variables
from .share import EVERYONE, Schedule
from .tuning import TOGETHER

#: (who does it, section) in order; None for a section: the workers meet.
Parts: TypeAlias = Sequence[tuple[str, Section | None]]

_KINDS = [types.voidptr, types.voidptr, *[types.int64] * 4]


def emit(schedule: Schedule, context: Any, builder: Any, values: Sequence[Any]) -> None:
    """Emit a program into a function that Numba is making.

    Args:
        schedule: the program.
        context, builder: Numba's, of that function.
        values: the first step, the one after the last, the number of a worker, how many there are, and a
            pointer to the addresses of the arrays, in the order of `text.Printer.parameters`.
    """
    first, last, worker, workers, table = values
    loops, pieces = schedule.loops, _pieces(schedule)
    places = [*loops.arguments, *loops.captured, *loops.outputs, *schedule.buffers]
    places = [MEETING, *places] if schedule.shared else places
    # Loaded as pointers: of numbers made pointers LLVM makes no vectors of loops that look something up.
    kinds = [context.get_data_type(type_of(place.dtype)).as_pointer() for place in places]
    addresses = {
        place: builder.load(builder.gep(builder.bitcast(table, kind.as_pointer()), [number(k)]))
        for k, (place, kind) in enumerate(zip(places, kinds, strict=True))
    }
    done = builder.append_basic_block("done")
    shared = [x for x, found in _used(pieces).items() if len(found) > 1]
    outside = _Outside(schedule, context, builder, addresses, shared)

    def step(at: Any) -> None:
        frame = Frame(addresses, {}, at, last, worker, workers)
        if len(pieces) == 1:
            Emitter(schedule, context, builder, frame, done).parts(pieces[0])
            return
        for piece in pieces:
            outside.call(piece, frame, done)

    loop(builder, first, last, step)
    builder.branch(done)
    builder.position_at_end(done)


def _pieces(schedule: Schedule) -> list[list[tuple[str, Section | None]]]:
    """The parts of a schedule in groups, none of them long."""
    pieces: list[list[tuple[str, Section | None]]] = [[]]
    length = 0
    end = [(EVERYONE, None)] if schedule.shared else []  # nobody begins the next step before this one's end
    for part in (*schedule.parts, *end):
        count = _length(part)
        if length and length + count > TOGETHER:
            pieces.append([])
            length = 0
        pieces[-1].append(part)
        length += count
    return pieces


def size(schedule: Schedule) -> int:
    """How many statements a program has: what compiling it takes goes with that."""
    return sum(map(_length, schedule.parts))


def _length(part: tuple[str, Section | None]) -> int:
    return sum(1 for _ in statements(part[1].body)) if part[1] else 1


def _used(pieces: Sequence[Parts]) -> dict[Place, set[int]]:
    """The groups in which each variable is."""
    found: dict[Place, set[int]] = {}
    for n, piece in enumerate(pieces):
        for _, section in piece:
            for place in variables(section) if section else ():
                found.setdefault(place, set()).add(n)
    return found


class _Outside:
    """Functions for the pieces of a long program, and the tables where they find its arrays and variables."""

    def __init__(
        self,
        schedule: Schedule,
        context: Any,
        builder: Any,
        addresses: Mapping[Place, Any],
        shared: list[Place],
    ) -> None:
        self.schedule, self.context, self.builder = schedule, context, builder
        self.types = {place: address.type for place, address in addresses.items()}
        self.shared, self._functions = shared, 0
        self._table = cgutils.alloca_once(builder, cgutils.voidptr_t, number(len(addresses)))
        self._slots = cgutils.alloca_once(builder, I64, number(max(1, len(shared))))
        for k, address in enumerate(addresses.values()):
            pointer = builder.bitcast(address, cgutils.voidptr_t)
            builder.store(pointer, builder.gep(self._table, [number(k)]))

    def call(self, piece: Parts, frame: Frame, done: Any) -> None:
        """Make a function of a piece, and call it."""
        function, convention, builder = self._function(piece), self.context.call_conv, self.builder
        tables = [builder.bitcast(x, cgutils.voidptr_t) for x in (self._table, self._slots)]
        args = [*tables, frame.step, frame.last, frame.worker, frame.workers]
        status, going = convention.call_function(builder, function, types.boolean, _KINDS, args)
        with cgutils.if_unlikely(builder, status.is_error):
            convention.return_status_propagate(builder, status)
        go_on = builder.append_basic_block("on")
        builder.cbranch(going, go_on, done)
        builder.position_at_end(go_on)

    def _function(self, piece: Parts) -> Any:
        convention, outer = self.context.call_conv, self.builder.function
        self._functions += 1
        kind = convention.get_function_type(types.boolean, _KINDS)
        function = ir.Function(outer.module, kind, f"{outer.name}.{self._functions}")
        function.linkage = "internal"
        function.attributes.add("noinline")
        convention.decorate_function(function, [str(k) for k in range(len(_KINDS))], _KINDS)
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        table, slots, *numbers = convention.get_arguments(function)
        table = builder.bitcast(table, cgutils.voidptr_t.as_pointer())
        slots = builder.bitcast(slots, I64.as_pointer())
        addresses = {
            place: builder.bitcast(builder.load(builder.gep(table, [number(k)])), kind)
            for k, (place, kind) in enumerate(self.types.items())
        }
        kinds = [self.context.get_value_type(type_of(place.dtype)).as_pointer() for place in self.shared]
        variables = {
            place: builder.bitcast(builder.gep(slots, [number(k)]), kind)
            for k, (place, kind) in enumerate(zip(self.shared, kinds, strict=True))
        }
        stop = builder.append_basic_block("stop")
        Emitter(self.schedule, self.context, builder, Frame(addresses, variables, *numbers), stop).parts(
            piece
        )
        for block, answer in ((builder.block, cgutils.true_bit), (stop, cgutils.false_bit)):
            builder.position_at_end(block)
            value = self.context.get_return_value(builder, types.boolean, answer)
            convention.return_value(builder, value)
        return function
