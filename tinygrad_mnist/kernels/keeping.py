"""Making lists of what is not zero in rows that have none yet: see `lists`."""

from __future__ import annotations

from typing import Any

from tinygrad_mnist.kernels.lists import CHAINS, find
from tinygrad_mnist.kernels.policy import kernel
from tinygrad_mnist.kernels.runtime import fetch_row, memory
from tinygrad_mnist.kernels.simd import offset

_AHEAD = 4  # rows that are on their way from memory


@kernel
def list_rows(
    rows: Any,
    positions: Any,
    done: int,
    table: Any,
    places: Any,
    values: Any,
    used: int,
    middle: int,
    gap: int,
    most: int,
) -> Any:
    """List rows at these positions, from number `done` on, that are not listed yet: up to so many.

    Args:
        rows: (count, depth), contiguous as all arrays here.
        positions: int64, of which those outside the rows do not count.
        table: int32 (count, 4): per row, where the lists of its columns up to `middle` and of the others
            begin, and how many entries they have; -1 where a row is not listed yet. Changed.
        gap: what is added to the places of the others.
        places: uint16, room for the entries of all rows, of which `used` are there, and SPARE more. Changed.
        values: room for the values of new entries: `list_room` for each row. Changed.
        done, used, middle, most: see above.

    Returns:
        How many positions have been looked at now; how many entries there are, of each part a multiple of
        CHAINS, the last ones of zeros; and how many rows are new.
    """
    count, depth = rows.shape
    new, before = 0, used
    while done < len(positions):
        at = positions[done]
        at = at + count if at < 0 else at
        if 0 <= at < count and table[at, 0] < 0:
            if new == most:
                break
            if done + _AHEAD < len(positions):
                fetch_row(rows, positions[done + _AHEAD], 0, depth)
            row = offset(memory(rows), at * depth)
            for part in range(2):
                first, last, more = (middle, depth, gap) if part else (0, middle, 0)
                ends = offset(memory(values), used - before), offset(memory(places), used)
                table[at, part] = used
                table[at, 2 + part] = find(offset(row, -more), first + more, last + more, *ends)
                used += (table[at, 2 + part] + CHAINS - 1) // CHAINS * CHAINS
            new += 1
        done += 1
    return done, used, new
