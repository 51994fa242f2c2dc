"""One network trained by several processes, on one machine or many (extra: mpi)."""

from ..describing import complete as _complete
from .data_parallel import DataParallel
from .ranks import OneRank, Ranks, RanksError, communicator

__all__ = ["DataParallel", "OneRank", "Ranks", "RanksError", "communicator"]

_complete("cluster", __all__, globals())
