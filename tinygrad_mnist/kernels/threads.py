"""A team of threads over kernels that release Python's lock.

The threads are Python's, started when they are first needed, and serve one caller at a time:
whoever asks while they are busy, from another thread or from inside a kernel's share, works alone.
Nothing here decides what a number is, only who computes it.
"""

from __future__ import annotations

import operator
import os
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import numpy as np

from tinygrad_mnist.kernels.barrier import ABANDONED

VARIABLE = "TINYGRAD_MNIST_NUM_THREADS"
LIMIT = 1024  # what is more is a slip, and starting so many threads can exhaust the machine
_GRANTED = "OMP_NUM_THREADS"
_DIGITS = 9  # of a number there; Python refuses to read thousands


def set_num_threads(n: int) -> None:
    """Let large kernels use up to n threads, the caller's included; the numbers are the same for any n.

    The default is TINYGRAD_MNIST_NUM_THREADS, or the number of cores this process may use, but no more than
    OMP_NUM_THREADS grants, which joblib and clusters set so that processes share the cores. Raises
    ValueError for n below 1 or above 1,024, TypeError if it is not whole.
    """
    global _most
    if isinstance(n, bool):
        raise TypeError("set_num_threads: takes a number of threads, not a bool")
    n = operator.index(n)
    if n < 1:
        raise ValueError(f"set_num_threads: the calling thread always works, so n is at least 1, not {n}")
    if n > LIMIT:
        raise ValueError(f"set_num_threads: n is at most {LIMIT:,}, not {n:,}; more than cores never helps")
    _most = n


def get_num_threads() -> int:
    """How many threads large kernels use; ValueError if TINYGRAD_MNIST_NUM_THREADS is no such number."""
    global _most
    if getattr(_here, "alone", False):
        return 1
    if _most is None:
        _most = _default()
    return _most


def alone(is_alone: bool = True) -> None:
    """Let this thread's kernels use no other: it is one of as many as there are cores."""
    _here.alone = is_alone


_here = threading.local()


def _default() -> int:
    chosen = os.environ.get(VARIABLE)
    if not chosen:
        affinity = getattr(os, "sched_getaffinity", None)
        cores = len(affinity(0)) if affinity else os.cpu_count() or 1
        granted = os.environ.get(_GRANTED, "")
        count = int(granted) if granted.isdecimal() and len(granted) <= _DIGITS else 0
        return min(cores, count) if count else cores
    if not chosen.isdecimal() or len(chosen) > _DIGITS or not 1 <= int(chosen) <= LIMIT:
        raise ValueError(f"{VARIABLE} must be a whole number from 1 to {LIMIT:,}, not {chosen!r}")
    return int(chosen)


_most: int | None = None


class team:
    """`with team(most) as workers:` gives up to `most` threads to the block, the calling one included.

    Attributes:
        count: how many there are: 1 to most; 1 if the others are busy elsewhere.
        counter: what `barrier` needs, inside kernels, to let the ranks wait for each other; it
            may be used in one call of `run`.
    """

    def __init__(self, most: int) -> None:
        self.count, self._most = 1, most
        self._pool: _Pool | None = None

    def __enter__(self) -> team:
        most = min(self._most, get_num_threads()) if self._most > 1 else 1
        if most > 1 and _pool.free.acquire(blocking=False):
            self._pool = _pool
            self.count = 1 + _pool.started(most - 1)
            self.counter = np.zeros(1, np.int64)
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.free.release()

    def run(self, function: Callable[[int], Any]) -> None:
        """Call function(rank) for each rank from 0 to count - 1 at once, rank 0 in this thread, and wait.

        Raises the first exception of any rank, after all have ended: those that wait in a barrier
        for the one that failed are let through.
        """
        if self._pool is None or self.count == 1:
            function(0)
            return
        job = _Job(function, self.counter)
        shares = [_Share(job, rank) for rank in range(1, self.count)]
        begun: list[None] = []
        try:
            begun += map(self._pool.shares.put, shares)  # counts them even if Ctrl-C comes in between
        except BaseException as error:
            job.fail(error)
        _Share(job, 0).do()
        while not all(share.done for share in shares[: len(begun)]):
            try:
                job.ends.get()
            except BaseException as error:  # Ctrl-C: the others still write to the caller's memory
                job.fail(error)
        if job.errors:
            raise job.errors[0]


class _Job:
    """What the members of a team do together."""

    def __init__(self, function: Callable[[int], Any], counter: Any) -> None:
        self.function, self.counter = function, counter
        self.errors: list[BaseException] = []
        self.ends: SimpleQueue[None] = SimpleQueue()

    def fail(self, error: BaseException) -> None:
        """Note that somebody may not come to the barrier."""
        self.errors.append(error)
        self.counter[0] = ABANDONED


class _Share:
    """The part of a job that has one rank."""

    def __init__(self, job: _Job, rank: int) -> None:
        self.job, self.rank, self.done = job, rank, False

    def do(self) -> None:
        """Do it, in the thread that calls."""
        try:
            self.job.function(self.rank)
        except BaseException as error:
            self.job.fail(error)
        self.done = True
        self.job.ends.put(None)


class _Pool:
    """Threads that wait for shares.

    Attributes:
        free: a lock, held by the team that has the threads.
        shares: where they take their work from.
    """

    def __init__(self) -> None:
        self.free, self.shares = threading.Lock(), SimpleQueue[_Share]()
        self._threads = 0

    def started(self, most: int) -> int:
        """Start threads until there are so many; how many of them there are."""
        try:
            while self._threads < most:
                name = f"tinygrad_mnist worker {self._threads + 1}"
                threading.Thread(target=_serve, args=(self.shares,), name=name, daemon=True).start()
                self._threads += 1
        except RuntimeError:  # no more threads may be started: a limit, or the interpreter is ending
            pass
        return min(most, self._threads)


def _serve(shares: SimpleQueue[_Share]) -> None:
    while True:
        shares.get().do()


_pool = _Pool()


def _after_fork() -> None:
    """A forked child has none of the threads."""
    global _pool
    _pool = _Pool()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
