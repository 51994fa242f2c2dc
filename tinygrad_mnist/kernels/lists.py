"""Products with rows that are mostly zeros: lists of what is not zero, and vector code that walks them.

An entry is the place of a number in its row and the number. A zero then costs nothing: it is no entry, and
contributes nothing, also where it would meet infinity or NaN. An entry costs one row of the other matrix,
several vectors of which are in registers at once.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from llvmlite import ir

from tinygrad_mnist.kernels.checking import asserted, between, there
from tinygrad_mnist.kernels.linking import linked
from tinygrad_mnist.kernels.numba_door import cgutils, types
from tinygrad_mnist.kernels.policy import kernel, scalar
from tinygrad_mnist.kernels.simd import count_lanes, offset
from tinygrad_mnist.kernels.vectors import (
    FEATURES,
    I32,
    I64,
    VECTOR_BYTES,
    Vectors,
    as_i64,
    lane_numbers,
    named_intrinsic,
)

_I8, _I16 = ir.IntType(8), ir.IntType(16)

#: Elements that a list has room for beyond the numbers of its row: whole vectors are written.
SPARE = 64
BLOCK = 32  # numbers of a list that programs work on at once: the last ones may be of zeros
VECTORS = 8  # of a row that stay in registers while a list is walked
_CLOSE = 2  # vectors up to which the place of a row takes as long as its numbers
CHAINS = 8  # sums that are under way at once, at least: an addition takes four cycles
WHOLE = 2  # which of the counts of a row's lists is that of both parts together; 0 and 1 are those of one
CODES = 256  # what one byte can be
#: Numbers that a row may have: their places are 16 bits long.
MOST = 1 << 16
_SQUEEZES = VECTOR_BYTES == 64 and "avx512vbmi2" in FEATURES  # whether a vector can be packed at once


# Making a list ------------------------------------------------------------------------------------


def _find(typing: Any, row: Any, first: Any, last: Any, values: Any, index: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        row, first, last, values, index = args
        asserted(
            builder, "find", between(builder, 0, first), *(there(builder, x) for x in (row, values, index))
        )
        found = _Found(builder, row.type.pointee, values, index)
        found.walk(row, first, last)
        return builder.load(found.count)

    pointers = row, types.int64, types.int64, row, types.CPointer(types.uint16)
    return types.int64(*pointers), codegen


class _Found:
    """Instructions that write a list, and count its entries."""

    def __init__(self, builder: ir.IRBuilder, element: Any, values: Any, index: Any) -> None:
        self.builder, self.element, self.values, self.index = builder, element, values, index
        self.whole = isinstance(element, ir.IntType)
        self.bits = element.width if self.whole else 32 if isinstance(element, ir.FloatType) else 64
        self.lanes = 8 * VECTOR_BYTES // self.bits
        self.count = cgutils.alloca_once_value(builder, as_i64(0))
        self.write = self._squeezed if _SQUEEZES else self._one_by_one

    def walk(self, row: Any, first: Any, last: Any) -> None:
        """List what is not zero of row[first:last]; behind the last entry come zeros, at its place."""
        builder, lanes = self.builder, self.lanes
        whole = builder.add(first, builder.and_(builder.sub(last, first), as_i64(-lanes)))
        with cgutils.for_range_slice(builder, first, whole, as_i64(lanes)) as (at, _):
            self.write(row, at, self._load(row, at, None))
        with builder.if_then(builder.icmp_signed("<", whole, last)):
            self.write(row, whole, self._load(row, whole, builder.sub(last, whole)))
        zeros = self._zeros(lanes)
        for k in range(0, BLOCK, lanes):
            end = builder.gep(self.values, [builder.add(builder.load(self.count), as_i64(k))])
            builder.store(zeros, builder.bitcast(end, zeros.type.as_pointer()), align=self.bits // 8)
        count = builder.load(self.count)
        before = builder.select(
            builder.icmp_signed(">", count, as_i64(0)), builder.sub(count, as_i64(1)), count
        )
        place = builder.load(builder.gep(self.index, [before]))
        kind = ir.VectorType(_I16, CHAINS)
        nothing = ir.Constant(kind, ir.Undefined)
        places = builder.insert_element(nothing, place, ir.Constant(I32, 0))
        places = builder.shuffle_vector(places, nothing, lane_numbers([0] * CHAINS))
        end = builder.gep(self.index, [count])
        builder.store(places, builder.bitcast(end, kind.as_pointer()), align=2)

    def _zeros(self, lanes: int) -> Any:
        return ir.Constant(ir.VectorType(self.element, lanes), [0 if self.whole else 0.0] * lanes)

    def _called(self, name: str, result: Any, args: list[Any]) -> Any:
        kind = ir.FunctionType(result, [x.type for x in args])
        return self.builder.call(cgutils.get_or_insert_function(self.builder.module, kind, name), args)

    def _suffix(self) -> str:
        return f"v{self.lanes}{'i' if self.whole else 'f'}{self.bits}"

    def _load(self, row: Any, at: Any, count: Any) -> Any:
        """A vector of the row, of which only so many lanes exist, if `count` is given; others are zero."""
        kind = ir.VectorType(self.element, self.lanes)
        place = self.builder.bitcast(self.builder.gep(row, [at]), kind.as_pointer())
        if count is None:
            return self.builder.load(place, align=self.bits // 8)
        counts = ir.VectorType(I32, self.lanes)
        nothing = ir.Constant(counts, ir.Undefined)
        one = self.builder.insert_element(nothing, self.builder.trunc(count, I32), ir.Constant(I32, 0))
        limit = self.builder.shuffle_vector(one, nothing, lane_numbers([0] * self.lanes))
        mask = self.builder.icmp_signed("<", ir.Constant(counts, list(range(self.lanes))), limit)
        args = [place, ir.Constant(I32, self.bits // 8), mask, self._zeros(self.lanes)]
        return self._called(f"llvm.masked.load.{self._suffix()}.p0", kind, args)

    def _is_there(self, x: Any) -> Any:
        zero = self._zeros(self.lanes)
        return (
            self.builder.icmp_signed("!=", x, zero)
            if self.whole
            else self.builder.fcmp_unordered("!=", x, zero)
        )

    def _squeezed(self, row: Any, at: Any, x: Any) -> None:
        """The entries of a vector without a branch."""
        builder, mask = self.builder, self._is_there(x)
        start = builder.load(self.count)
        name = f"llvm.experimental.vector.compress.{self._suffix()}"
        packed = self._called(name, x.type, [x, mask, self._zeros(self.lanes)])
        place = builder.gep(self.values, [start])
        builder.store(packed, builder.bitcast(place, x.type.as_pointer()), align=self.bits // 8)
        width = min(self.lanes, 32)
        kind, bits = ir.VectorType(_I16, width), ir.IntType(width)
        nothing, zeros = ir.Constant(kind, ir.Undefined), ir.Constant(kind, [0] * width)
        low = builder.insert_element(nothing, builder.trunc(at, _I16), ir.Constant(I32, 0))
        low = builder.shuffle_vector(low, nothing, lane_numbers([0] * width))
        for part in range(0, self.lanes, width):
            some = lane_numbers(range(part, part + width))
            chosen = builder.shuffle_vector(mask, ir.Constant(mask.type, ir.Undefined), some)
            places = builder.add(low, ir.Constant(kind, list(range(part, part + width))))
            packed = self._called(
                f"llvm.experimental.vector.compress.v{width}i16", kind, [places, chosen, zeros]
            )
            place = builder.bitcast(builder.gep(self.index, [builder.load(self.count)]), kind.as_pointer())
            builder.store(packed, place, align=2)
            count = self._called(f"llvm.ctpop.i{width}", bits, [builder.bitcast(chosen, bits)])
            builder.store(builder.add(builder.load(self.count), builder.zext(count, I64)), self.count)

    def _one_by_one(self, row: Any, at: Any, x: Any) -> None:
        """The entries of a vector in a loop: for processors that cannot squeeze one."""
        builder, bits = self.builder, ir.IntType(self.lanes)
        mask = builder.bitcast(self._is_there(x), bits)
        mask = mask if self.lanes == 64 else builder.zext(mask, I64)
        left = cgutils.alloca_once(builder, I64)
        builder.store(mask, left)
        head, turn, past = map(builder.append_basic_block, ("head", "turn", "past"))
        builder.branch(head)
        builder.position_at_end(head)
        mask = builder.load(left)
        builder.cbranch(builder.icmp_unsigned("!=", mask, as_i64(0)), turn, past)
        builder.position_at_end(turn)
        place = builder.add(at, builder.cttz(mask, ir.Constant(ir.IntType(1), 1)))
        count = builder.load(self.count)
        builder.store(builder.load(builder.gep(row, [place])), builder.gep(self.values, [count]))
        builder.store(builder.trunc(place, _I16), builder.gep(self.index, [count]))
        builder.store(builder.add(count, as_i64(1)), self.count)
        builder.store(builder.and_(mask, builder.sub(mask, as_i64(1))), left)
        builder.branch(head)
        builder.position_at_end(past)


@scalar
def list_room(depth: int) -> int:
    """For so many entries there must be room for the lists of a row of so many numbers, in two parts."""
    return depth + 2 * (CHAINS + SPARE)


#: find(row, first, last, values, index): list what is not zero of row[first:last], numbers and places in the
#: row; how many there are. Both lists have room for last - first + SPARE; 0 <= first <= last.
find = named_intrinsic("find", _find)


# Walking a list -----------------------------------------------------------------------------------


class Width(NamedTuple):
    """Rows of so many columns.

    Attributes:
        vectors: how many they take.
        masks: of each vector of a row, and of one of the table.
        table_row: how far apart the table's rows are.
    """

    vectors: int
    masks: list[Any]
    table_masks: list[Any]
    table_row: Any


class _Entries:
    """Instructions for the entries of a list, at the place where a builder stands."""

    def __init__(
        self, v: Vectors, values: Any, index: Any, count: Any, table: Any, width: Width, numbers: Any = None
    ) -> None:
        self.v, self.values, self.index, self.count = v, values, index, count
        self.table, self.width, self.numbers = table, width, numbers

    def at(self, t: Any, code: Any = None) -> tuple[Any, Any]:
        """The number of an entry in every lane, and its row of the table."""
        builder = self.v.builder
        place = builder.zext(builder.load(builder.gep(self.index, [t])), I64)
        row = self.v.offset(self.table, place, self.width.table_row)
        number = builder.gep(self.values, [t])
        if self.numbers is not None:
            code = builder.load(builder.bitcast(number, _I8.as_pointer())) if code is None else code
            number = builder.gep(self.numbers, [builder.zext(code, I64)])
        return self.v.broadcast(number), row

    def several(self, t: Any, count: int) -> list[tuple[Any, Any]]:
        """As `at`, for so many entries from one on."""
        builder, codes = self.v.builder, [None] * count
        if self.numbers is not None:
            word = ir.IntType(8 * count)
            first = builder.bitcast(builder.gep(self.values, [t]), word.as_pointer())
            loaded = builder.load(first, align=1)
            codes = [builder.trunc(builder.lshr(loaded, word(8 * k)), _I8) for k in range(count)]
        return [self.at(builder.add(t, as_i64(k)), code) for k, code in enumerate(codes)]

    def walk(self, together: int, do: Callable[[list[tuple[Any, Any]]], None]) -> None:
        """Call do([(number, row), ...]) for so many entries at once, the last time for some zeros, too.

        How many are left over is different in each list: a branch on it would mostly be guessed wrong.
        """
        builder = self.v.builder
        with cgutils.for_range_slice(builder, as_i64(0), self.count, as_i64(together)) as (t, _):
            do(self.several(t, together))

    def walk_exactly(self, together: int, do: Callable[[list[tuple[Any, Any]]], None]) -> None:
        """The same without the zeros, which times infinity or NaN would be NaN; slower."""
        builder = self.v.builder
        with cgutils.for_range_slice(builder, as_i64(0), self.count, as_i64(together)) as (t, _):
            for k in range(together):
                at = builder.add(t, as_i64(k))
                with builder.if_then(builder.icmp_signed("<", at, self.count)):
                    do([(None, None)] * k + [self.at(at)])


def _widths(v: Vectors, columns: Any, table_row: Any) -> Iterator[Width]:
    """What rows of so many columns can be; what is added meanwhile runs only for these."""
    builder = v.builder
    for vectors in range(1, VECTORS + 1):
        full, whole = as_i64((vectors - 1) * v.lanes), as_i64(vectors * v.lanes)
        no_masks = [None] * vectors
        masks = [*no_masks[1:], v.first_lanes(builder.sub(columns, full), v.lanes)]
        within = builder.icmp_signed(">", columns, full)
        within = builder.and_(within, builder.icmp_signed("<=", columns, whole))
        with builder.if_then(within):
            close = builder.icmp_signed("==", table_row, whole)  # whole vectors, and nothing in between
            if vectors <= _CLOSE:
                with builder.if_then(close):
                    yield Width(vectors, masks, no_masks, whole)
            some = builder.icmp_signed("<", columns, whole)
            apart = builder.not_(close) if vectors <= _CLOSE else cgutils.true_bit
            with builder.if_then(builder.and_(apart, builder.not_(some))):
                yield Width(vectors, no_masks, no_masks, table_row)
            with builder.if_then(builder.and_(apart, some)):
                yield Width(vectors, masks, masks, table_row)


def together(vectors: int) -> int:
    """Entries whose sums are kept apart: a power of two."""
    return 1 << ((max(1, CHAINS // vectors)).bit_length() - 1)


def walked(
    v: Vectors,
    arrays: list[Any],
    sizes: list[Any],
    width: Width,
    emit: Callable[..., None],
    numbers: Any = None,
) -> None:
    """Call emit for each of m lists and its row; values are positions in `numbers`, if there are such."""
    builder, (values, index, starts, counts, rows, table), (rows_row, m) = v.builder, arrays, sizes
    with cgutils.for_range_slice(builder, as_i64(0), m, as_i64(1)) as (i, _):
        at = builder.load(builder.gep(starts, [i]))
        own = builder.gep(values, [at]), builder.gep(index, [at])
        count = builder.load(builder.gep(counts, [i]))
        emit(v, _Entries(v, *own, count, table, width, numbers), v.offset(rows, i, rows_row), width)


def _tile(name: str, emit: Callable[..., None]) -> Any:
    """The intrinsic (values, index, starts, counts, rows, rows_row, table, table_row, m, columns).

    For m lists, which begin at `starts`, and 1 to VECTORS * lanes columns.
    """

    def tile(
        typing: Any,
        values: Any,
        index: Any,
        starts: Any,
        counts: Any,
        rows: Any,
        rows_row: Any,
        table: Any,
        table_row: Any,
        m: Any,
        columns: Any,
    ) -> Any:
        i64 = types.int64

        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            values, index, starts, counts, rows, rows_row, table, table_row, m, columns = args
            v = Vectors(context, builder, signature.args[0].dtype)
            arrays = [values, index, starts, counts, rows, table]
            pointers = (there(builder, x) for x in arrays)
            asserted(builder, name, between(builder, 1, columns, VECTORS * v.lanes), *pointers)
            for width in _widths(v, columns, table_row):
                walked(v, arrays, [rows_row, m], width, emit)
            return context.get_dummy_value()

        return types.void(values, index, starts, counts, values, i64, values, i64, i64, i64), codegen

    return named_intrinsic(name, tile)


def add_up(v: Vectors, entries: _Entries, row: Any, width: Width) -> None:
    """row = the sum of the entries' numbers times their rows of the table."""
    builder, at_once = v.builder, together(width.vectors)
    totals = [v.accumulators(width.vectors) for _ in range(at_once)]

    def add(some: list[tuple[Any, Any]]) -> None:
        for (number, line), own in zip(some, totals, strict=False):
            for j, mask in enumerate(width.table_masks if number is not None else ()):
                v.multiply_add(number, v.load(v.offset(line, j * v.lanes), mask), own[j])

    def store() -> Any:
        found = []
        for j, mask in enumerate(width.masks):
            parts = [builder.load(own[j]) for own in totals]
            while len(parts) > 1:
                parts = [builder.fadd(a, b) for a, b in zip(parts[::2], parts[1::2], strict=True)]
            v.store(parts[0], v.offset(row, j * v.lanes), mask)
            found.append(builder.fcmp_unordered("uno", parts[0], parts[0]))
        return functools.reduce(builder.or_, found)

    entries.walk(at_once, add)
    is_nan = builder.bitcast(store(), ir.IntType(v.lanes))
    if at_once > 1:
        with builder.if_then(builder.icmp_unsigned("!=", is_nan, is_nan.type(0)), likely=False):
            for place in (place for own in totals for place in own):
                builder.store(v.zero, place)
            entries.walk_exactly(at_once, add)
            store()


