"""How many steps of a scan to take at a time, and with how many workers."""

from __future__ import annotations

from collections import deque

_SECONDS = 0.1  # of one native call: how long Ctrl-C may have to wait, about
_SHARED_SECONDS = 0.025  # of one with several workers, who may be slow by now
_TELLING = 0.004  # seconds of calls that say how long a step takes
_LOSS = 0.015  # share of the time that trials of what is slower may cost
_SLOWER = 1.15  # times as long as before: then it is asked anew which choice is faster


class Pace:
    """Chooses by what was measured: several workers are slower than one where the cores are busy.

    A slow call says little, since another program may have come in between, but none is fast by chance: the
    faster of the last two counts. What is slower is tried again, shortly, since other programs come and go:
    the more often the less that costs. Where the faster choice has become slow, both are tried at once.
    """

    def __init__(self) -> None:
        self._seconds: dict[int, deque[float]] = {}  # of a step, by the number of workers, in the last calls
        self._steps: dict[int, int] = {}  # of the last call with so many
        self._spent: dict[int, float] = {}  # seconds with so many
        self._calls = 0
        self._since = 0.0  # seconds since the slower choice was tried
        self._doubts: list[int] = []  # what is to be tried next

    def next(self, most: int) -> tuple[int, int]:
        """(workers, steps) of the next call; at most so many workers."""
        choices = sorted({1, most})
        untold = [n for n in choices if self._spent.get(n, 0.0) <= _TELLING]
        if untold:
            return self._growing(untold[self._calls % len(untold)])
        best, other = min(choices, key=self._step), max(choices, key=self._step)
        trial = max(1, int(_TELLING / self._step(other)))
        while self._doubts:
            workers = self._doubts.pop()
            if workers in choices and len(choices) > 1:
                return workers, trial
        lost = trial * (self._step(other) - self._step(best))
        if other != best and self._since > lost / _LOSS:
            self._since = 0.0
            return other, trial
        return self._growing(best)

    def _growing(self, workers: int) -> tuple[int, int]:
        steps = self._steps.get(workers, 1)
        if workers in self._seconds:
            seconds = _SECONDS if workers == 1 else _SHARED_SECONDS
            steps = max(1, min(4 * steps, int(seconds / self._step(workers))))
        return workers, steps

    def _step(self, workers: int) -> float:
        """Seconds of a step, as far as is known."""
        return min(self._seconds[workers])

    def measured(self, workers: int, steps: int, seconds: float) -> None:
        """Take note of a call; not of the first one, which may load or compile what it needs."""
        self._calls += 1
        if self._calls == 1:
            return
        step = max(seconds / steps, 1e-9)
        known = self._seconds.setdefault(workers, deque(maxlen=2))
        if len(known) == 2 and step > _SLOWER * self._step(workers) and self._is_best(workers):
            self._doubts = [n for n in self._seconds if n != workers] + [workers]
        known.append(step)
        self._steps[workers] = steps
        self._since += seconds
        self._spent[workers] = self._spent.get(workers, 0.0) + seconds

    def _is_best(self, workers: int) -> bool:
        return workers == min(self._seconds, key=self._step)
