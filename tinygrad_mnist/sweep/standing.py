"""Which trainings are hopeless beside those that were finished before."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import median

from .outcome import Outcome

_FEWEST = 5  # finished trainings: beside fewer none is hopeless
_FROM_SHARE = 0.2  # of its epochs: before that a training has shown nothing


class Standing:
    """The median stopping rule: what is below the median of the others at the same share of its epochs ends.

    Golovin et al. 2017, "Google Vizier: a service for black-box optimization", section 3.2.2; each is taken
    at the best epoch that it had until then. Who is stopped depends on who was finished before, and so on
    the order and the number of workers; what is not stopped has the same bits as ever.
    """

    def __init__(self, outcomes: Iterable[Outcome] = ()) -> None:
        self.curves: list[Sequence[float]] = []  # of those that were finished
        for outcome in outcomes:
            self.add(outcome)

    def as_it_is(self) -> Standing:
        """A copy, for those who do not hear of others."""
        copy = Standing()
        copy.curves = list(self.curves)
        return copy

    def add(self, outcome: Outcome) -> None:
        """One more is finished."""
        if outcome.curve and not outcome.stopped and outcome.failure is None:
            self.curves.append(outcome.curve)

    def is_hopeless(self, curve: Sequence[float], epochs: int) -> bool:
        """Whether a training with this curve so far, of so many epochs in all, is to end."""
        share = len(curve) / epochs
        if share < _FROM_SHARE or len(self.curves) < _FEWEST:
            return False
        others = [max(other[: max(1, math.floor(share * len(other)))]) for other in list(self.curves)]
        return max(curve) < median(others)