def spread_out(v: Vectors, entries: _Entries, row: Any, width: Width) -> None:
    """Each entry's number times the row is added to its row of the table."""
    lines = [v.load(v.offset(row, j * v.lanes), mask) for j, mask in enumerate(width.masks)]

    def add(some: list[tuple[Any, Any]]) -> None:
        new = []  # all are read before any is written: LLVM does not know that the rows are different ones
        for number, line in some:
            for j, mask in enumerate(width.table_masks):
                place = v.offset(line, j * v.lanes)
                args = [number, lines[j], v.load(place, mask)]
                new.append((v.call(f"llvm.fma.{v.suffix}", v.type, args), place, mask))
        for total, place, mask in reversed(new):  # the last entry after the zeros at its place
            v.store(total, place, mask)

    entries.walk(together(width.vectors), add)


_sum_tile, _spread_tile = _tile("sum_of_entries", add_up), _tile("spread_entries", spread_out)


@kernel
def sums_of_lists(
    values: Any,
    index: Any,
    starts: Any,
    counts: Any,
    rows: Any,
    rows_row: int,
    table: Any,
    table_row: int,
    m: int,
    n: int,
) -> int:
    """rows[i] = the sum over list i of its numbers times rows of the table, of n columns.

    There are m lists, which begin at `starts`.
    """
    panel = VECTORS * count_lanes(rows)
    for j in range(0, n, panel):
        part, target, columns = offset(table, j), offset(rows, j), min(panel, n - j)
        _sum_tile(values, index, starts, counts, target, rows_row, part, table_row, m, columns)
    return 1


@kernel
def spread_lists(
    values: Any,
    index: Any,
    starts: Any,
    counts: Any,
    rows: Any,
    rows_row: int,
    table: Any,
    table_row: int,
    m: int,
    n: int,
) -> int:
    """For each entry of list i: its row of the table, of n columns, += its number times rows[i]; as above."""
    panel = VECTORS * count_lanes(rows)
    for j in range(0, n, panel):
        part, source, columns = offset(table, j), offset(rows, j), min(panel, n - j)
        _spread_tile(values, index, starts, counts, source, rows_row, part, table_row, m, columns)
    return 1


def _arguments(pointer: Any) -> tuple[Any, ...]:
    i64 = types.int64
    lists = pointer, types.CPointer(types.uint16), types.CPointer(i64), types.CPointer(i64)
    return (*lists, pointer, i64, pointer, i64, i64, i64)


#: As the kernels, for compiled code.
sum_lists, spread = (linked(function, _arguments) for function in (sums_of_lists, spread_lists))
