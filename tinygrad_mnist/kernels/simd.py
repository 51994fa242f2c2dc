"""Explicit vector code, for the few loops where plain ones leave most of the processor idle.

Numba's loops give LLVM no chance to keep a tile of a matrix product in registers, since the
operands might overlap. The intrinsics here spell the instructions out: vectors of the width of
the host, fused multiply-adds into accumulators that stay in registers, masks for ragged edges.
All take pointers; strides count elements, `depth` is the length of the sums. float32 and float64.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from llvmlite import binding, ir

from tinygrad_mnist.kernels.checking import asserted, between, there
from tinygrad_mnist.kernels.numba_door import cgutils, config, extending, types

_I32, _I64 = ir.IntType(32), ir.IntType(64)


def _features() -> set[str]:
    """The extensions of the processor's instructions that compiled code may use."""
    if config.CPU_FEATURES is None:
        return {name for name, has in binding.get_host_cpu_features().items() if has}
    return {name[1:] for name in config.CPU_FEATURES.split(",") if name.startswith("+")}


FEATURES = _features()
#: The width of the widest vector registers that there are.
VECTOR_BYTES = 64 if "avx512f" in FEATURES else 32 if "avx2" in FEATURES else 16


class _Vectors:
    """Instructions on vectors of one type, at the place where a builder stands."""

    def __init__(self, context: Any, builder: ir.IRBuilder, number: Any) -> None:
        self.builder = builder
        self.element = context.get_value_type(number)
        self.lanes = VECTOR_BYTES // (number.bitwidth // 8)
        self.type = ir.VectorType(self.element, self.lanes)
        self.zero = ir.Constant(self.type, [0.0] * self.lanes)
        self.align = number.bitwidth // 8
        self.suffix = f"v{self.lanes}f{number.bitwidth}"

    def call(self, name: str, result: Any, args: Sequence[Any]) -> Any:
        """Call an LLVM intrinsic."""
        function_type = ir.FunctionType(result, [arg.type for arg in args])
        function = cgutils.get_or_insert_function(self.builder.module, function_type, name)
        return self.builder.call(function, args)

    def offset(self, pointer: Any, *terms: Any) -> Any:
        """The pointer moved by the product of the terms, in elements."""
        total = _int(terms[0])
        for term in terms[1:]:
            total = self.builder.mul(total, _int(term))
        return self.builder.gep(pointer, [total])

    def load(self, pointer: Any, mask: Any = None) -> Any:
        """A vector from memory; masked lanes are zero and their memory is not touched."""
        address = self.builder.bitcast(pointer, self.type.as_pointer())
        if mask is None:
            return self.builder.load(address, align=self.align)
        args = [address, ir.Constant(_I32, self.align), mask, self.zero]
        return self.call(f"llvm.masked.load.{self.suffix}.p0", self.type, args)

    def store(self, value: Any, pointer: Any, mask: Any = None) -> None:
        """A vector to memory, except for masked lanes."""
        address = self.builder.bitcast(pointer, value.type.as_pointer())
        if mask is None:
            self.builder.store(value, address, align=self.align)
            return
        args = [value, address, ir.Constant(_I32, self.align), mask]
        suffix = self.suffix.replace(f"v{self.lanes}", f"v{value.type.count}")
        self.call(f"llvm.masked.store.{suffix}.p0", ir.VoidType(), args)

    def first_lanes(self, count: Any, lanes: int) -> Any:
        """The mask that keeps the first `count` lanes."""
        counts = ir.VectorType(_I64, lanes)
        one = self.builder.insert_element(ir.Constant(counts, ir.Undefined), count, ir.Constant(_I32, 0))
        limit = self.builder.shuffle_vector(one, ir.Constant(counts, ir.Undefined), _lanes([0] * lanes))
        return self.builder.icmp_signed("<", ir.Constant(counts, list(range(lanes))), limit)

    def broadcast(self, pointer: Any) -> Any:
        """The number at the pointer in every lane."""
        number = self.builder.load(pointer, align=self.align)
        nothing = ir.Constant(self.type, ir.Undefined)
        one = self.builder.insert_element(nothing, number, ir.Constant(_I32, 0))
        return self.builder.shuffle_vector(one, nothing, _lanes([0] * self.lanes))

    def accumulators(self, count: int) -> list[Any]:
        """Zeroed places for vectors that LLVM promotes to registers."""
        places = [cgutils.alloca_once(self.builder, self.type) for _ in range(count)]
        for place in places:
            self.builder.store(self.zero, place)
        return places

    def multiply_add(self, a: Any, b: Any, place: Any) -> None:
        """Add a * b to an accumulator, with one rounding."""
        total = self.call(f"llvm.fma.{self.suffix}", self.type, [a, b, self.builder.load(place)])
        self.builder.store(total, place)

    def sums(self, vectors: Sequence[Any]) -> Any:
        """The horizontal sums of vectors, in order, as one vector with that many lanes.

        The vectors are folded in pairs into ever shorter segments, all at once, so that a sum
        costs three instructions rather than two for each halving. The number of vectors
        is a power of two and at most that of the lanes.
        """
        segment = self.lanes
        while segment > 1:
            if len(vectors) > 1:
                pairs = zip(vectors[::2], vectors[1::2], strict=True)
                vectors = [self._fold(x, y, segment) for x, y in pairs]
            else:
                vectors = [self._fold(vectors[0], None, segment)]
            segment //= 2
        return vectors[0]

    def _fold(self, x: Any, y: Any, segment: int) -> Any:
        """Add the halves of each segment of x, then of y."""
        lanes = x.type.count * (1 if y is None else 2)
        halves = []
        for start in (0, segment // 2):
            firsts = range(start, lanes, segment)
            picked = [first + lane for first in firsts for lane in range(segment // 2)]
            other = ir.Constant(x.type, ir.Undefined) if y is None else y
            halves.append(self.builder.shuffle_vector(x, other, _lanes(picked)))
        return self.builder.fadd(*halves)


def _int(value: Any) -> Any:
    return ir.Constant(_I64, value) if isinstance(value, int) else value


def _lanes(indices: Sequence[int]) -> Any:
    return ir.Constant(ir.VectorType(_I32, len(indices)), list(indices))


def _named_intrinsic(name: str, function: Callable[..., Any]) -> Any:
    function.__name__ = function.__qualname__ = name
    return extending.intrinsic(function)


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
            v = _Vectors(context, builder, signature.args[0].dtype)
            _assert_tile(v, "row_tile", (a, b, c), m, most_rows, n, most_vectors * v.lanes, depth)
            for rows, done, vectors, tail in _exact_parts(v, m, n, most_rows, most_vectors):
                a_part, c_part = v.offset(a, done, a_row), v.offset(c, done, c_row)
                _exact_row_tile(
                    v, rows, vectors, a_part, a_row, a_column, b, b_row, c_part, c_row, depth, tail, add
                )
            return context.get_dummy_value()

        return signature, codegen

    return _named_intrinsic(f"row_tile_{most_rows}x{most_vectors}", tile)


def _exact_row_tile(
    v: _Vectors,
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
                _bring_near(builder, places[i][j], write=True)
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
            v = _Vectors(context, builder, signature.args[1].dtype)
            _assert_tile(v, "table_tile", (places, a, b, c), m, most_rows, n, most_vectors * v.lanes, depth)

            def place(index: Any) -> Any:
                return builder.load(builder.gep(places, [_int(index)]))

            for rows, done, vectors, tail in _exact_parts(v, m, n, most_rows, most_vectors):
                masks = [None] * (vectors - 1) + [v.first_lanes(tail, v.lanes)]
                totals = [v.accumulators(vectors) for _ in range(rows)]
                lines = [v.offset(c, builder.add(done, _int(i)), c_row) for i in range(rows)]
                targets = [[v.offset(line, j * v.lanes) for j in range(vectors)] for line in lines]
                with builder.if_then(add):
                    for i in range(rows):
                        for j in range(vectors):
                            builder.store(v.load(targets[i][j], masks[j]), totals[i][j])
                if operand == "a":
                    a_rows = [builder.gep(a, [place(builder.add(done, _int(i)))]) for i in range(rows)]
                else:
                    a_rows = [v.offset(a, builder.add(done, _int(i))) for i in range(rows)]
                with cgutils.for_range(builder, depth) as loop:
                    b_place = builder.mul(loop.index, b_row) if operand == "a" else place(loop.index)
                    row = [
                        v.load(v.offset(b, builder.add(b_place, _int(j * v.lanes))), masks[j])
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

    return _named_intrinsic(f"table_tile_{most_rows}x{most_vectors}_{operand}", tile)


def _assert_tile(
    v: _Vectors,
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
    v: _Vectors, m: Any, n: Any, most_rows: int, most_vectors: int
) -> Iterator[tuple[int, Any, int, Any]]:
    """The parts of a tile of m rows and n columns: (rows, rows before them, vectors, lanes of the last).

    Instructions added while a part is at hand run only if there is such a part: m is a sum of powers of two.
    """
    builder = v.builder
    for vectors in range(1, most_vectors + 1):
        full = (vectors - 1) * v.lanes
        fits = builder.icmp_signed("<=", n, _int(full + v.lanes))
        needed = builder.icmp_signed(">", n, _int(full))
        with builder.if_then(builder.and_(fits, needed)):
            rows = most_rows
            while rows:
                with builder.if_then(cgutils.is_true(builder, builder.and_(m, _int(rows)))):
                    yield rows, builder.and_(m, _int(-2 * rows)), vectors, builder.sub(n, _int(full))
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
            v = _Vectors(context, builder, signature.args[0].dtype)
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

            whole = builder.and_(depth, _int(-v.lanes))
            with cgutils.for_range_slice(builder, _int(0), whole, _int(v.lanes)) as (place, _):
                step(place, None)
            rest = builder.sub(depth, whole)
            with builder.if_then(builder.icmp_signed(">", rest, _int(0))):
                step(whole, v.first_lanes(rest, v.lanes))
            for first, count in _groups(rows, max(1, v.lanes // columns)):
                chosen = totals[first : first + count]
                sums = v.sums([builder.load(place) for line in chosen for place in line])
                for i in range(count):
                    with builder.if_then(builder.icmp_signed("<", _int(first + i), m)):
                        picked = _lanes(range(i * columns, (i + 1) * columns))
                        line = builder.shuffle_vector(sums, ir.Constant(sums.type, ir.Undefined), picked)
                        v.store(line, v.offset(c, first + i, c_row), v.first_lanes(n, columns))
            return context.get_dummy_value()

        return signature, codegen

    return _named_intrinsic(f"dot_tile_{rows}x{columns}", tile)


def _at_most(builder: ir.IRBuilder, index: int, count: Any) -> Any:
    """The index, or the last one there is."""
    exists = builder.icmp_signed("<", _int(index), count)
    return builder.select(exists, _int(index), builder.sub(count, _int(1)))


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
            v = _Vectors(context, builder, signature.args[0].dtype)
            _assert_tile(v, "transpose_tile", (source, target), m, None, n, None, _int(0))
            rows, mask = min(most_rows, v.lanes), v.first_lanes(n, v.lanes)
            lines = [v.load(v.offset(source, _at_most(builder, i, m), source_row), mask) for i in range(rows)]
            for k, line in enumerate(_interleave(v, lines)):
                v.store(line, v.offset(target, k * (v.lanes // rows), target_row))
            return context.get_dummy_value()

        return signature, codegen

    return _named_intrinsic(f"transpose_tile_{most_rows}", tile)


def _interleave(v: _Vectors, lines: list[Any]) -> list[Any]:
    """The vectors that hold lane 0 of every line, then lane 1 of every line, and so on."""
    if len(lines) == 1:
        return lines
    pairs = zip(_interleave(v, lines[::2]), _interleave(v, lines[1::2]), strict=True)
    turns = [lane + line for lane in range(v.lanes) for line in (0, v.lanes)]
    return [
        v.builder.shuffle_vector(even, odd, _lanes(turns[start : start + v.lanes]))
        for even, odd in pairs
        for start in (0, v.lanes)
    ]


def _offset(typing: Any, pointer: Any, elements: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        return builder.gep(args[0], [args[1]])

    return pointer(pointer, types.int64), codegen


def _count_lanes(typing: Any, pointer: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        return _int(VECTOR_BYTES // (signature.args[0].dtype.bitwidth // 8))

    return types.int64(pointer), codegen


def _bring_near(builder: ir.IRBuilder, pointer: Any, write: bool) -> None:
    """Hint at an access to come: into the first-level cache to write, the second to read."""
    byte = ir.IntType(8).as_pointer()
    hint = ir.FunctionType(ir.VoidType(), [byte, _I32, _I32, _I32])
    function = cgutils.get_or_insert_function(builder.module, hint, "llvm.prefetch.p0")
    data = 1  # rather than instructions
    hints = [ir.Constant(_I32, value) for value in (int(write), 3 if write else 2, data)]
    builder.call(function, [builder.bitcast(pointer, byte), *hints])


def _prefetch(typing: Any, pointer: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        _bring_near(builder, args[0], write=False)
        return context.get_dummy_value()

    return types.void(pointer), codegen


def _use_full_width(typing: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        # LLVM prefers half-width vectors on some processors; llvmlite has no word for this attribute
        set.add(builder.function.attributes, f'"prefer-vector-width"="{8 * VECTOR_BYTES}"')
        return context.get_dummy_value()

    return types.void(), codegen


def _stay_apart(typing: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.void(), codegen


def _copy_vector(typing: Any, source: Any, target: Any, count: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        v = _Vectors(context, builder, signature.args[0].dtype)
        asserted(builder, "copy_vector", between(builder, 0, args[2]), *(there(builder, x) for x in args[:2]))
        v.store(v.load(args[0], v.first_lanes(args[2], v.lanes)), args[1])
        return context.get_dummy_value()

    return types.void(source, source, types.int64), codegen


def _add_vector(typing: Any, source: Any, target: Any, count: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        v = _Vectors(context, builder, signature.args[0].dtype)
        asserted(builder, "add_vector", between(builder, 0, args[2]), *(there(builder, x) for x in args[:2]))
        mask = v.first_lanes(args[2], v.lanes)
        v.store(builder.fadd(v.load(args[1], mask), v.load(args[0], mask)), args[1], mask)
        return context.get_dummy_value()

    return types.void(source, source, types.int64), codegen


def _integers(typing: Any, pointer: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], _I64.as_pointer())

    return types.CPointer(types.int64)(pointer), codegen


def _allocate(typing: Any, like: Any, count: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        asserted(builder, "allocate", between(builder, 0, args[1]))
        pointer = context.get_value_type(signature.return_type)
        size = builder.mul(args[1], _int(signature.args[0].dtype.bitwidth // 8))
        return builder.bitcast(context.nrt.allocate_unchecked(builder, builder.add(size, _int(64))), pointer)

    return like(like, types.int64), codegen


def _free(typing: Any, pointer: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        context.nrt.free(builder, builder.bitcast(args[0], cgutils.voidptr_t))
        return context.get_dummy_value()

    return types.void(pointer), codegen


def _align(typing: Any, pointer: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        address = builder.add(builder.ptrtoint(args[0], _I64), _int(63))
        return builder.inttoptr(builder.and_(address, _int(-64)), args[0].type)

    return pointer(pointer), codegen


def _is_null(typing: Any, pointer: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        return cgutils.is_null(builder, args[0])

    return types.boolean(pointer), codegen


offset = extending.intrinsic(_offset)  # offset(pointer, elements): the pointer moved
count_lanes = extending.intrinsic(_count_lanes)  # count_lanes(pointer): how many elements fill a vector
prefetch = extending.intrinsic(_prefetch)  # prefetch(pointer): have its cache line brought near
use_full_width = extending.intrinsic(_use_full_width)  # vectorise this kernel's loops as wide as can be
stay_apart = extending.intrinsic(_stay_apart)  # call this function, rather than copy it into each caller
#: copy_vector(source, target, count): zeros after `count`. The source has min(count, lanes) elements, the
#: target a whole vector; 0 <= count.
copy_vector = extending.intrinsic(_copy_vector)
#: add_vector(source, target, count): a vector at most; both have min(count, lanes) elements; 0 <= count.
add_vector = extending.intrinsic(_add_vector)
integers = extending.intrinsic(_integers)  # integers(pointer): the same memory, as int64
#: allocate(pointer, count): room for as many such elements and 64 bytes more, or null; 0 <= count.
allocate = extending.intrinsic(_allocate)
free = extending.intrinsic(_free)  # free(room): what `allocate` gave, once, and not what `align` made of it
align = extending.intrinsic(_align)  # align(room): the first place that starts a cache line
is_null = extending.intrinsic(_is_null)  # is_null(pointer): whether there was no memory
