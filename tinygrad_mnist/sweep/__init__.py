"""Sweeps: many recipes trained, on all cores, each result kept as soon as it is there."""

from ..describing import complete as _complete
from .outcome import Outcome
from .plot import plot
from .pool import sweep
from .summary import Summary, kinds, summaries
from .variations import variations
from .workers import SweepError

__all__ = ["Outcome", "Summary", "SweepError", "kinds", "plot", "summaries", "sweep", "variations"]

_complete("sweep", __all__, globals())
