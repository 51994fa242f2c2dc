"""Making lists of what is not zero in rows that have none yet: see `lists`."""

from __future__ import annotations

from typing import Any

from tinygrad_mnist.kernels.lists import CHAINS, SPARE, find
from tinygrad_mnist.kernels.policy import kernel
from tinygrad_mnist.kernels.runtime import fetch_row, memory
from tinygrad_mnist.kernels.simd import offset

_AHEAD = 4  # rows that are on their way from memory


@kernel
def list_rows(
    rows: Any, positions: Any, done: int, table: Any, places: Any, values: Any, used: int, middle: int
) -> Any:
    """List the rows at these positions, from number `done` on, as long as there is room for their values.

    Args:
        rows: (count, depth), contiguous as all arrays here.
        positions: int64, of which those outside the rows do not count.
        done: how many of them have been looked at.
        table: int32 (count, 4): per row, where the lists of its columns up to `middle` and of the others
            begin, and how many entries they have; -1 where a row is not listed yet. Changed.
        places: uint16, room for the entries of all rows, of which `used` are there, and SPARE more. Changed.
        values: room for the values of new entries, and SPARE more. Changed.
        used, middle: see above.

    Returns:
        How many positions have been looked at now, and how many entries are new: of each part a multiple of
        CHAINS, the last ones of zeros.
    """
    count, depth = rows.shape
    new = 0
    need = depth + 2 * CHAINS + SPARE
    while done < len(positions):
        at = positions[done]
        at = at + count if at < 0 else at
        if 0 <= at < count and table[at, 0] < 0:
            if new + need > values.size:
                break
            if done + _AHEAD < len(positions):
                fetch_row(rows, positions[done + _AHEAD], 0, depth)
            row = offset(memory(rows), at * depth)
            for part in range(2):
                first, last = (middle, depth) if part else (0, middle)
                ends = offset(memory(values), new), offset(memory(places), used + new)
                table[at, part] = used + new
                table[at, 2 + part] = find(row, first, last, *ends)
                new += (table[at, 2 + part] + CHAINS - 1) // CHAINS * CHAINS
        done += 1
    return done, new
