"""Tiles of matrix products in registers, for the few loops where plain ones leave most of the processor idle.

Numba's loops give LLVM no chance to keep a tile of a matrix product in registers, since the
operands might overlap. The intrinsics here spell the instructions out: vectors of the width of
the host, fused multiply-adds into accumulators that stay in registers, masks for ragged edges.
All take pointers; strides count elements, `depth` is the length of the sums. float32 and float64.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from llvmlite import ir

from tinygrad_mnist.kernels.checking import asserted, between, there
from tinygrad_mnist.kernels.numba_door import cgutils, types
from tinygrad_mnist.kernels.vectors import (
    Vectors,
    as_i64,
    bring_near,
    lane_numbers,
    named_intrinsic,
)


def row_tile(most_rows: int, most_vectors: int) -> Any:
    """C = A @ B or C += A @ B for a tile of C: up to `most_rows` rows of up to `most_vectors` vectors.

    tile(a, a_row, a_column, b, b_row, c, c_row, m, n, depth, add): A is m x depth, of any strides;
    B is depth x n and C m x n, their rows adjacent numbers. C is added to if `add`, else
    overwritten. 1 <= m <= most_rows (a power of two); 1 <= n <= most_vectors * lanes.

    Reads a[i * a_row + k * a_column] and b[k * b_row + j], writes c[i * c_row + j], for i < m, j < n and
    k < depth: the caller has seen to it that these exist and that C lies apart from A and B.
    """

    def tile(
        typing: Any,
        a: Any,
        a_row: Any,
        a_column: Any,
        b: Any,
        b_row: Any,
        c: Any,
        c_row: Any,
        m: Any,
        n: Any,
        depth: Any,
        add: Any,
    ) -> Any:
        i64 = types.int64
        signature = types.void(a, i64, i64, a, i64, a, i64, i64, i64, i64, types.boolean)

        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            a, a_row, a_column, b, b_row, c, c_row, m, n, depth, add = args
            v = Vectors(context, builder, signature.args[0].dtype)
            _assert_tile(v, "row_tile", (a, b, c), m, most_rows, n, most_vectors * v.lanes, depth)
            for rows, done, vectors, tail in _exact_parts(v, m, n, most_rows, most_vectors):
                a_part, c_part = v.offset(a, done, a_row), v.offset(c, done, c_row)
                _exact_row_tile(
                    v, rows, vectors, a_part, a_row, a_column, b, b_row, c_part, c_row, depth, tail, add
                )
            return context.get_dummy_value()

        return signature, codegen

    return named_intrinsic(f"row_tile_{most_rows}x{most_vectors}", tile)


def _exact_row_tile(
    v: Vectors,
    rows: int,
    vectors: int,
    a: Any,
    a_row: Any,
    a_column: Any,
    b: Any,
    b_row: Any,
    c: Any,
    c_row: Any,
    depth: Any,
    tail: Any,
    add: Any,
) -> None:
    """Instructions for a tile of exactly so many rows and vectors, the last with `tail` lanes."""
    builder = v.builder
    masks = [None] * (vectors - 1) + [v.first_lanes(tail, v.lanes)]
    totals = [v.accumulators(vectors) for _ in range(rows)]
    places = [[v.offset(v.offset(c, i, c_row), j * v.lanes) for j in range(vectors)] for i in range(rows)]
    with builder.if_then(add):  # to be at hand when the sums are done
        for i in range(rows):
            for j in range(vectors):
                bring_near(builder, places[i][j], write=True)
    with cgutils.for_range(builder, depth) as loop:
        a_k, b_k = v.offset(a, loop.index, a_column), v.offset(b, loop.index, b_row)
        row = [v.load(v.offset(b_k, j * v.lanes), masks[j]) for j in range(vectors)]
        for i in range(rows):
            factor = v.broadcast(v.offset(a_k, i, a_row))
            for j in range(vectors):
                v.multiply_add(factor, row[j], totals[i][j])
    with builder.if_then(add):
        for i in range(rows):
            for j in range(vectors):
                before = v.load(places[i][j], masks[j])
                builder.store(builder.fadd(before, builder.load(totals[i][j])), totals[i][j])
    for i in range(rows):
        for j in range(vectors):
            v.store(builder.load(totals[i][j]), places[i][j], masks[j])


def table_tile(most_rows: int, most_vectors: int, operand: str) -> Any:
    """As `row_tile`, with the rows of one operand at the places that a table says.

    tile(places, a, a_step, b, b_row, c, c_row, m, n, depth, add): if `operand` is "a", row i of A
    begins at a + places[i] and its numbers are `a_step` apart; if it is "b", row k of B begins at
    b + places[k], and `b_row` has no meaning. All else is as there; `places` has m numbers, or `depth`.
    """

    def tile(
        typing: Any,
        places: Any,
        a: Any,
        a_step: Any,
        b: Any,
        b_row: Any,
        c: Any,
        c_row: Any,
        m: Any,
        n: Any,
        depth: Any,
        add: Any,
    ) -> Any:
        i64 = types.int64
        signature = types.void(types.CPointer(i64), a, i64, a, i64, a, i64, i64, i64, i64, types.boolean)

        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            places, a, a_step, b, b_row, c, c_row, m, n, depth, add = args
            v = Vectors(context, builder, signature.args[1].dtype)
            _assert_tile(v, "table_tile", (places, a, b, c), m, most_rows, n, most_vectors * v.lanes, depth)

            def place(index: Any) -> Any:
                return builder.load(builder.gep(places, [as_i64(index)]))

            for rows, done, vectors, tail in _exact_parts(v, m, n, most_rows, most_vectors):
                masks = [None] * (vectors - 1) + [v.first_lanes(tail, v.lanes)]
                totals = [v.accumulators(vectors) for _ in range(rows)]
                lines = [v.offset(c, builder.add(done, as_i64(i)), c_row) for i in range(rows)]
                targets = [[v.offset(line, j * v.lanes) for j in range(vectors)] for line in lines]
                with builder.if_then(add):
                    for i in range(rows):
                        for j in range(vectors):
                            builder.store(v.load(targets[i][j], masks[j]), totals[i][j])
                if operand == "a":
                    a_rows = [builder.gep(a, [place(builder.add(done, as_i64(i)))]) for i in range(rows)]
                else:
                    a_rows = [v.offset(a, builder.add(done, as_i64(i))) for i in range(rows)]
                with cgutils.for_range(builder, depth) as loop:
                    b_place = builder.mul(loop.index, b_row) if operand == "a" else place(loop.index)
                    row = [
                        v.load(v.offset(b, builder.add(b_place, as_i64(j * v.lanes))), masks[j])
                        for j in range(vectors)
                    ]
                    for i in range(rows):
                        factor = v.broadcast(v.offset(a_rows[i], loop.index, a_step))
                        for j in range(vectors):
                            v.multiply_add(factor, row[j], totals[i][j])
                for i in range(rows):
                    for j in range(vectors):
                        v.store(builder.load(totals[i][j]), targets[i][j], masks[j])
            return context.get_dummy_value()

        return signature, codegen

    return named_intrinsic(f"table_tile_{most_rows}x{most_vectors}_{operand}", tile)


def _assert_tile(
    v: Vectors,
    name: str,
    pointers: Sequence[Any],
    m: Any,
    most_rows: int | None,
    n: Any,
    most_columns: int | None,
    depth: Any,
) -> None:
    counts = between(v.builder, 1, m, most_rows), between(v.builder, 1, n, most_columns)
    asserted(
        v.builder,
        name,
        *counts,
        between(v.builder, 0, depth),
        *(there(v.builder, place) for place in pointers),
    )


def _exact_parts(
    v: Vectors, m: Any, n: Any, most_rows: int, most_vectors: int
) -> Iterator[tuple[int, Any, int, Any]]:
    """The parts of a tile of m rows and n columns: (rows, rows before them, vectors, lanes of the last).

    Instructions added while a part is at hand run only if there is such a part: m is a sum of powers of two.
    """
    builder = v.builder
    for vectors in range(1, most_vectors + 1):
        full = (vectors - 1) * v.lanes
        fits = builder.icmp_signed("<=", n, as_i64(full + v.lanes))
        needed = builder.icmp_signed(">", n, as_i64(full))
        with builder.if_then(builder.and_(fits, needed)):
            rows = most_rows
            while rows:
                with builder.if_then(cgutils.is_true(builder, builder.and_(m, as_i64(rows)))):
                    yield rows, builder.and_(m, as_i64(-2 * rows)), vectors, builder.sub(n, as_i64(full))
                rows //= 2


def dot_tile(rows: int, columns: int) -> Any:
    """C[i, j] = A[i] . B[j] for up to `rows` rows of A and `columns` rows of B, all contiguous.

    tile(a, a_row, b, b_row, c, c_row, depth, m, n): m and n of the rows of A and B exist
    (1 to all); of those that do not, the last one that does is read in their place. `columns`
    is a power of two, at most the lanes of a vector. Reads a[i * a_row + k] and b[j * b_row + k], writes
    c[i * c_row + j], for i < m, j < n and k < depth, which all exist; C lies apart from A and B.
    """

    def tile(
        typing: Any, a: Any, a_row: Any, b: Any, b_row: Any, c: Any, c_row: Any, depth: Any, m: Any, n: Any
    ) -> Any:
        i64 = types.int64
        signature = types.void(a, i64, a, i64, a, i64, i64, i64, i64)

        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            a, a_row, b, b_row, c, c_row, depth, m, n = args
            v = Vectors(context, builder, signature.args[0].dtype)
            _assert_tile(v, "dot_tile", (a, b, c), m, rows, n, columns, depth)
            totals = [v.accumulators(columns) for _ in range(rows)]
            a_rows = [v.offset(a, _at_most(builder, i, m), a_row) for i in range(rows)]
            b_rows = [v.offset(b, _at_most(builder, j, n), b_row) for j in range(columns)]

            def step(place: Any, mask: Any) -> None:
                left = [v.load(v.offset(pointer, place), mask) for pointer in a_rows]
                right = [v.load(v.offset(pointer, place), mask) for pointer in b_rows]
                for i in range(rows):
                    for j in range(columns):
                        v.multiply_add(left[i], right[j], totals[i][j])

            whole = builder.and_(depth, as_i64(-v.lanes))
            with cgutils.for_range_slice(builder, as_i64(0), whole, as_i64(v.lanes)) as (place, _):
                step(place, None)
            rest = builder.sub(depth, whole)
            with builder.if_then(builder.icmp_signed(">", rest, as_i64(0))):
                step(whole, v.first_lanes(rest, v.lanes))
            for first, count in _groups(rows, max(1, v.lanes // columns)):
                chosen = totals[first : first + count]
                sums = v.sums([builder.load(place) for line in chosen for place in line])
                for i in range(count):
                    with builder.if_then(builder.icmp_signed("<", as_i64(first + i), m)):
                        picked = lane_numbers(range(i * columns, (i + 1) * columns))
                        line = builder.shuffle_vector(sums, ir.Constant(sums.type, ir.Undefined), picked)
                        v.store(line, v.offset(c, first + i, c_row), v.first_lanes(n, columns))
            return context.get_dummy_value()

        return signature, codegen

    return named_intrinsic(f"dot_tile_{rows}x{columns}", tile)


def _at_most(builder: ir.IRBuilder, index: int, count: Any) -> Any:
    """The index, or the last one there is."""
    exists = builder.icmp_signed("<", as_i64(index), count)
    return builder.select(exists, as_i64(index), builder.sub(count, as_i64(1)))


def _groups(total: int, most: int) -> list[tuple[int, int]]:
    """Cut 0..total into runs of power-of-two lengths, as long as allowed: (first, count) of each."""
    groups, first = [], 0
    while first < total:
        count = 1 << (min(most, total - first).bit_length() - 1)
        groups.append((first, count))
        first += count
    return groups


def transpose_tile(most_rows: int) -> Any:
    """Copy a tile of rows of one vector each so that columns become rows.

    tile(source, source_row, target, target_row, m, n): target[k * target_row + i] becomes
    source[i * source_row + k] for i < rows and k < lanes, where `rows` is the smaller of
    `most_rows` (a power of two) and the lanes. If it is less than the lanes, target_row must
    equal it. Of the source only the first m rows (at least 1) and n columns are read; what the
    rest of the target becomes is undefined. The target has room for lanes * rows numbers where target_row
    equals `rows`, else for (lanes - 1) * target_row + lanes, and lies apart from the source.
    """

    def tile(typing: Any, source: Any, source_row: Any, target: Any, target_row: Any, m: Any, n: Any) -> Any:
        i64 = types.int64
        signature = types.void(source, i64, source, i64, i64, i64)

        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            source, source_row, target, target_row, m, n = args
            v = Vectors(context, builder, signature.args[0].dtype)
            _assert_tile(v, "transpose_tile", (source, target), m, None, n, None, as_i64(0))
            rows, mask = min(most_rows, v.lanes), v.first_lanes(n, v.lanes)
            lines = [v.load(v.offset(source, _at_most(builder, i, m), source_row), mask) for i in range(rows)]
            for k, line in enumerate(interleave(v, lines)):
                v.store(line, v.offset(target, k * (v.lanes // rows), target_row))
            return context.get_dummy_value()

        return signature, codegen

    return named_intrinsic(f"transpose_tile_{most_rows}", tile)


def interleave(v: Vectors, lines: list[Any]) -> list[Any]:
    """The vectors that hold lane 0 of every line, then lane 1 of every line, and so on."""
    if len(lines) == 1:
        return lines
    pairs = zip(interleave(v, lines[::2]), interleave(v, lines[1::2]), strict=True)
    turns = [lane + line for lane in range(v.lanes) for line in (0, v.lanes)]
    return [
        v.builder.shuffle_vector(even, odd, lane_numbers(turns[start : start + v.lanes]))
        for even, odd in pairs
        for start in (0, v.lanes)
    ]
