"""Copies of blocks of matrices in the order in which a product reads them.

The left factor goes into panels of `ROWS` rows, within a panel column after column; the right one
into panels of `VECTORS` vectors of columns, within a panel row after row. Packed blocks start cache
lines and take fewer pages than strided ones, and any strides will do for the original.
"""

import platform
from typing import Any

from tinygrad_mnist.kernels.policy import routine
from tinygrad_mnist.kernels.simd import copy_vector, count_lanes, offset
from tinygrad_mnist.kernels.tiles import transpose_tile
from tinygrad_mnist.kernels.vectors import VECTOR_BYTES

# The tile that fills the vector registers: 24 totals of 32 registers (AVX-512, NEON), or 12 of 16.
ROWS = 8 if VECTOR_BYTES == 64 or platform.machine() in ("aarch64", "arm64") else 4
VECTORS = 3

_transpose_left, _transpose_right = transpose_tile(ROWS), transpose_tile(64)


@routine
def pack_left(a: Any, a_row: int, a_column: int, m: int, depth: int, packed: Any) -> None:
    """Pack an m x depth block; the panels lie ROWS * depth apart."""
    lanes = count_lanes(a)
    for i in range(0, m, ROWS):
        panel, rows = offset(packed, i * depth), min(ROWS, m - i)
        if a_column == 1:
            for first in range(0, rows, min(ROWS, lanes)):
                for k in range(0, depth, lanes):
                    _transpose_left(
                        offset(a, (i + first) * a_row + k),
                        a_row,
                        offset(panel, k * ROWS + first),
                        ROWS,
                        rows - first,
                        min(lanes, depth - k),
                    )
        else:
            for k in range(depth):
                for row in range(rows):
                    panel[k * ROWS + row] = a[(i + row) * a_row + k * a_column]


@routine
def pack_right(b: Any, b_row: int, b_column: int, depth: int, n: int, packed: Any) -> None:
    """Pack a depth x n block; the panels lie VECTORS * lanes * depth apart."""
    lanes = count_lanes(b)
    for j in range(0, n, VECTORS * lanes):
        panel = offset(packed, j * depth)
        for first in range(0, min(VECTORS * lanes, n - j), lanes):
            columns, b_j, panel_j = min(lanes, n - j - first), (j + first) * b_column, offset(panel, first)
            if b_column == 1:
                for k in range(depth):
                    copy_vector(offset(b, b_j + k * b_row), offset(panel_j, k * VECTORS * lanes), columns)
            elif b_row == 1:
                for k in range(0, depth, lanes):
                    _transpose_right(
                        offset(b, b_j + k),
                        b_column,
                        offset(panel_j, k * VECTORS * lanes),
                        VECTORS * lanes,
                        columns,
                        min(lanes, depth - k),
                    )
            else:
                for k in range(depth):
                    for column in range(columns):
                        panel_j[k * VECTORS * lanes + column] = b[b_j + k * b_row + column * b_column]


@routine
def packed_left_size(m: int, depth: int, lanes: int) -> int:
    """The elements that `pack_left` may write: whole panels, and whole vectors at the end."""
    return (m + ROWS) * depth + lanes * ROWS


@routine
def packed_right_size(depth: int, n: int, lanes: int) -> int:
    """The elements that `pack_right` may write: whole panels, and whole transposed tiles at the end."""
    return (n + VECTORS * lanes) * depth + lanes * VECTORS * lanes
