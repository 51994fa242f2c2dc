"""How many steps of a scan to take at a time, and with how many workers."""

from __future__ import annotations

_SECONDS = 0.1  # of one native call: how long Ctrl-C may have to wait, about
_TELLING = 0.004  # seconds of a call that say how long a step takes
_AGAIN = 50  # calls after which the slower choice is tried again: other programs come and go


class Pace:
    """Chooses by what was measured: several workers are slower than one where the cores are busy."""

    def __init__(self) -> None:
        self._seconds: dict[int, float] = {}  # of a step, by the number of workers
        self._steps: dict[int, int] = {}  # of the last call with so many
        self._told: set[int] = set()
        self._calls = 0

    def next(self, most: int) -> tuple[int, int]:
        """(workers, steps) of the next call; at most so many workers."""
        untold = [n for n in sorted({1, most}) if n not in self._told]
        best = min(sorted({1, most}), key=lambda n: self._seconds.get(n, 0.0))
        workers = untold[self._calls % len(untold)] if untold else best
        steps = self._steps.get(workers, 1)
        if workers in self._seconds:
            steps = max(1, min(4 * steps, int(_SECONDS / self._seconds[workers])))
        return workers, steps

    def measured(self, workers: int, steps: int, seconds: float) -> None:
        """Take note of a call; not of the first one, which may load or compile what it needs."""
        self._calls += 1
        if self._calls == 1:
            return
        self._seconds[workers], self._steps[workers] = seconds / steps, steps
        if seconds > _TELLING:
            self._told.add(workers)
        if self._calls % _AGAIN == 0:
            self._told.clear()
