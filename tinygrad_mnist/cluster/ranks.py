"""The processes of one training, and how they exchange arrays: by MPI, and only under a launcher."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Protocol

import numpy as np

from ..errors import MissingExtraError, TinygradMnistError
from ..kernels.threads import VARIABLE, get_num_threads, set_num_threads
from ..primitive import Array

# What launchers tell each process: how many there are (MPICH and Intel, Open MPI, Slurm).
_SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "SLURM_NTASKS")
_STATUS = 2
_HANDED_ON = 0.5  # seconds
_WAIT = 2.0 + _HANDED_ON


class RanksError(TinygradMnistError, RuntimeError):
    """The processes of a training are not those that were meant, or too many."""


class Ranks(Protocol):
    """The processes that train together, seen from one of them.

    Attributes:
        rank: which this is, from 0.
        size: how many there are.
    """

    rank: int
    size: int

    def gathered(self, own: Array, counts: Sequence[int]) -> Array:
        """What all ranks have, one after another along the first axis: (sum of counts, ...).

        Args:
            own: what this one has, (its count, ...), of the same dtype and further axes on all.
            counts: how long that of each rank is.
        """
        ...

    def exchanged(self, own: Array, counts: Sequence[int], cuts: Sequence[int]) -> Array:
        """Some columns of the rows that all ranks have: (sum of counts, this one's columns).

        Args:
            own: rows, (its count, columns), of the same dtype and width on all.
            counts: how many rows each rank has.
            cuts: which columns are whose: rank k has those from cuts[k] to before cuts[k + 1].
        """
        ...

    def told(self, what: Any) -> Any:
        """What rank 0 has, for all.

        Args:
            what: this rank's, which counts only on rank 0; anything that can be pickled.
        """
        ...


class OneRank:
    """A single process, as `Ranks`."""

    rank, size = 0, 1

    def gathered(self, own: Array, counts: Sequence[int]) -> Array:
        """What this one has.

        Args:
            own: an array of any shape and dtype, which is given back.
            counts: its length.
        """
        return own

    def exchanged(self, own: Array, counts: Sequence[int], cuts: Sequence[int]) -> Array:
        """What this one has.

        Args:
            own: rows, (count, columns), of any dtype, which are given back.
            counts: how many.
            cuts: from the first column to the last.
        """
        return own

    def told(self, what: Any) -> Any:
        """What this one has.

        Args:
            what: anything, which is given back.
        """
        return what


class MpiRanks:
    """Those that an MPI launcher has started.

    Args:
        world: the communicator of all of them.
    """

    def __init__(self, world: Any) -> None:
        self.world, self.rank, self.size = world, world.rank, world.size

    def gathered(self, own: Array, counts: Sequence[int]) -> Array:
        """See `Ranks`."""
        whole = np.empty((sum(counts), *own.shape[1:]), own.dtype)
        width = int(np.prod(own.shape[1:], dtype=np.int64))
        self.world.Allgatherv(np.ascontiguousarray(own), [whole, [count * width for count in counts]])
        return whole

    def exchanged(self, own: Array, counts: Sequence[int], cuts: Sequence[int]) -> Array:
        """See `Ranks`."""
        widths = np.diff(cuts)
        mine = int(widths[self.rank])
        if len(own) == 1:
            sent = np.ascontiguousarray(own)
        else:
            sent = np.concatenate([own[:, a:b].ravel() for a, b in pairwise(cuts)])
        whole = np.empty((sum(counts), mine), own.dtype)
        self.world.Alltoallv(
            [sent, (widths * len(own)).tolist()], [whole, [count * mine for count in counts]]
        )
        return whole

    def told(self, what: Any) -> Any:
        """See `Ranks`."""
        return self.world.bcast(what)

    def abort(self) -> None:
        """End all ranks, this one too."""
        sys.stdout.flush()
        sys.stderr.flush()
        time.sleep(_HANDED_ON)  # else the launcher may end before it has read what was said
        self.world.Abort(_STATUS)
        os._exit(_STATUS)  # of some MPIs Abort comes back

    @contextlib.contextmanager
    def ending_together(self) -> Iterator[None]:
        """What ends this rank within the block is told, and ends the others, who may wait for it forever."""
        try:
            yield
        except BaseException as error:
            if self.size == 1:
                raise
            time.sleep(_WAIT * min(1, self.rank))  # what ends all is told by the first
            told = f"{error}" if isinstance(error, TinygradMnistError) else f"{type(error).__name__}: {error}"
            print(f"error: rank {self.rank} of {self.size}, with which all end: {told}", file=sys.stderr)
            self.abort()


def launched() -> int | None:
    """How many processes the launcher says it has started; None where there was none."""
    return next((int(os.environ[name]) for name in _SIZES if os.environ.get(name, "").isdecimal()), None)


def communicator() -> MpiRanks:
    """All processes that the launcher has started, as by `mpiexec -n 4 python train.py`.

    The threads of a machine are shared by its ranks, unless TINYGRAD_MNIST_NUM_THREADS or OMP_NUM_THREADS
    says how many each may use. From here on, an exception that ends one rank ends all.

    Raises RanksError without a launcher, and for the launcher of another MPI than mpi4py's, under which
    everyone would be rank 0 of 1; MissingExtraError without mpi4py.
    """
    count = launched()
    if count is None:
        raise RanksError("ranks need a launcher, as in: mpiexec -n 4 tinygrad-mnist train --ranks")
    mpi = _mpi()
    ranks = MpiRanks(mpi.COMM_WORLD)
    if ranks.size != count:
        library = mpi.Get_library_version().split("\n")[0].strip("\0 ")
        raise RanksError(
            f"the launcher has started {count} processes, but each is rank {ranks.rank} of {ranks.size}: it "
            f"is of another MPI than mpi4py's, {library}; use that one's mpiexec (or, with Slurm, srun)"
        )
    if ranks.size > 1:
        here = mpi.COMM_WORLD.Split_type(mpi.COMM_TYPE_SHARED).size
        if not (os.environ.get(VARIABLE) or os.environ.get("OMP_NUM_THREADS")):
            set_num_threads(max(1, get_num_threads() // here))
        _end_together(ranks)
    return ranks


def _mpi() -> Any:
    try:
        return importlib.import_module("mpi4py.MPI")
    except ImportError:
        raise MissingExtraError(
            'ranks need mpi4py: pip install "tinygrad_mnist[mpi]", and an MPI, as of pip install mpich'
        ) from None
    except RuntimeError as error:
        raise MissingExtraError(f"mpi4py finds no MPI library ({error}), as of pip install mpich") from None


def _end_together(ranks: MpiRanks) -> None:
    before = sys.excepthook

    def hook(kind: Any, error: Any, trace: Any) -> None:
        before(kind, error, trace)
        print(f"rank {ranks.rank} of {ranks.size} ended by this error, and so do the others", file=sys.stderr)
        ranks.abort()

    sys.excepthook = hook
