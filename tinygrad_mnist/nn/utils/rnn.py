"""Sequences of unequal lengths side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ... import ops
from ...core.creation import tensor
from ...core.tensor import Tensor
from ...errors import ShapeError


def pad_sequence(
    sequences: Sequence[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Sequences (L_i, ...) as one Tensor (longest, N, ...), or (N, longest, ...) with batch_first."""
    if padding_side not in ("left", "right"):
        raise ValueError(f"padding_side must be 'left' or 'right', not {padding_side!r}")
    found = list(sequences)
    if not found:
        raise ShapeError("pad_sequence: received an empty list of sequences")
    longest = max(x.shape[0] for x in found)
    padded = []
    for x in found:
        more = longest - x.shape[0]
        ends = (0, more) if padding_side == "right" else (more, 0)
        padded.append(ops.pad(x, (*(0, 0) * (x.ndim - 1), *ends), "constant", padding_value))
    result: Tensor = ops.stack(padded, 0 if batch_first else 1)
    return result


def unpad_sequence(padded_sequences: Tensor, lengths: Any, batch_first: bool = False) -> list[Tensor]:
    """The sequences of `pad_sequence`, cut to their lengths."""
    rows = padded_sequences if batch_first else ops.transpose(padded_sequences, 0, 1)
    return [rows[i, : int(n)] for i, n in enumerate(lengths)]


class PackedSequence(NamedTuple):
    """Sequences of several lengths, step by step, without what fills them up.

    Attributes:
        data: (all steps of all sequences, ...): the first steps of all, then the second ones, ...
        batch_sizes: int64, how many sequences have a first step, a second one, ...
        sorted_indices, unsorted_indices: which sequence each is, the longest first, and the other way round.
    """

    data: Any
    batch_sizes: Any
    sorted_indices: Any = None
    unsorted_indices: Any = None


def lengths_of(packed: PackedSequence) -> Any:
    """The lengths of the sequences, the longest first: an array."""
    sizes = np.asarray(packed.batch_sizes)
    return (sizes[:, None] > np.arange(sizes[0])).sum(0)


def packed_steps(x: Tensor, lengths: Any) -> Tensor:
    """Of (L, N, ...), with the longest first, what is within the lengths, step by step."""
    times, which = np.nonzero(np.arange(x.shape[0])[:, None] < lengths)
    return ops.take(ops.reshape(x, (x.shape[0] * x.shape[1], *x.shape[2:])), times * x.shape[1] + which, 0)


def padded_steps(data: Tensor, lengths: Any, total: int, value: float = 0.0) -> Tensor:
    """(L, N, ...) of what `packed_steps` gives, filled up with a value."""
    inside = np.arange(total)[:, None] < lengths
    places = np.where(inside, np.cumsum(inside).reshape(inside.shape) - 1, 0)
    steps = ops.take(data, places, 0)
    return ops.where(inside.reshape(*inside.shape, *(1,) * (steps.ndim - 2)), steps, value)


def pack_padded_sequence(
    input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """A padded batch (L, N, ...), or (N, L, ...) with batch_first, as a PackedSequence, for recurrent layers.

    Raises ShapeError for lengths that do not fit, ValueError where `enforce_sorted` and they do not decrease.
    """
    x = ops.transpose(input, 0, 1) if batch_first else input
    given = np.asarray(lengths, np.int64)
    if given.shape != (x.shape[1],) or given.min(initial=1) < 1 or given.max(initial=0) > x.shape[0]:
        raise ShapeError(
            f"pack_padded_sequence: {given.tolist()} are no lengths of {x.shape[1]} sequences of up to "
            f"{x.shape[0]}"
        )
    if enforce_sorted and (np.diff(given) > 0).any():
        raise ValueError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. Pass "
            "enforce_sorted=False otherwise"
        )
    order = np.argsort(-given, kind="stable")
    if not enforce_sorted:
        x, given = ops.index_select(x, 1, order), given[order]
    sizes = (np.arange(given[0])[:, None] < given).sum(1)
    indices = (None, None) if enforce_sorted else (tensor(order), tensor(np.argsort(order)))
    return PackedSequence(packed_steps(x, given), tensor(sizes), *indices)


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """(the padded batch, the lengths as int64), in the order in which they were packed."""
    lengths = lengths_of(sequence)
    longest = len(np.asarray(sequence.batch_sizes))
    if total_length is not None and total_length < longest:
        raise ValueError(
            f"Expected total_length to be at least the longest length {longest}, not {total_length}"
        )
    x = padded_steps(sequence.data, lengths, total_length or longest, padding_value)
    if sequence.unsorted_indices is not None:
        back = np.asarray(sequence.unsorted_indices)
        x, lengths = ops.index_select(x, 1, back), lengths[back]
    return (ops.transpose(x, 0, 1) if batch_first else x), tensor(lengths)


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """A list of sequences (L_i, ...) as a PackedSequence."""
    return pack_padded_sequence(pad_sequence(sequences), [len(x) for x in sequences], False, enforce_sorted)
