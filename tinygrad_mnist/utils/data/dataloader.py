"""The DataLoader: a dataset in batches."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ...core.generator import Generator, chosen
from ...core.tensor import Tensor, wrap
from .collate import default_collate, default_convert
from .dataset import Dataset, IterableDataset, Subset, TensorDataset
from .sampler import BatchSampler, RandomSampler, SequentialSampler
from .workers import Workers

__all__ = ["DataLoader"]

Collate = Callable[[Any], Any]


class DataLoader:
    """Batches of a dataset, anew at each iteration.

    Args:
        dataset: with `__getitem__` and `__len__`, or an IterableDataset.
        batch_size: examples per batch; None for single examples without a new axis.
        shuffle: in random order, anew each time.
        sampler: the order instead, an iterable of positions.
        batch_sampler: the batches instead, an iterable of lists of positions.
        num_workers: fetch batches ahead in so many threads; or processes, with `multiprocessing_context`.
        collate_fn: list of examples -> batch; by default `default_collate`.
        pin_memory, pin_memory_device: change nothing.
        drop_last: leave out a last batch that is smaller.
        timeout: seconds to wait for a worker's batch; 0 for any.
        worker_init_fn: called in each worker with its number.
        multiprocessing_context: "spawn" and the like: workers are processes, and the dataset is pickled.
        generator: of the order; the default generator if None.
        prefetch_factor: batches fetched ahead by each worker; 2 if None.
        persistent_workers: keep them from one iteration to the next.
        in_order: batches come in order whatever this says.

    Raises ValueError for arguments that exclude one another, as in PyTorch.
    """

    def __init__(
        self,
        dataset: Dataset[Any] | Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Collate | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        if num_workers < 0:
            raise ValueError(
                "num_workers option should be non-negative; use num_workers=0 to disable workers."
            )
        if timeout < 0:
            raise ValueError("timeout option should be non-negative")
        if num_workers == 0 and prefetch_factor is not None:
            raise ValueError(
                "prefetch_factor option could only be specified with workers: set num_workers > 0"
            )
        if persistent_workers and num_workers == 0:
            raise ValueError("persistent_workers option needs num_workers > 0")
        self._iterable = isinstance(dataset, IterableDataset)
        if self._iterable and (shuffle or sampler is not None or batch_sampler is not None):
            raise ValueError(
                "DataLoader with IterableDataset: expected unspecified shuffle, sampler and batch_sampler"
            )
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and "
                    "drop_last"
                )
            batch_size = None
        elif batch_size is None and drop_last:
            raise ValueError(
                "batch_size=None option disables auto-batching and is mutually exclusive with drop_last"
            )
        if generator is not None:
            chosen(generator)  # TypeError if it is none
        if sampler is None and not self._iterable:
            sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_size is not None and batch_sampler is None and not self._iterable:
            assert sampler is not None
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self._batches = batch_size is not None or batch_sampler is not None
        self.collate_fn = collate_fn or (default_collate if self._batches else default_convert)
        self.dataset: Any = dataset
        self.batch_size, self.drop_last = batch_size, drop_last
        self.sampler, self.batch_sampler = sampler, batch_sampler
        self.num_workers, self.timeout, self.generator = num_workers, timeout, generator
        self.pin_memory, self.worker_init_fn = pin_memory, worker_init_fn
        self.multiprocessing_context, self.persistent_workers = multiprocessing_context, persistent_workers
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self._workers: Workers | None = None

    def __len__(self) -> int:
        if self._iterable:
            count = len(self.dataset)
            if self.batch_size is None:
                return count
            return count // self.batch_size if self.drop_last else -(-count // self.batch_size)
        return len(self.batch_sampler if self._batches else self.sampler)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[Any]:
        if self.num_workers:
            return self._from_workers()
        if self._iterable:
            return _batched(self.dataset, self.batch_size, self.drop_last, self.collate_fn)
        columns = _columns(self.dataset) if self.collate_fn is default_collate else None
        if columns is not None:
            return self._cut(*columns)
        return self._fetched()

    def _requests(self) -> Iterable[Any]:
        requests = self.batch_sampler if self._batches else self.sampler
        assert requests is not None
        return requests

    def _fetched(self) -> Iterator[Any]:
        fetch = _Fetch(self._batches, self.collate_fn)
        for request in self._requests():
            yield fetch(self.dataset, request)

    def _cut(self, tensors: tuple[Tensor, ...], places: Any) -> Iterator[list[Tensor]]:
        """Batches of Tensors in memory: slices where the positions follow one another, else one take each."""
        arrays = [x.detach().numpy() for x in tensors]
        for start, batch in _positions(self._requests(), self.batch_sampler):
            if places is None and start is not None:
                yield [wrap(x[start : start + batch]) for x in arrays]
            else:
                at = np.arange(start, start + batch) if start is not None else np.asarray(batch, np.int64)
                at = at if places is None else places[at]
                yield [wrap(x[at]) for x in arrays]

    def _from_workers(self) -> Iterator[Any]:
        if self._workers is None:
            seed = int(chosen(self.generator).integers(0, 2**31).item())
            fetch: Any = _Fetch(self._batches, self.collate_fn)
            if self._iterable:
                fetch = _Stream(self.batch_size, self.drop_last, self.collate_fn)
            self._workers = Workers(
                self.num_workers, self.dataset, fetch, self.multiprocessing_context, self.worker_init_fn, seed
            )
        workers = self._workers
        ahead, timeout = self.prefetch_factor or 2, self.timeout or None
        try:
            if self._iterable:
                yield from workers.following(ahead, timeout)
            else:
                yield from workers.at(self._requests(), ahead, timeout)
        finally:
            if not self.persistent_workers or self._iterable:
                workers.close()
                self._workers = None


class _Fetch:
    """(dataset, positions) -> batch."""

    def __init__(self, batches: bool, collate: Collate) -> None:
        self.batches, self.collate = batches, collate

    def __call__(self, dataset: Any, request: Any) -> Any:
        if not self.batches:
            return self.collate(dataset[request])
        if hasattr(dataset, "__getitems__"):
            return self.collate(dataset.__getitems__(request))
        return self.collate([dataset[i] for i in request])


class _Stream:
    """(iterable dataset, None) -> its batches."""

    def __init__(self, size: int | None, drop_last: bool, collate: Collate) -> None:
        self.size, self.drop_last, self.collate = size, drop_last, collate

    def __call__(self, dataset: Any, _: Any) -> Iterator[Any]:
        return _batched(dataset, self.size, self.drop_last, self.collate)


def _batched(examples: Iterable[Any], size: int | None, drop_last: bool, collate: Collate) -> Iterator[Any]:
    rest = iter(examples)
    if size is None:
        yield from map(collate, rest)
        return
    while batch := list(itertools.islice(rest, size)):
        if len(batch) == size or not drop_last:
            yield collate(batch)


def _columns(dataset: Any) -> tuple[tuple[Tensor, ...], Any] | None:
    """The Tensors of a TensorDataset, or of a Subset of one with its positions; None for other datasets."""
    if type(dataset) is TensorDataset and not any(x.requires_grad for x in dataset.tensors):
        return dataset.tensors, None
    if type(dataset) is Subset:
        inner = _columns(dataset.dataset)
        if inner is not None:
            at = np.asarray(dataset.indices, np.int64)
            return inner[0], at if inner[1] is None else inner[1][at]
    return None


def _positions(requests: Iterable[Any], batches: Any) -> Iterator[tuple[int | None, Any]]:
    """(start, count) of batches that follow one another; else (None, positions)."""
    order: Any = batches.sampler if type(batches) is BatchSampler else None
    if type(order) in (SequentialSampler, RandomSampler):
        drawn = order.positions() if type(order) is RandomSampler else None
        count, size = len(order), batches.batch_size
        for start in range(0, count, size):
            if start + size <= count or not batches.drop_last:
                if drawn is None:
                    yield start, min(size, count - start)
                else:
                    yield None, drawn[start : start + size]
        return
    for request in requests:
        yield None, request
