"""The order in which examples are met: shuffled epochs, batches, a validation split.

An order depends on the seed and the epoch alone, never on what was drawn before, so a
training run that stops and resumes meets the same batches.
"""

import operator
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, DTypeError

Indices = NDArray[np.int64]

# Which stream of the seed a permutation is drawn from, so that no two uses share numbers.
_EPOCHS = 1
_SPLIT = 2


def order(count: int, *, seed: int, epoch: int = 0, shuffle: bool = True) -> Indices:
    """Return each index below `count` once, int64 of shape (count,): the order of one epoch.

    `shuffle=False` gives 0, 1, 2, ... whatever the seed and epoch.

    Raises DataError for a count below 1 or a seed or epoch outside [0, 2**64), and DTypeError
    for any of them that is not an integer.
    """
    count = _integer("count of examples", count, at_least=1)
    seed, epoch = word("seed", seed), word("epoch", epoch)
    return _permutation(count, seed, _EPOCHS, epoch) if shuffle else np.arange(count, dtype=np.int64)


def batches(
    count: int, size: int, *, seed: int, epoch: int = 0, drop_last: bool = False, shuffle: bool = True
) -> Iterator[Indices]:
    """Cut the `order` of one epoch into batches of `size` indices, int64 of shape (size,).

    The last batch is smaller if `size` does not divide `count`; `drop_last=True` leaves it
    out.

    Raises DataError for a size below 1 or if no batch would be left, and as `order` does; all
    at the call, not at the first batch.
    """
    number = batch_count(count, size, drop_last=drop_last)
    indices = order(count, seed=seed, epoch=epoch, shuffle=shuffle)
    return (indices[i * size : (i + 1) * size] for i in range(number))


def batch_count(count: int, size: int, *, drop_last: bool = False) -> int:
    """Return how many batches an epoch of `count` examples has; raises as `batches` does."""
    count = _integer("count of examples", count, at_least=1)
    size = _integer("batch size", size, at_least=1)
    if drop_last and size > count:
        raise DataError(
            f"drop_last=True with a batch size of {size} leaves no batch of {count} examples: "
            f"choose a size of at most {count}"
        )
    return count // size if drop_last else -(-count // size)


def split(count: int, fraction: float, seed: int) -> tuple[Indices, Indices]:
    """Divide the indices below `count` at random into training and validation indices.

    The second array holds round(count * fraction) indices, the first the others; both are
    int64 and ascending.

    Raises DataError for a fraction outside (0, 1), one that leaves either part empty, or a
    count or seed out of range, and DTypeError for a count or seed that is not an integer.
    """
    count = _integer("count of examples", count, at_least=1)
    if not 0 < fraction < 1:
        raise DataError(f"the validation fraction must lie between 0 and 1, both excluded; got {fraction}")
    held_out = round(count * fraction)
    if not 0 < held_out < count:
        raise DataError(
            f"a validation fraction of {fraction} of {count} examples leaves {count - held_out} "
            f"for training and {held_out} for validation: both need at least one"
        )
    shuffled = _permutation(count, word("seed", seed), _SPLIT, 0)
    return np.sort(shuffled[held_out:]), np.sort(shuffled[:held_out])


def _permutation(count: int, seed: int, stream: int, number: int) -> Indices:
    # The high word of the counter is far out of reach of the draws, which count up the low one.
    bits = np.random.Philox(
        key=np.array([seed, stream], dtype=np.uint64), counter=np.array([0, 0, 0, number], dtype=np.uint64)
    )
    return np.random.Generator(bits).permutation(np.arange(count, dtype=np.int64))


def word(name: str, value: int) -> int:
    """The value, if it is an integer of 64 bits; raises as `order` does."""
    value = _integer(name, value, at_least=0)
    if value >= 2**64:
        raise DataError(f"the {name} must be below 2**64, got {value}")
    return value


def _integer(name: str, value: int, *, at_least: int) -> int:
    try:
        value = operator.index(value)
    except TypeError:
        raise DTypeError(f"the {name} must be an integer, got {value!r}") from None
    if value < at_least:
        raise DataError(f"the {name} must be at least {at_least}, got {value}")
    return value
