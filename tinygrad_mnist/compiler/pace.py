"""How many steps of a scan to take at a time, and with how many workers."""

from __future__ import annotations

from collections import deque
from statistics import median_low

_SECONDS = 0.1  # of one native call: how long Ctrl-C may have to wait, about
_TELLING = 0.004  # seconds of calls that say how long a step takes
_RATHER = 50  # times as long as a trial the faster choice runs between two trials of the slower one


class Pace:
    """Chooses by what was measured: several workers are slower than one where the cores are busy.

    One slow call says little, since another program may have come in between: the middle one of the last
    three counts. What is slower is tried again, shortly and seldom, since other programs come and go.
    """

    def __init__(self) -> None:
        self._seconds: dict[int, deque[float]] = {}  # of a step, by the number of workers, in the last calls
        self._steps: dict[int, int] = {}  # of the last call with so many
        self._spent: dict[int, float] = {}  # seconds with so many
        self._calls = 0
        self._since = 0.0  # seconds since the slower choice was tried

    def next(self, most: int) -> tuple[int, int]:
        """(workers, steps) of the next call; at most so many workers."""
        choices = sorted({1, most})
        untold = [n for n in choices if self._spent.get(n, 0.0) <= _TELLING]
        if untold:
            return self._growing(untold[self._calls % len(untold)])
        best = min(choices, key=self._step)
        other = max(choices, key=self._step)
        trial = max(1, int(_TELLING / self._step(other)))
        if other != best and self._since > _RATHER * trial * self._step(other):
            self._since = 0.0
            return other, trial
        return self._growing(best)

    def _growing(self, workers: int) -> tuple[int, int]:
        steps = self._steps.get(workers, 1)
        if workers in self._seconds:
            steps = max(1, min(4 * steps, int(_SECONDS / self._step(workers))))
        return workers, steps

    def _step(self, workers: int) -> float:
        """Seconds of a step, as far as is known."""
        return median_low(self._seconds[workers])

    def measured(self, workers: int, steps: int, seconds: float) -> None:
        """Take note of a call; not of the first one, which may load or compile what it needs."""
        self._calls += 1
        if self._calls == 1:
            return
        self._seconds.setdefault(workers, deque(maxlen=3)).append(max(seconds / steps, 1e-9))
        self._steps[workers] = steps
        self._since += seconds
        self._spent[workers] = self._spent.get(workers, 0.0) + seconds
