"""The cost of a sequence of symbols of which nobody says at which step each one stands."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ... import ops
from ...core.interpreter import interpreter
from ...errors import ShapeError
from ...primitive import Value
from .targets import reduction_of, values

__all__ = ["ctc_loss"]

_NEVER = -1e30  # the logarithm of no probability, in finite numbers


def ctc_loss(
    log_probs: Value,
    targets: Any,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Value:
    """Connectionist temporal classification: -log of the probability of all alignments of the targets.

    At each step a symbol or the blank is said; repeated symbols count once, and blanks not at all. The
    probabilities of all ways to say the targets are added up step by step, forwards (A. Graves et al.,
    "Connectionist Temporal Classification", 2006, section 4.1).

    Args:
        log_probs: (T, N, C) or (T, C), logarithms of probabilities, float32 or float64.
        targets: (N, S) integers without blanks, (S,) for one sequence, or all sequences one after the other.
        input_lengths: (N,) integers: how many of the T steps count.
        target_lengths: (N,) integers: how many symbols each sequence has.
        blank: the class that is the blank.
        reduction: "mean" (each cost divided by the length of its targets, then the mean), "sum" or "none".
        zero_infinity: costs of targets longer than their input, which are infinite, count as 0.

    Returns:
        a scalar, or (N,) for "none"; a scalar for (T, C) too.
    """
    reduction_of(None, None, reduction)
    if log_probs.ndim not in (2, 3):
        raise ShapeError(f"ctc_loss: log_probs must be (T, N, C) or (T, C), not {tuple(log_probs.shape)}")
    single = log_probs.ndim == 2
    x = ops.unsqueeze(log_probs, 1) if single else log_probs
    steps, count, classes = x.shape
    inputs = _lengths("input_lengths", input_lengths, count, steps)
    lengths = _lengths("target_lengths", target_lengths, count, None)
    symbols = _rows(values(targets), lengths, count, classes)
    places = 2 * symbols.shape[1] + 1
    blanks = np.full((count, symbols.shape[1] + 1), blank, np.int64)
    between = ops.reshape(ops.stack([ops.cast(symbols, np.dtype(np.int64)), blanks[:, 1:]], 2), (count, -1))
    said = ops.concatenate([blanks[:, :1], between], 1)  # (N, places): the symbols with blanks around each
    at, length = np.arange(places), ops.unsqueeze(lengths, 1)
    later, before = said[:, 2:], said[:, :-2]
    skips = ops.pad(ops.logical_and(later != blank, later != before), (min(2, places), 0), value=False)
    total = ops.where(ops.logical_and(at < 2, at <= 2 * length), _of_step(x, 0, said), _NEVER)
    for t in range(1, steps):
        one, two = _later(total, 1), ops.where(skips, _later(total, 2), _NEVER)
        moved = ops.logsumexp(ops.stack([total, one, two], 0), 0) + _of_step(x, t, said)
        total = ops.where(ops.unsqueeze(t < inputs, 1), moved, total)
    ends = ops.logical_or(ops.eq(at, 2 * length), ops.eq(at, 2 * length - 1))
    cost = -ops.logsumexp(ops.where(ends, total, _NEVER), 1)
    cost = ops.where(cost > -0.5 * _NEVER, 0.0 if zero_infinity else math.inf, cost)
    if reduction == "none":
        return ops.squeeze(cost, 0) if single else cost
    if reduction == "sum":
        return ops.sum(cost)
    return ops.mean(cost / ops.cast(ops.maximum(lengths, 1), x.dtype))


def _later(total: Value, by: int) -> Value:
    """Each place's total moved `by` places on."""
    return ops.pad(total, (by, 0), value=_NEVER)[:, : total.shape[1]]


def _of_step(x: Value, t: int, said: Value) -> Value:
    """(N, places): the logarithms of what is said at a step."""
    return ops.gather(x[t], 1, said)


def _lengths(name: str, given: Any, count: int, most: int | None) -> Value:
    lengths = values(given)
    lengths = lengths if lengths.ndim else ops.reshape(lengths, (1,))
    if lengths.shape != (count,):
        raise ShapeError(f"ctc_loss: {name} must be {count} numbers, not of shape {tuple(lengths.shape)}")
    numbers, limit = interpreter.get().known(lengths), math.inf if most is None else most
    if numbers is not None and (numbers.min(initial=0) < 0 or numbers.max(initial=0) > limit):
        raise ValueError(
            f"ctc_loss: {name} from 0 on, up to {most or 'that of targets'}, not {numbers.tolist()}"
        )
    return lengths


def _rows(targets: Value, lengths: Value, count: int, classes: int) -> Value:
    """(N, S): the symbols of each sequence, and 0 after them."""
    if targets.ndim == 2:
        rows = targets
    elif count == 1 and targets.ndim == 1:
        rows = ops.unsqueeze(targets, 0)
    else:
        numbers, many = np.asarray(targets), np.asarray(lengths)
        if numbers.ndim != 1 or numbers.size != many.sum():
            raise ShapeError(f"ctc_loss: targets of shape {numbers.shape} for {many.sum()} symbols in all")
        rows = np.zeros((count, int(many.max(initial=0))), np.int64)
        rows[np.arange(rows.shape[1]) < many[:, None]] = numbers
    if rows.shape[0] != count:
        raise ShapeError(f"ctc_loss: targets of shape {tuple(rows.shape)} for {count} sequences")
    counted = ops.where(np.arange(rows.shape[1]) < ops.unsqueeze(lengths, 1), rows, 0)
    held, most = map(interpreter.get().known, (counted, lengths))
    if held is not None and most is not None:
        if most.max(initial=0) > rows.shape[1]:
            raise ShapeError(
                f"ctc_loss: target_lengths {most.tolist()} for targets of shape {tuple(rows.shape)}"
            )
        if held.size and (held.min() < 0 or held.max() >= classes):
            raise IndexError(f"ctc_loss: targets must be from 0 to {classes - 1}, not {held.max()}")
    return counted
