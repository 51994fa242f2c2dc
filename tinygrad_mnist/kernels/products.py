"""How a product of two matrices is computed, by tiles that stay in registers.

- By rows: a row of C is a sum of rows of B, each times a number of A. Tiles read A column after
  column and B row after row. Operands in another order, or too large to be read several times in
  place, are first packed block by block (K. Goto and R. van de Geijn, "Anatomy of High-Performance
  Matrix Multiplication", 2008).
- By dots: each number of C is a dot product of a row of A and a column of B, both adjacent in
  memory (A @ B.T of row-major matrices). Nothing is copied.

Each sum is added up in an order that depends on the shapes and strides only.
"""

from typing import Any

from tinygrad_mnist.kernels.linking import linked_product
from tinygrad_mnist.kernels.packing import (
    ROWS,
    VECTORS,
    pack_left,
    pack_right,
    packed_left_size,
    packed_right_size,
)
from tinygrad_mnist.kernels.policy import kernel, routine
from tinygrad_mnist.kernels.simd import align, allocate, count_lanes, free, is_null, offset, stay_apart
from tinygrad_mnist.kernels.tiles import dot_tile, row_tile
from tinygrad_mnist.kernels.tuning import (
    DEPTH,
    DOTS_UP_TO,
    HEIGHT,
    NEAR,
    PACK_LEFT_FROM,
    PACK_RIGHT_FROM,
    WIDTH,
)
from tinygrad_mnist.kernels.vectors import VECTOR_BYTES

DOT_ROWS, DOT_COLUMNS = 4, 4
FEW_COLUMNS = 8 if VECTOR_BYTES == 64 else 4  # of tiles for the last row or two: as many sums at once
_dots = dot_tile(DOT_ROWS, DOT_COLUMNS)
_two_dots = dot_tile(2, FEW_COLUMNS)
_one_dots = dot_tile(1, FEW_COLUMNS)
_rows = row_tile(ROWS, VECTORS)


@kernel
def product_by_dots(
    a: Any,
    a_row: int,
    a_column: int,
    b: Any,
    b_row: int,
    b_column: int,
    c: Any,
    c_row: int,
    m: int,
    n: int,
    depth: int,
) -> int:
    """C[i, j] = A[i] . B[:, j]; the rows of A and C and the columns of B adjacent."""
    few = m % DOT_ROWS
    whole = m - few if few <= 2 else m
    if whole:
        for j in range(0, n, DOT_COLUMNS):
            columns = min(DOT_COLUMNS, n - j)
            b_j = offset(b, j * b_column)
            for i in range(0, whole, DOT_ROWS):
                rows = min(DOT_ROWS, m - i)
                c_ij = offset(c, i * c_row + j)
                _dots(offset(a, i * a_row), a_row, b_j, b_column, c_ij, c_row, depth, rows, columns)
    if whole < m:
        a_i = offset(a, whole * a_row)
        for j in range(0, n, FEW_COLUMNS):
            columns = min(FEW_COLUMNS, n - j)
            b_j, c_ij = offset(b, j * b_column), offset(c, whole * c_row + j)
            if few == 1:
                _one_dots(a_i, a_row, b_j, b_column, c_ij, c_row, depth, 1, columns)
            else:
                _two_dots(a_i, a_row, b_j, b_column, c_ij, c_row, depth, 2, columns)
    return 1


