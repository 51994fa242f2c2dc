"""Random numbers: a generator is a key and a position in its stream, and nothing else."""

from __future__ import annotations

import operator
import os
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import ops
from ..ops.random import blocks
from ..primitive import Array, check_dtype
from .device import Device, check_device
from .tensor import Tensor

__all__ = [
    "Generator", "default_generator", "get_rng_state", "initial_seed", "manual_seed", "seed", "set_rng_state",
]  # fmt: skip


class Generator:
    """Source of random Tensors (counter-based: Philox 4x32-10, Salmon et al. 2011).

    The numbers depend on the seed and on how many were drawn before, on nothing else: not on
    threads, not on what is compiled. `state` is all there is to save and restore.

    Args:
        seed: any integer from 0 to 2^64 - 1; the default is the same at each run. ValueError
            outside, TypeError for anything else; the device "cpu", which PyTorch's takes here, is let pass.
        device: "cpu", the only one; ValueError for others.

    Attributes:
        state: two uint64: the seed, and how many 128-bit blocks of the stream are used up.
    """

    def __init__(self, seed: int | str | Device = 67280421310721, device: Any = "cpu") -> None:
        if isinstance(seed, str | Device):
            seed, device = 67280421310721, seed
        check_device(device)
        self.state = Tensor(_start(seed))
        _ALL.add(self)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "state":
            value = _checked_state(value)
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        seed, used = self.state.tolist()
        return f"Generator(seed={seed}, blocks used: {used})"

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream of another seed; returns self. Negative seeds count from 2^64 down."""
        self.state.assign_(_start(operator.index(seed) % 2**64 if -(2**63) <= seed < 0 else seed))
        return self

    def seed(self) -> int:
        """Take a seed from the operating system's entropy, and give it."""
        seed = entropy()
        self.manual_seed(seed)
        return seed

    def initial_seed(self) -> int:
        """The seed of the stream."""
        return int(self.state.numpy()[0])

    def get_state(self) -> Tensor:
        """A copy of `state`."""
        return Tensor(self.state)

    def set_state(self, state: Any) -> Generator:
        """Go on where `get_state` was asked; returns self."""
        self.state.assign_(_checked_state(state))
        return self

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
        order: Tensor = ops.argsort(self.uniform((n,), dtype=np.float64))
        return order


def _checked_state(state: Any) -> Tensor:
    """A state as a Tensor of its own kind; ValueError for anything that is none."""
    found = state if isinstance(state, Tensor) else np.asarray(state)
    if found.shape != (2,) or found.dtype.kind not in "iu" or (found.dtype.kind == "i" and (found < 0).any()):
        raise ValueError(
            "Generator: a state is two integers, the seed and the blocks used up, as get_state() gives them, "
            f"not {found.dtype} of shape {found.shape}"
        )
    return found if isinstance(found, Tensor) and found.dtype == np.uint64 else Tensor(found, np.uint64)


def _start(seed: int) -> Array:
    if not 0 <= operator.index(seed) < 2**64:
        raise ValueError(f"Generator: the seed must be from 0 to 2**64 - 1, not {seed}")
    return np.array([seed, 0], np.uint64)


def entropy() -> int:
    """A seed that nobody chose, from the operating system."""
    return int.from_bytes(os.urandom(8), "little")


_ALL: weakref.WeakSet[Generator] = weakref.WeakSet()


@contextmanager
def drawn_from() -> Iterator[dict[Generator, Array]]:
    """The generators that the block draws from, filled in at its end, with the states they had before it."""
    before = {g: g.state.array.copy() for g in list(_ALL)}
    drawn: dict[Generator, Array] = {}
    yield drawn
    drawn.update((g, state) for g, state in before.items() if (g.state.array != state).any())


@contextmanager
def going_on_from(states: Mapping[Generator, Array]) -> Iterator[None]:
    """Within the block generators go on from these states; afterwards they are where they were."""
    now = {g: g.state.array.copy() for g in states}
    try:
        for g, state in states.items():
            g.state.assign_(state)
        yield
    finally:
        for g, state in now.items():
            g.state.assign_(state)


#: What draws where no generator is given. `manual_seed` starts it again; its seed is otherwise entropy.
default_generator = Generator(entropy())


def chosen(generator: Generator | None) -> Generator:
    """The generator given, or the default one where there is None; TypeError for anything else."""
    if generator is None:
        return default_generator
    if not isinstance(generator, Generator):
        raise TypeError(
            f"generator= is a tg.Generator(seed), or None for the default one that tg.manual_seed(seed) "
            f"seeds, not {type(generator).__name__} {generator!r}"
        )
    return generator


def manual_seed(seed: int) -> Generator:
    """Seed the default generator, and give it: from here on, the same numbers at each run."""
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Seed the default generator with entropy, and give the seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed of the default generator."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """A copy of the default generator's state."""
    return default_generator.get_state()


def set_rng_state(state: Any) -> None:
    """Let the default generator go on where `get_rng_state` was asked."""
    default_generator.set_state(state)
