"""Threads that train side by side: who compiles for whom, and how they are stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..kernels.threads import alone
from .course import StepListener
from .history import EpochRecord
from .recipes import Recipe
from .trained import TrainedNetwork, run
from .workbench import Workbenches, kind_of

_LOOK = 0.2  # seconds between looks for Ctrl-C and for news


class Crew:
    """What trainings side by side share: the images, the wish to stop, and who compiles what.

    Args:
        images, labels: as `train.run` takes them.
        compiled: as in `fit`.

    Attributes:
        stopped: set when all are to end at their next step.
    """

    def __init__(self, images: NDArray[np.uint8], labels: NDArray[np.int64], compiled: bool = True) -> None:
        self.images, self.labels, self._compiled = images, labels, compiled
        self._benches = Workbenches(images, labels)
        self.stopped = threading.Event()
        self._begun: dict[Recipe, threading.Event] = {}  # of the first of a kind: its program is there
        self._lock = threading.Lock()

    def train(
        self,
        recipe: Recipe,
        on_epoch: Callable[[EpochRecord], bool | None] | None = None,
        on_step: StepListener | None = None,
    ) -> TrainedNetwork:
        """What `run` gives, by the thread that calls; KeyboardInterrupt where all were stopped before.

        The listeners are called by that thread. Raises as `run`.
        """
        kind = kind_of(recipe)
        with self._lock:
            first = kind not in self._begun
            begun = self._begun.setdefault(kind, threading.Event())
        if not first and self._compiled:
            while not begun.wait(_LOOK):  # else both would compile it
                self.heed()

        def heed(*where: int) -> None:
            begun.set()
            self.heed()
            if on_step:
                on_step(*where)

        try:
            network = run(
                recipe,
                self.images,
                self.labels,
                compiled=self._compiled,
                on_epoch=on_epoch,
                on_step=heed,
                benches=self._benches,
            )
        finally:
            begun.set()
        if network.history.interrupted:
            raise KeyboardInterrupt
        return network

    def heed(self) -> None:
        """KeyboardInterrupt, which `fit` takes for Ctrl-C, if all are to stop."""
        if self.stopped.is_set():
            raise KeyboardInterrupt

    def side_by_side(self, do: Callable[[int], None], count: int, workers: int) -> Generator[int | None]:
        """Call do(0), ... do(count - 1) by so many threads; gives each number when it is done.

        In between it gives None now and then, so that whoever iterates can look elsewhere. Closing it, as an
        exception does where it is iterated within `contextlib.closing`, stops what is running and waits for
        its end. What `do` raises is raised here.
        """
        ended: SimpleQueue[tuple[int, BaseException | None]] = SimpleQueue()

        def work(i: int) -> None:
            error: BaseException | None = None
            try:
                if not self.stopped.is_set():
                    do(i)
            except BaseException as raised:
                error = raised
            ended.put((i, error))

        with ThreadPoolExecutor(workers, "side by side", initializer=alone) as pool:
            try:
                for i in range(count):
                    pool.submit(work, i)
                for _ in range(count):
                    while (news := _next(ended)) is None:
                        yield None
                    if news[1] is not None:
                        raise news[1]
                    yield news[0]
            finally:
                self.stopped.set()
                pool.shutdown(cancel_futures=True)


def _next(queue: SimpleQueue[Any]) -> Any:
    try:
        return queue.get(timeout=_LOOK)
    except Empty:
        return None