@kernel
def product_by_rows(
    a: Any,
    a_row: int,
    a_column: int,
    b: Any,
    b_row: int,
    b_column: int,
    c: Any,
    c_row: int,
    m: int,
    n: int,
    depth: int,
    add: int,
) -> int:
    """C = A @ B, or C += A @ B if `add`, any strides of A and B, adjacent rows of C; 0 if memory is short."""
    lanes = count_lanes(c)
    panel = VECTORS * lanes
    pack_a = n > PACK_LEFT_FROM and (a_row != 1 or m > HEIGHT)
    pack_b = b_column != 1 or m >= PACK_RIGHT_FROM
    height, width = max(1, min(m, HEIGHT) if pack_a else m), max(1, min(n, WIDTH) if pack_b else n)
    block = max(1, (depth + (depth - 1) // DEPTH) // (1 + (depth - 1) // DEPTH))
    size_a = packed_left_size(height, block, lanes) if pack_a else 0
    room = c
    if pack_a or pack_b:
        room = allocate(c, size_a + (packed_right_size(block, width, lanes) if pack_b else 0) + 64)
        if is_null(room):
            return 0
    packed_a = align(room)
    packed_b = align(offset(packed_a, size_a))
    for j in range(0, n, width):
        columns = min(width, n - j)
        for k in range(0, max(depth, 1), block):
            part = min(block, depth - k)
            b_k, b_step, b_panel = offset(b, k * b_row + j * b_column), b_row, panel
            if pack_b:
                pack_right(b_k, b_row, b_column, part, columns, packed_b)
                b_k, b_step, b_panel = packed_b, panel, panel * part
            for i in range(0, m, height):
                rows = min(height, m - i)
                a_k, a_i, a_step, a_panel = offset(a, i * a_row + k * a_column), a_row, a_column, ROWS * a_row
                if pack_a:
                    pack_left(a_k, a_row, a_column, rows, part, packed_a)
                    a_k, a_i, a_step, a_panel = packed_a, 1, ROWS, ROWS * part
                a_panels, b_panels = (rows + ROWS - 1) // ROWS, (columns + panel - 1) // panel
                far = pack_b and columns * part > NEAR
                for step in range(a_panels * b_panels):
                    if far:  # a panel of B at a time, from the second-level cache, against all of A
                        p, q = step % a_panels, step // a_panels
                    else:  # a panel of A at a time, from the first, and so C row by row
                        p, q = step // b_panels, step % b_panels
                    c_pq = offset(c, (i + p * ROWS) * c_row + j + q * panel)
                    _rows(
                        offset(a_k, p * a_panel),
                        a_i,
                        a_step,
                        offset(b_k, q * b_panel),
                        b_step,
                        c_pq,
                        c_row,
                        min(ROWS, rows - p * ROWS),
                        min(panel, columns - q * panel),
                        part,
                        k > 0 or add != 0,
                    )
    if pack_a or pack_b:
        free(room)
    return 1


_by_dots, _by_rows = linked_product(product_by_dots), linked_product(product_by_rows, 1)


@routine
def onto(
    a: Any,
    a_row: int,
    a_column: int,
    b: Any,
    b_row: int,
    b_column: int,
    c: Any,
    c_row: int,
    m: int,
    n: int,
    depth: int,
) -> int:
    """C += A @ B, in place, any strides of A and B, adjacent rows of C; 0 if memory is short."""
    return _by_rows(a, a_row, a_column, b, b_row, b_column, c, c_row, m, n, depth, 1)


@routine
def product(
    a: Any,
    a_row: int,
    a_column: int,
    b: Any,
    b_row: int,
    b_column: int,
    c: Any,
    c_row: int,
    m: int,
    n: int,
    depth: int,
) -> int:
    """C = A @ B for any strides of A and B and adjacent rows of C; 0 if there is no memory to pack in."""
    return part_of_product(a, a_row, a_column, b, b_row, b_column, c, c_row, m, n, depth, 0, m, 0, n)


@routine
def part_of_product(
    a: Any,
    a_row: int,
    a_column: int,
    b: Any,
    b_row: int,
    b_column: int,
    c: Any,
    c_row: int,
    m: int,
    n: int,
    depth: int,
    top: int,
    bottom: int,
    left: int,
    right: int,
) -> int:
    """As `product`, of the rows top .. bottom - 1 and the columns left .. right - 1 of C only.

    The numbers are the same whatever the parts: how they are summed up depends on the whole.
    """
    stay_apart()
    if m <= 1:  # along an axis of at most one element any stride is as good
        a_row = 1
    if n <= 1:
        b_column = 1
    if depth <= 1:
        a_column = b_row = 1
    if n == 1 and right - left == 1 and m > 1 and c_row == 1:  # a column is a row turned
        a, a_row, a_column, b, b_row, b_column = b, 1, b_row, a, a_column, a_row
        c_row, m, n, top, bottom, left, right = m, 1, m, 0, 1, top, bottom
    a, b, c_part = offset(a, top * a_row), offset(b, left * b_column), offset(c, top * c_row + left)
    rows, columns = bottom - top, right - left
    if a_column == 1 and b_row == 1 and b_column != 1 and m <= min(DOTS_UP_TO, depth):
        return _by_dots(a, a_row, a_column, b, b_row, b_column, c_part, c_row, rows, columns, depth)
    return _by_rows(a, a_row, a_column, b, b_row, b_column, c_part, c_row, rows, columns, depth, 0)
