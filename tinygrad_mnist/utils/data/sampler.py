"""Samplers: in which order the positions of a dataset come."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from ...core.generator import Generator, chosen

__all__ = [
    "BatchSampler", "RandomSampler", "Sampler", "SequentialSampler", "SubsetRandomSampler",
    "WeightedRandomSampler",
]  # fmt: skip

T = TypeVar("T")


class Sampler(Generic[T]):
    """Base of samplers: subclass it, define `__iter__`, and `__len__` if it is known."""

    def __init__(self, data_source: Any = None) -> None:
        pass

    def __iter__(self) -> Iterator[T]:
        raise NotImplementedError(f"{type(self).__name__} must define __iter__")


class SequentialSampler(Sampler[int]):
    """0, 1, 2, ..."""

    def __init__(self, data_source: Any) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """Every position once in random order; with `replacement`, any position each time.

    Args:
        data_source: what has a length.
        replacement: see above.
        num_samples: how many; None for the length.
        generator: the default generator if None.
    """

    def __init__(
        self,
        data_source: Any,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        if not isinstance(replacement, bool):
            raise TypeError(f"replacement should be a boolean value, but got replacement={replacement}")
        self.data_source, self.replacement = data_source, replacement
        self._num_samples, self.generator = num_samples, generator
        if not isinstance(self.num_samples, int) or self.num_samples < 0:
            raise ValueError(
                f"num_samples should be a non-negative integer value, but got num_samples={num_samples}"
            )

    @property
    def num_samples(self) -> int:
        """How many positions an epoch has."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def positions(self) -> NDArray[np.int64]:
        """The positions of an epoch in order."""
        count, drawn = len(self.data_source), chosen(self.generator)
        if self.replacement:
            return np.asarray(drawn.integers(0, count, (self.num_samples,)))
        rounds = -(-self.num_samples // count) if count else 0
        parts = [np.asarray(drawn.permutation(count)) for _ in range(rounds)]
        return np.concatenate([*parts, np.zeros(0, np.int64)])[: self.num_samples]

    def __iter__(self) -> Iterator[int]:
        return iter(self.positions().tolist())

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given positions in random order."""

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices, self.generator = indices, generator

    def __iter__(self) -> Iterator[int]:
        order = np.asarray(chosen(self.generator).permutation(len(self.indices))).tolist()
        return iter([int(self.indices[i]) for i in order])

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """Positions drawn with probabilities in proportion to weights, which need not add up to one."""

    def __init__(
        self,
        weights: Sequence[float],
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        if isinstance(num_samples, bool) or not isinstance(num_samples, int) or num_samples <= 0:
            raise ValueError(
                f"num_samples should be a positive integer value, but got num_samples={num_samples}"
            )
        if not isinstance(replacement, bool):
            raise ValueError(f"replacement should be a boolean value, but got replacement={replacement}")
        self.weights = np.asarray(weights, np.float64)
        if self.weights.ndim != 1 or (self.weights < 0).any() or not self.weights.sum() > 0:
            raise ValueError("weights should be a sequence of numbers from 0 up, not all of them 0")
        if not replacement and num_samples > (self.weights > 0).sum():
            raise ValueError(f"cannot draw {num_samples} without replacement from {(self.weights > 0).sum()}")
        self.num_samples, self.replacement, self.generator = num_samples, replacement, generator

    def __iter__(self) -> Iterator[int]:
        drawn = chosen(self.generator)
        if self.replacement:
            bounds = np.cumsum(self.weights) / self.weights.sum()
            places = np.asarray(drawn.uniform((self.num_samples,), dtype=np.float64))
            found = np.minimum(np.searchsorted(bounds, places, side="right"), len(bounds) - 1)
        else:  # the largest of u^(1 / w) (Efraimidis and Spirakis 2006), as logarithms
            uniform = np.asarray(drawn.uniform((len(self.weights),), dtype=np.float64))
            with np.errstate(divide="ignore"):
                keys = np.where(self.weights > 0, np.log(uniform) / self.weights, -np.inf)
            found = np.argsort(-keys, kind="stable")[: self.num_samples]
        return iter(found.tolist())

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """The positions of a sampler in lists of `batch_size`; the last may be shorter, or is left out."""

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool) -> None:
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size <= 0:
            raise ValueError(
                f"batch_size should be a positive integer value, but got batch_size={batch_size}"
            )
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler, self.batch_size, self.drop_last = sampler, batch_size, drop_last

    def __iter__(self) -> Iterator[list[int]]:
        positions = iter(self.sampler)
        while batch := list(itertools.islice(positions, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def __len__(self) -> int:
        count = len(self.sampler)  # type: ignore[arg-type]
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)
