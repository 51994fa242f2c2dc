"""Sequences of unequal lengths side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from ... import ops
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


def pack_padded_sequence(*_: Any, **__: Any) -> NoReturn:
    """NotImplementedError: sequences are not packed here."""
    raise NotImplementedError(
        "pack_padded_sequence: sequences are not packed here; run the recurrent layer on the padded batch "
        "and take "
        "each sequence's last output with output[i, length - 1]"
    )


pad_packed_sequence = pack_sequence = pack_padded_sequence
