"""Explicit randomness: a generator is a key and a position in its stream, and nothing else."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .. import ops
from ..ops.random import blocks
from ..primitive import check_dtype
from .tensor import Tensor


class Generator:
    """Source of random Tensors (counter-based: Philox 4x32-10, Salmon et al. 2011).

    The numbers depend on the seed and on how many were drawn before, on nothing else: not on
    threads, not on what is compiled. `state` is all there is to save and restore.

    Args:
        seed: any integer from 0 to 2^64 - 1. ValueError outside, TypeError for anything else.

    Attributes:
        state: two uint64: the seed, and how many 128-bit blocks of the stream are used up.
    """

    def __init__(self, seed: int) -> None:
        if not 0 <= operator.index(seed) < 2**64:
            raise ValueError(f"Generator: the seed must be from 0 to 2**64 - 1, not {seed}")
        self.state = Tensor(np.array([seed, 0], np.uint64))

    def __repr__(self) -> str:
        seed, used = self.state.tolist()
        return f"Generator(seed={seed}, blocks used: {used})"

    def _advance(self, count: int) -> None:
        self.state.assign_(self.state + np.array([0, count], np.uint64))

    def uniform(
        self, shape: tuple[int, ...] = (), low: float = 0.0, high: float = 1.0, dtype: Any = np.float32
    ) -> Tensor:
        """Uniform numbers from `low` (included) to `high` (excluded, save by rounding); a float dtype."""
        values = ops.uniform(self.state, tuple(shape), check_dtype(dtype))
        self._advance(blocks(values.shape, values.dtype))
        return values if (low, high) == (0.0, 1.0) else values * (high - low) + low

    def normal(
        self, shape: tuple[int, ...] = (), mean: float = 0.0, std: float = 1.0, dtype: Any = np.float32
    ) -> Tensor:
        """Normally distributed numbers (Box and Muller 1958), float32 or float64."""
        values = ops.normal(self.state, tuple(shape), check_dtype(dtype))
        self._advance(blocks(values.shape, values.dtype))
        return values if (mean, std) == (0.0, 1.0) else values * std + mean

    def integers(self, low: int, high: int, shape: tuple[int, ...] = ()) -> Tensor:
        """int64 numbers from `low` (included) to `high` (excluded), at most 2^32 apart."""
        if not low < high <= low + 2**32:
            raise ValueError(f"Generator.integers: no numbers between {low} and {high}, or more than 2**32")
        return (self.uniform(shape, dtype=np.float64) * float(high - low)).long() + low

    def permutation(self, n: int) -> Tensor:
        """The positions 0 .. n - 1 in random order, int64."""
        return Tensor(np.argsort(self.uniform((n,), dtype=np.float64).numpy(), kind="stable"))
