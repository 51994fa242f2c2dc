"""Products with lists of what is not zero, of sizes that a program knows: only the code for these is emitted.

See `lists`, whose kernels find out at each call how wide the rows are.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from tinygrad_mnist.kernels.checking import CHECKING
from tinygrad_mnist.kernels.lists import CHAINS, VECTORS, WHOLE, Width, add_up, spread_out, together, walked
from tinygrad_mnist.kernels.numba_door import cgutils, types
from tinygrad_mnist.kernels.vectors import VECTOR_BYTES, Vectors, as_i64, named_intrinsic


def is_narrow(n: int, itemsize: int) -> bool:
    """Whether these products are for rows of so many columns."""
    return 0 < n <= VECTORS * VECTOR_BYTES // itemsize and not CHECKING


def _codegen(emit: Callable[..., None], rows_at: int, table_at: int) -> Any:
    """Instructions for (values, numbers, index, starts, counts, b, out, first, last, n, width)."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, args: Any) -> Any:
        arrays = [
            context.make_array(kind)(context, builder, x)
            for kind, x in zip(signature.args[:7], args, strict=False)
        ]
        first, last, n, table_row = args[7:]
        v = Vectors(context, builder, signature.args[1].dtype)
        m = builder.extract_value(arrays[rows_at].shape, 0)
        values, numbers, index, starts, counts = (x.data for x in arrays[:5])
        columns, lanes = int(n.constant), v.lanes
        vectors = -(-columns // lanes)
        rest = columns - (vectors - 1) * lanes
        mask = None if rest == lanes else v.first_lanes(as_i64(rest), lanes)
        masks = [*[None] * (vectors - 1), mask]
        filled = int(table_row.constant) >= vectors * lanes  # behind its columns there are numbers, too
        width = Width(vectors, masks, [None] * vectors if filled else masks, table_row)
        coded = signature.args[0].dtype != signature.args[1].dtype

        def walk(part: Any, counted: Any) -> None:
            ends = v.offset(starts, part, m), v.offset(counts, counted, m)
            lists = [values, index, *ends, arrays[rows_at].data, arrays[table_at].data]
            walked(v, lists, [n, m], width, emit, numbers if coded else None)

        if together(vectors) == CHAINS:
            both = builder.icmp_signed("==", builder.sub(last, first), as_i64(2))
            walk(first, builder.select(both, as_i64(WHOLE), first))
        else:  # of the zeros behind a part, some would be on their own, and meet what is not finite
            with cgutils.for_range_slice(builder, first, last, as_i64(1)) as (part, _):
                walk(part, part)
        return context.get_dummy_value()

    return codegen


def _listed(name: str, emit: Callable[..., None], rows_at: int, table_at: int) -> Any:
    def typed(
        typing: Any,
        values: Any,
        numbers: Any,
        index: Any,
        starts: Any,
        counts: Any,
        b: Any,
        out: Any,
        first: Any,
        last: Any,
        n: Any,
        width: Any,
    ) -> Any:
        arrays = values, numbers, index, starts, counts, b, out
        if not all(isinstance(x, types.Array) for x in arrays):
            return None
        return types.void(*arrays, *[types.int64] * 4), _codegen(emit, rows_at, table_at)

    return named_intrinsic(name, typed)


#: As `runtime.matmul_listed` and `accumulate_listed`, with how many columns of the table count and how many
#: it has, which must be numbers in the program's text. Values of one byte are positions in `numbers`; others
#: are numbers themselves.
narrow_listed = _listed("narrow_listed", add_up, 6, 5)
narrow_accumulate_listed = _listed("narrow_accumulate_listed", spread_out, 5, 6)
