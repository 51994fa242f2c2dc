"""Products with a small matrix on the right, whose rows stay in the first-level cache or in registers.

The general product finds out at each call how it is to be cut and packed, which takes longer than a small one
does. A program gives the sizes as constants: then only the instructions for these are emitted.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from llvmlite import ir

from tinygrad_mnist.kernels.checking import asserted, between
from tinygrad_mnist.kernels.numba_door import cgutils, extending, types
from tinygrad_mnist.kernels.tiles import interleave
from tinygrad_mnist.kernels.tuning import SMALL_DEPTH, SMALL_VECTORS
from tinygrad_mnist.kernels.vectors import VECTOR_BYTES, Vectors, as_i64

_ROWS, _TOTALS = 8, 16  # of a tile, at most: an addition takes four cycles, and there are 32 registers


def is_narrow(n: int, depth: int, itemsize: int) -> bool:
    """Whether these products are for a right matrix of so many columns and rows."""
    return 0 < n <= SMALL_VECTORS * VECTOR_BYTES // itemsize and 0 < depth <= SMALL_DEPTH


def _typed(name: str, *kinds: Any) -> Any:
    """Signature and code of a product of these arrays, the last one the result, and five numbers."""
    arrays = kinds[:-5]
    if not all(isinstance(x, types.Array) for x in arrays):
        return None

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        given = [context.make_array(kind)(context, builder, x) for kind, x in zip(arrays, args, strict=False)]
        numbers = args[len(arrays) :]
        _assert_fits(builder, name, given, *numbers)
        _Narrow(Vectors(context, builder, arrays[0].dtype), [x.data for x in given], *numbers).emit()
        return context.get_dummy_value()

    return types.void(*arrays, *[types.int64] * 5), codegen


def _narrow(
    typing: Any, a: Any, b: Any, out: Any, first: Any, last: Any, n: Any, depth: Any, turned: Any
) -> Any:
    return _typed("narrow", a, b, out, first, last, n, depth, turned)


def _narrow_layer(
    typing: Any, a: Any, b: Any, bias: Any, out: Any, first: Any, last: Any, n: Any, depth: Any, turned: Any
) -> Any:
    return _typed("narrow_layer", a, b, bias, out, first, last, n, depth, turned)


def _assert_fits(
    builder: Any, name: str, arrays: Sequence[Any], first: Any, last: Any, n: Any, depth: Any, turned: Any
) -> None:
    rows, columns = cgutils.unpack_tuple(builder, arrays[0].shape)
    sizes = [(depth, columns), (builder.mul(n, depth), arrays[1].nitems)]
    sizes += [(builder.mul(rows, n), arrays[-1].nitems), *[(n, x.nitems) for x in arrays[2:-1]]]
    conditions = [builder.icmp_signed("==", *pair) for pair in sizes]
    conditions += [builder.icmp_signed("<=", *pair) for pair in ((first, last), (last, rows))]
    counts = (
        between(builder, 0, first),
        between(builder, 1, depth, SMALL_DEPTH),
        between(builder, 0, turned, 1),
    )
    asserted(builder, name, *conditions, *counts, between(builder, 1, n))


class _Narrow:
    """Instructions for a product: `arrays` are where a, b, a bias if there is one, and the result begin."""

    def __init__(
        self, v: Vectors, arrays: Sequence[Any], first: Any, last: Any, n: Any, depth: Any, turned: Any
    ) -> None:
        self.v, self.builder = v, v.builder
        self.a, self.b, *bias, self.out = arrays
        self.bias = bias[0] if bias else None
        self.first, self.last, self.n, self.depth, self.turned = first, last, n, depth, turned

    def emit(self) -> None:
        """All of them."""
        for vectors, masks in self._widths():
            room = -(-(_known(self.depth) or SMALL_DEPTH) // self.v.lanes) * self.v.lanes * vectors
            table = cgutils.alloca_once(self.builder, self.v.type, room)
            table.align = VECTOR_BYTES
            turned = _known(self.turned)
            if turned is None:
                with self.builder.if_else(cgutils.is_true(self.builder, self.turned)) as (yes, no):
                    with yes:
                        self._turn(table, vectors)
                    with no:
                        self._copy(table, masks)
            elif turned:
                self._turn(table, vectors)
            else:
                self._copy(table, masks)
            self._rows(table, masks)

    def _widths(self) -> Iterator[tuple[int, list[Any]]]:
        """How many vectors rows of b take, and their masks; what is added meanwhile runs only for these."""
        lanes, known = self.v.lanes, _known(self.n)
        for vectors in range(1, SMALL_VECTORS + 1):
            full, whole = (vectors - 1) * lanes, vectors * lanes
            if known is None:
                within = self.builder.icmp_signed(">", self.n, as_i64(full))
                within = self.builder.and_(within, self.builder.icmp_signed("<=", self.n, as_i64(whole)))
                with self.builder.if_then(within):
                    rest = self.builder.sub(self.n, as_i64(full))
                    yield vectors, [None] * (vectors - 1) + [self.v.first_lanes(rest, lanes)]
            elif full < known <= whole:
                rest = None if known == whole else self.v.first_lanes(as_i64(known - full), lanes)
                yield vectors, [None] * (vectors - 1) + [rest]

    def _turn(self, table: Any, vectors: int) -> None:
        """Columns of b, which lie side by side, as rows of the table; behind the last one it is repeated."""
        v, builder = self.v, self.builder
        last = builder.sub(self.n, as_i64(1))
        with cgutils.for_range_slice(builder, as_i64(0), self.depth, as_i64(v.lanes)) as (k, _):
            mask = v.first_lanes(builder.sub(self.depth, k), v.lanes)
            for j in range(vectors):
                columns = [
                    builder.select(builder.icmp_signed("<", as_i64(c), last), as_i64(c), last)
                    for c in range(j * v.lanes, (j + 1) * v.lanes)
                ]
                lines = [v.load(v.offset(builder.gep(self.b, [k]), c, self.depth), mask) for c in columns]
                for i, line in enumerate(interleave(v, lines)):
                    row = builder.mul(builder.add(k, as_i64(i)), as_i64(vectors))
                    builder.store(line, builder.gep(table, [builder.add(row, as_i64(j))]))

    def _copy(self, table: Any, masks: Sequence[Any]) -> None:
        """Rows of b as rows of the table."""
        v, builder = self.v, self.builder
        with cgutils.for_range(builder, self.depth) as loop:
            row, line = builder.mul(loop.index, as_i64(len(masks))), v.offset(self.b, loop.index, self.n)
            for j, mask in enumerate(masks):
                number = v.load(v.offset(line, j * v.lanes), mask)
                builder.store(number, builder.gep(table, [builder.add(row, as_i64(j))]))

    def _rows(self, table: Any, masks: Sequence[Any]) -> None:
        """All rows, in tiles; the last one may do again what the one before it did."""
        builder, high = self.builder, _ROWS
        while high * len(masks) > _TOTALS:
            high //= 2
        low, count = high // 2, builder.sub(self.last, self.first)
        whole = builder.add(self.first, builder.and_(count, as_i64(-high)))
        with cgutils.for_range_slice(builder, self.first, whole, as_i64(high)) as (i, _):
            self._tile(i, high, table, masks)
        with builder.if_else(builder.icmp_signed(">=", count, as_i64(low))) as (enough, few):
            with enough, cgutils.for_range_slice(builder, whole, self.last, as_i64(low)) as (i, _):
                end = builder.sub(self.last, as_i64(low))
                self._tile(builder.select(builder.icmp_signed("<", i, end), i, end), low, table, masks)
            with few, cgutils.for_range_slice(builder, whole, self.last, as_i64(1)) as (i, _):
                self._tile(i, 1, table, masks)

    def _tile(self, i: Any, rows: int, table: Any, masks: Sequence[Any]) -> None:
        """So many rows from row i on: each sum in the order of the depth, and then the bias."""
        v, builder = self.v, self.builder
        totals = [v.accumulators(len(masks)) for _ in range(rows)]
        lines = [v.offset(self.a, builder.add(i, as_i64(r)), self.depth) for r in range(rows)]
        with cgutils.for_range(builder, self.depth) as loop:
            place = builder.mul(loop.index, as_i64(len(masks)))
            row = [
                builder.load(builder.gep(table, [builder.add(place, as_i64(j))])) for j in range(len(masks))
            ]
            for line, own in zip(lines, totals, strict=True):
                number = v.broadcast(builder.gep(line, [loop.index]))
                for vector, total in zip(row, own, strict=True):
                    v.multiply_add(number, vector, total)
        for j, mask in enumerate(masks):
            bias = None if self.bias is None else v.load(v.offset(self.bias, j * v.lanes), mask)
            for r, own in enumerate(totals):
                total = builder.load(own[j])
                total = total if bias is None else builder.fadd(total, bias)
                line = v.offset(self.out, builder.add(i, as_i64(r)), self.n)
                v.store(total, v.offset(line, j * v.lanes), mask)


def _known(x: Any) -> int | None:
    """A number, if it is one already while code is made."""
    return int(x.constant) if isinstance(x, ir.Constant) else None


#: narrow(a, b, out, first, last, n, depth, turned): rows `first` up to `last` of out = a @ b, for b of
#: `depth` rows and n columns (see `is_narrow`), or for the turn of b if `turned` is 1, not 0. All contiguous.
narrow = extending.intrinsic(_narrow)
#: The same with (a, b, bias, out, ...): out = a @ b + bias.
narrow_layer = extending.intrinsic(_narrow_layer)
