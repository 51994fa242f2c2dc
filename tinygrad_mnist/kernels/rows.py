"""Rows of adjacent numbers, a vector at a time: totals, extremes, searches, arithmetic with one number.

LLVM leaves a sum or an extreme in the order it is written in, one element after another. Here several
vectors of totals are in the making side by side, always the same way. All take pointers and lengths.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from llvmlite import ir

from tinygrad_mnist.kernels.checking import asserted, between, there
from tinygrad_mnist.kernels.numba_door import cgutils, extending, types
from tinygrad_mnist.kernels.tuning import PIECE
from tinygrad_mnist.kernels.vectors import I32, I64, Vectors, as_i64, lane_numbers, named_intrinsic

_SIDE_BY_SIDE = 4  # vectors of totals: as many additions as are under way at once


def _pieces(v: Vectors, n: Any, step: int, use: Callable[[Any, Any], None], first: Any = None) -> Any:
    """Call use(place, None) for whole steps of a row of n elements from `first`; where the rest begins."""
    builder, first = v.builder, as_i64(0) if first is None else first
    whole = builder.and_(n, as_i64(-step))
    with cgutils.for_range_slice(builder, first, whole, as_i64(step)) as (place, _):
        use(place, None)
    return whole


def _each_vector(v: Vectors, n: Any, use: Callable[[Any, Any], None], first: Any = None) -> None:
    """Call use(place, mask) for the vectors of a row of n elements from `first`; no mask for whole ones."""
    whole = _pieces(v, n, v.lanes, use, first)
    rest = v.builder.sub(n, whole)
    with v.builder.if_then(v.builder.icmp_signed(">", rest, as_i64(0))):
        use(whole, v.first_lanes(rest, v.lanes))


def _fold(name: str, start: float, combine: Callable[[Vectors, Any, Any], Any]) -> Any:
    """The intrinsic (row, n) -> one number, made of all elements of the row; `start` if there is none.

    The row has n adjacent elements; 0 <= n.
    """

    def fold(typing: Any, row: Any, n: Any) -> Any:
        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            row, n = args
            v = Vectors(context, builder, signature.args[0].dtype)
            asserted(builder, name, between(builder, 0, n), there(builder, row))
            nothing = ir.Constant(v.type, [start] * v.lanes)
            totals = v.accumulators(_SIDE_BY_SIDE)
            for total in totals:
                builder.store(nothing, total)

            def add(total: Any, place: Any, mask: Any) -> None:
                x = v.load(v.offset(row, place), mask)
                x = x if mask is None else builder.select(mask, x, nothing)
                builder.store(combine(v, builder.load(total), x), total)

            def add_side_by_side(place: Any, _: Any) -> None:
                for k, total in enumerate(totals):
                    add(total, builder.add(place, as_i64(k * v.lanes)), None)

            done = _pieces(v, n, _SIDE_BY_SIDE * v.lanes, add_side_by_side)
            _each_vector(v, n, lambda place, mask: add(totals[0], place, mask), done)
            parts = [builder.load(total) for total in totals]
            while len(parts) > 1:
                half = len(parts) // 2
                parts = [combine(v, x, y) for x, y in zip(parts[:half], parts[half:], strict=True)]
            result, half = parts[0], v.lanes // 2
            while half:
                other = lane_numbers([lane ^ half for lane in range(v.lanes)])
                result = combine(v, result, builder.shuffle_vector(result, result, other))
                half //= 2
            return builder.extract_element(result, ir.Constant(I32, 0))

        return row.dtype(row, types.int64), codegen

    return named_intrinsic(name, fold)


def _extreme(name: str) -> Callable[[Vectors, Any, Any], Any]:
    """The larger or smaller of each pair of numbers; NaN if one of them is."""

    def combine(v: Vectors, x: Any, y: Any) -> Any:
        function_type = ir.FunctionType(v.type, [v.type, v.type])
        function = cgutils.get_or_insert_function(v.builder.module, function_type, f"llvm.{name}.{v.suffix}")
        return v.builder.call(function, [x, y], fastmath=("nsz",))  # either zero will do

    return combine


def _larger(v: Vectors, x: Any, y: Any) -> Any:
    """The larger of each pair of numbers, in one instruction; y if one of them is NaN."""
    return v.builder.select(v.builder.fcmp_ordered(">", x, y), x, y)


def _map(name: str, numbers: int, formula: Callable[[ir.IRBuilder, Any, tuple[Any, ...]], Any]) -> Any:
    """The intrinsic (source, target, n, numbers...): target = formula(source, numbers), vector by vector.

    Both have n adjacent elements, and are one and the same or lie apart; 0 <= n.
    """

    def generate(source: Any) -> Any:
        def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
            source, target, n, *rest = args
            v = Vectors(context, builder, signature.args[0].dtype)
            asserted(builder, name, between(builder, 0, n), there(builder, source), there(builder, target))
            everywhere = tuple(v.broadcast(cgutils.alloca_once_value(builder, x)) for x in rest)

            def write(place: Any, mask: Any) -> None:
                x = v.load(v.offset(source, place), mask)
                v.store(formula(builder, x, everywhere), v.offset(target, place), mask)

            _each_vector(v, n, write)
            return context.get_dummy_value()

        return types.void(source, source, types.int64, *[source.dtype] * numbers), codegen

    if numbers == 1:
        return named_intrinsic(name, lambda typing, source, target, n, x: generate(source))
    return named_intrinsic(name, lambda typing, source, target, n, x, y: generate(source))


def _find(typing: Any, row: Any, wanted: Any, n: Any) -> Any:
    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        row, wanted, n = args
        v = Vectors(context, builder, signature.args[0].dtype)
        asserted(builder, "find", between(builder, 0, n), there(builder, row))
        everywhere = v.broadcast(cgutils.alloca_once_value(builder, wanted))
        result = cgutils.alloca_once_value(builder, n)
        bits = ir.IntType(v.lanes)

        def look(place: Any, mask: Any) -> Any:
            """Whether x is in this vector; then note where."""
            x = v.load(v.offset(row, place), mask)
            hit = builder.or_(builder.fcmp_ordered("==", x, everywhere), builder.fcmp_unordered("uno", x, x))
            hits = builder.bitcast(hit if mask is None else builder.and_(hit, mask), bits)
            found = builder.icmp_unsigned("!=", hits, ir.Constant(bits, 0))
            with builder.if_then(found):
                first = builder.zext(builder.cttz(hits, ir.Constant(ir.IntType(1), 1)), I64)
                builder.store(builder.add(place, first), result)
            return found

        whole = builder.and_(n, as_i64(-v.lanes))
        with (
            cgutils.for_range(builder, builder.udiv(whole, as_i64(v.lanes))) as loop,
            builder.if_then(look(builder.mul(loop.index, as_i64(v.lanes)), None)),
        ):
            loop.do_break()
        missing = builder.icmp_signed("==", builder.load(result), n)
        with builder.if_then(builder.and_(missing, builder.icmp_signed("<", whole, n))):
            look(whole, v.first_lanes(builder.sub(n, whole), v.lanes))
        return builder.load(result)

    return types.int64(row, row.dtype, types.int64), codegen


def _place(typing: Any, like: Any) -> Any:
    return like(like), _make_room


def _wide_place(typing: Any, like: Any) -> Any:
    return types.CPointer(types.float64)(like), _make_room


def _make_room(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
    element = context.get_value_type(signature.return_type.dtype)
    return cgutils.alloca_once(builder, element, size=PIECE)


total = _fold("total", 0.0, lambda v, x, y: v.builder.fadd(x, y))  # total(row, n)
largest = _fold("largest", -math.inf, _extreme("maximum"))  # largest(row, n); NaN if an element is
largest_number = _fold("largest_number", -math.inf, _larger)  # as largest, but NaN may be passed over
smallest = _fold("smallest", math.inf, _extreme("minimum"))  # smallest(row, n); NaN if an element is
#: find(row, x, n): where x or NaN is first; n if nowhere. The row has n adjacent elements; 0 <= n.
find = extending.intrinsic(_find)
scale = _map("scale", 1, lambda b, x, numbers: b.fmul(x, numbers[0]))  # scale(source, target, n, by)
#: subtract(source, target, n, x, y): target = (source - x) - y
subtract = _map("subtract", 2, lambda b, x, numbers: b.fsub(b.fsub(x, numbers[0]), numbers[1]))
room = extending.intrinsic(_place)  # room(pointer): PIECE such elements, until the kernel returns
wide_room = extending.intrinsic(_wide_place)  # wide_room(pointer): PIECE float64 numbers, as long
