"""Workers of a DataLoader: threads, or processes where a multiprocessing context is asked for."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

__all__ = ["get_worker_info"]


@dataclasses.dataclass(frozen=True)
class WorkerInfo:
    """Which worker this is.

    Attributes:
        id: from 0 on.
        num_workers: how many there are.
        seed: differs from worker to worker.
        dataset: the worker's copy.
    """

    id: int
    num_workers: int
    seed: int
    dataset: Any


_here = threading.local()


def get_worker_info() -> WorkerInfo | None:
    """In a worker, which it is; None elsewhere."""
    return getattr(_here, "info", None)


def _begin(info: WorkerInfo, fetch: Callable[[Any, Any], Any], start: Callable[[int], None] | None) -> None:
    _here.info, _here.fetch, _here.iterator = info, fetch, None
    if start is not None:
        start(info.id)


def _fetched(request: Any) -> Any:
    """A batch of the dataset at positions."""
    return _here.fetch(_here.info.dataset, request)


def _following(_: Any) -> Any:
    """The next batch of a dataset that gives examples one after another; StopIteration's mark at the end."""
    if _here.iterator is None:
        _here.iterator = _here.fetch(_here.info.dataset, None)
    return next(_here.iterator, _END)


_END = "the end of a worker's examples"  # text: equal in every process


class Workers:
    """So many threads or processes, each with its own queue, so that batch i is worker i % count's.

    Args:
        count: how many.
        dataset: each gets it, processes and iterable datasets a copy.
        fetch: (dataset, positions) -> batch; for an iterable dataset (dataset, None) -> its batches.
        context: of multiprocessing, its name, or None for threads.
        start: called with the worker's number before its first batch.
        seed: of worker 0; the others' follow.
    """

    def __init__(
        self,
        count: int,
        dataset: Any,
        fetch: Callable[[Any, Any], Any],
        context: Any,
        start: Callable[[int], None] | None,
        seed: int,
    ) -> None:
        if isinstance(context, str):
            context = importlib.import_module("multiprocessing").get_context(context)
        self._pools: list[Executor] = []
        for i in range(count):
            own = copy.copy(dataset) if context is None else dataset
            begun = (WorkerInfo(i, count, seed + i, own), fetch, start)
            if context is None:
                self._pools.append(ThreadPoolExecutor(1, initializer=_begin, initargs=begun))
            else:
                processes = importlib.import_module(
                    "concurrent.futures.process"
                )  # which loads multiprocessing
                self._pools.append(
                    processes.ProcessPoolExecutor(1, context, initializer=_begin, initargs=begun)
                )

    def at(self, requests: Iterable[Any], ahead: int, timeout: float | None) -> Iterator[Any]:
        """The batches for requests in their order, so many of each worker's fetched ahead."""
        pools = itertools.cycle(self._pools)
        waiting: deque[Future[Any]] = deque()
        rest = iter(requests)
        try:
            for request in itertools.islice(rest, ahead * len(self._pools)):
                waiting.append(next(pools).submit(_fetched, request))
            while waiting:
                batch = waiting.popleft().result(timeout)
                for request in itertools.islice(rest, 1):
                    waiting.append(next(pools).submit(_fetched, request))
                yield batch
        finally:
            for future in waiting:
                future.cancel()

    def following(self, ahead: int, timeout: float | None) -> Iterator[Any]:
        """The batches of an iterable dataset, of each worker in turn until it has none left."""
        waiting = deque(
            (pool, deque(pool.submit(_following, None) for _ in range(ahead))) for pool in self._pools
        )
        while waiting:
            pool, own = waiting.popleft()
            batch = own.popleft().result(timeout)
            if isinstance(batch, str) and batch == _END:
                continue
            own.append(pool.submit(_following, None))
            waiting.append((pool, own))
            yield batch

    def close(self) -> None:
        """Let them go."""
        for pool in self._pools:
            pool.shutdown(wait=True, cancel_futures=True)
