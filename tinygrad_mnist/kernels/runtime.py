"""What generated programs call besides the scalar formulas of the kernels.

Nothing here is kept on disk by itself: machine code of several processes must not meet in one program.
"""

from __future__ import annotations

from typing import Any

from tinygrad_mnist.kernels.policy import routine, scalar
from tinygrad_mnist.kernels.products import product
from tinygrad_mnist.kernels.simd import offset, prefetch
from tinygrad_mnist.kernels.untyped import extending, types


@scalar
def maximum(a: Any, b: Any) -> Any:
    """The larger of two numbers; NaN if one is."""
    return a if a >= b or a != a else b


@scalar
def minimum(a: Any, b: Any) -> Any:
    """The smaller of two numbers; NaN if one is."""
    return a if a <= b or a != a else b


@scalar
def greater(a: Any, b: Any) -> Any:
    """Whether a comes before b in a search for the largest: NaN comes first of all."""
    return a > b or (a != a and b == b)


@scalar
def less(a: Any, b: Any) -> Any:
    """Whether a comes before b in a search for the smallest: NaN comes first of all."""
    return a < b or (a != a and b == b)


@scalar
def position(i: Any, low: Any, size: Any) -> Any:
    """An index, counted from the end if negative; IndexError outside low .. size - 1."""
    if i < low or i >= size:
        raise IndexError("a position is outside its axis")
    return i + size if i < 0 else i


def _memory(typing: Any, array: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return context.make_array(signature.args[0])(context, builder, args[0]).data

    return types.CPointer(array.dtype)(array), codegen


memory = extending.intrinsic(_memory)  # memory(array): pointer to its first element


@routine
def fetch_row(table: Any, row: int) -> None:
    """Have the cache lines of a row of a contiguous array brought near, if there is such a row."""
    if 0 <= row < table.shape[0]:
        width = table.size // table.shape[0]
        for column in range(0, width, 64 // table.itemsize):
            prefetch(offset(memory(table), row * width + column))


@routine
def matmul(a: Any, b: Any, out: Any) -> None:
    """out = a @ b of matrices of any strides; out is contiguous."""
    m, depth, n = a.shape[0], a.shape[1], b.shape[1]
    a_row, a_column = a.strides[0] // a.itemsize, a.strides[1] // a.itemsize
    b_row, b_column = b.strides[0] // b.itemsize, b.strides[1] // b.itemsize
    if not product(memory(a), a_row, a_column, memory(b), b_row, b_column, memory(out), n, m, n, depth):
        raise MemoryError("no memory for a matrix product")
