"""Products of two halves: one by the caller, one by a thread that waits for it in machine code.

To wake a thread takes 40 us, longer than many a product. So while products come in quick succession a
worker waits for the next one, looking at the mailbox; some time after the last one it goes back to sleep. Who
finds nobody there computes alone. A half that nobody has begun when the other is done is taken back: a
waiting thread that has lost its core delays nobody. Who has waited for one that lost it in its half works
alone for many times as long: so beside busy processes little is lost.
"""

import time
from typing import Any

from tinygrad_mnist.kernels.arrays import lock, unlock
from tinygrad_mnist.kernels.linking import linked_address
from tinygrad_mnist.kernels.mailbox import (
    ABSENT,
    BUSY,
    CLAIMED,
    CODE,
    DEBT,
    DONE,
    POSTED,
    RECALLED,
    RESULT,
    STATE,
    WAITING,
    WORK,
    address,
    at,
    look,
    mailbox,
    pause,
    perform,
    put,
    rest,
    swap,
    ticks,
)
from tinygrad_mnist.kernels.numba_door import types
from tinygrad_mnist.kernels.packing import ROWS
from tinygrad_mnist.kernels.policy import kernel, routine
from tinygrad_mnist.kernels.products import part_of_product
from tinygrad_mnist.kernels.simd import count_lanes, offset
from tinygrad_mnist.kernels.threads import get_num_threads, lend
from tinygrad_mnist.kernels.tuning import LINGERING, PATIENCE, SPINS, SUCCESSION

NOBODY = -1  # waits


@kernel
def compute_posted(like: Any) -> int:
    """Compute the part of a product that the mailbox describes, of the dtype of a pointer; 0 if no memory."""
    work = offset(mailbox(), WORK)
    return part_of_product(
        at(work[0], like),
        work[1],
        work[2],
        at(work[3], like),
        work[4],
        work[5],
        at(work[6], like),
        work[7],
        work[8],
        work[9],
        work[10],
        work[11],
        work[12],
        work[13],
        work[14],
    )


_code = linked_address(compute_posted)


@kernel
def attend(looks: int) -> None:
    """Wait for work and do it, until so many looks in a row have found none, or the thread is recalled."""
    state = unlock(True)
    box = mailbox()
    word, recalled = offset(box, STATE), offset(box, RECALLED)
    put(word, WAITING)
    idle, going = 0, True
    while going:
        if look(word) == POSTED and swap(word, POSTED, BUSY):
            box[RESULT] = perform(box[CODE])
            put(word, DONE)
            idle = 0
        elif (idle >= looks or look(recalled) != 0) and swap(word, WAITING, ABSENT):
            going = False
        else:
            pause()
            idle += 1
            if idle % SPINS == 0:
                rest()
    lock(state)


@routine
def product_of_halves(
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
    """As `product`, half by the thread that waits; NOBODY, and nothing done, if there is none or no half."""
    lanes = count_lanes(c)
    rows, columns = (m + 2 * ROWS - 1) // (2 * ROWS) * ROWS, (n + 2 * lanes - 1) // (2 * lanes) * lanes
    # the right factor is packed by both if rows are shared, which is as if there were a few more of them
    by_rows = rows < m and (columns >= n or (rows + 4) * n <= columns * m)
    if not by_rows and columns >= n:
        return NOBODY
    box = mailbox()
    word = offset(box, STATE)
    if not swap(word, WAITING, CLAIMED):
        return NOBODY
    top, left = (rows, 0) if by_rows else (0, columns)
    bottom, right = (rows, n) if by_rows else (m, columns)
    work = offset(box, WORK)
    work[0], work[1], work[2] = address(a), a_row, a_column
    work[3], work[4], work[5] = address(b), b_row, b_column
    work[6], work[7], work[8], work[9], work[10] = address(c), c_row, m, n, depth
    work[11], work[12], work[13], work[14] = top, m, left, n
    box[CODE] = _code(a)
    begin = ticks()
    put(word, POSTED)
    done = part_of_product(a, a_row, a_column, b, b_row, b_column, c, c_row, m, n, depth, 0, bottom, 0, right)
    if swap(word, POSTED, CLAIMED):
        done &= part_of_product(
            a, a_row, a_column, b, b_row, b_column, c, c_row, m, n, depth, top, m, left, n
        )
    else:
        looks, middle = 0, ticks()
        while look(word) != DONE:
            pause()
            looks += 1
            if looks % SPINS == 0:
                rest()
        mine, lost = middle - begin, ticks() - middle
        if lost > mine > 0:
            box[DEBT] = PATIENCE * lost // mine * (m * n * depth // 2)
        done &= box[RESULT]
    put(word, WAITING)
    return done


class _Attendance:
    """A share of the pool's: to wait for halves of products."""

    wanted = False
    last = 0.0

    def do(self) -> None:
        """Wait."""
        attend(LINGERING)
        _Attendance.wanted = False


def want_attendance() -> None:
    """Have a thread wait for the next product, if this one came soon after the last and two may be used."""
    now = time.perf_counter()
    soon, _Attendance.last = now - _Attendance.last < SUCCESSION, now
    if soon and not _Attendance.wanted and get_num_threads() > 1:
        if not attend.overloads:  # not in that thread: a person may end the process at any time
            attend.compile((types.int64,))
        _Attendance.wanted = True  # before it can end
        if not lend(_Attendance()):
            _Attendance.wanted = False
