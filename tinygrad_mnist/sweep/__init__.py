"""Sweeps: many recipes trained, on all cores, each result kept as soon as it is there."""

from ..describing import complete as _complete
from .outcome import Outcome
from .plot import plot
from .pool import SweepError, sweep
from .summary import Summary, kinds, summaries
from .variations import Range, variations

__all__ = ["Outcome", "Range", "Summary", "SweepError", "kinds", "plot", "summaries", "sweep", "variations"]

_complete("sweep", __all__, globals())
