"""Schedules: functions from the number of steps done to the learning rate of the next.

Each gives a Python float for a Python int; for a traced Tensor it gives a Tensor, so that a
compiled program computes its own rates. Past their last step they stay at its rate.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

from ..core.interpreter import interpreter
from ..primitive import Value
from .scalars import cos, maximum, minimum, real, where, whole

#: Number of steps done (0 before the first) -> learning rate.
Schedule: TypeAlias = Callable[[Value], Value]


class _Numbered:
    """A schedule whose numbers lie beside its formula: a recorded program reads them, and is one for all."""

    def __init__(self, formula: Callable[..., Value], **numbers: float) -> None:
        self.formula, self.numbers = formula, numbers

    def __call__(self, step: Value) -> Value:
        return self.formula(step, **interpreter.get().read(self.numbers))


def constant(lr: float) -> Schedule:
    """Always lr."""
    return _Numbered(_flat, lr=_rate("constant: lr", lr))


def renumber(schedule: Schedule, like: Schedule) -> None:
    """Give a schedule of `constant`, `linear` or `cosine` the numbers of another of the same.

    Raises TypeError for other schedules.
    """
    if not (isinstance(schedule, _Numbered) and isinstance(like, _Numbered)):
        raise TypeError("renumber: takes schedules as of constant, linear or cosine")
    if schedule.formula is not like.formula:
        raise TypeError("renumber: takes two schedules of one kind")
    schedule.numbers.update(like.numbers)


def step_decay(lr: float, every: int, gamma: float) -> Schedule:
    """lr, times gamma after each `every` steps (PyTorch's StepLR)."""
    lr, gamma = _rate("step_decay: lr", lr), _rate("step_decay: gamma", gamma)
    every = _count("step_decay: every", every)
    return lambda step: lr * gamma ** whole(real(step) / every)


def linear(lr: float, steps: int, end: float = 0.0) -> Schedule:
    """From lr in a straight line to `end`, reached after `steps` steps."""
    lr, end, steps = _rate("linear: lr", lr), _rate("linear: end", end), _count("linear: steps", steps)
    return _Numbered(_straight, lr=lr, end=end, steps=float(steps))


def cosine(lr: float, steps: int, end: float = 0.0) -> Schedule:
    """From lr along half a cosine wave to `end`, reached after `steps` steps.

    Loshchilov and Hutter 2017, "SGDR: stochastic gradient descent with warm restarts",
    equation 5, without the restarts.
    """
    lr, end, steps = _rate("cosine: lr", lr), _rate("cosine: end", end), _count("cosine: steps", steps)
    return _Numbered(_wave, lr=lr, end=end, steps=float(steps))


def warmup(schedule: Schedule, steps: int, start: float = 0.0) -> Schedule:
    """From `start` in a straight line to the schedule's first rate in `steps` steps, then the schedule.

    The schedule's own steps count from the end of the warm-up.
    """
    start, steps = _rate("warmup: start", start), _count("warmup: steps", steps)
    first = float(schedule(0))

    def rate(step: Value) -> Value:
        rising = start + (first - start) * minimum(real(step) / steps, 1.0)
        return where(step < steps, rising, schedule(maximum(step - steps, 0)))

    return rate


def one_cycle(
    peak: float,
    steps: int,
    pct_start: float = 0.3,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
) -> Schedule:
    """Along half a cosine wave up to `peak`, and along another down (Smith and Topin 2018).

    The shape of PyTorch's OneCycleLR: from peak / div_factor (at step 0) to peak in the first
    `pct_start` of the steps, then to that first rate / final_div_factor at the last, step
    `steps` - 1. "Super-convergence: very fast training of neural networks using large learning
    rates".
    """
    peak, steps = _rate("one_cycle: peak", peak), _count("one_cycle: steps", steps)
    if not (0 <= pct_start < 1 and div_factor > 0 and final_div_factor > 0):
        raise ValueError(
            "one_cycle: pct_start must be at least 0 and below 1 and the factors above 0, not "
            f"{pct_start}, {div_factor} and {final_div_factor}"
        )
    first = peak / div_factor
    last = first / final_div_factor
    top, bottom = pct_start * steps - 1, steps - 1

    def rate(step: Value) -> Value:
        step = real(step)
        falling = _half_wave(peak, last, minimum((step - top) / (bottom - top), 1.0))
        return where(step <= top, _half_wave(first, peak, step / top), falling) if top > 0 else falling

    return rate


def _flat(step: Value, lr: float) -> Value:
    return lr


def _straight(step: Value, lr: float, end: float, steps: float) -> Value:
    return lr + (end - lr) * minimum(real(step) / steps, 1.0)


def _wave(step: Value, lr: float, end: float, steps: float) -> Value:
    return _half_wave(lr, end, minimum(real(step) / steps, 1.0))


def _half_wave(start: float, end: float, share: Value) -> Value:
    """From start (share 0) to end (share 1) along half a cosine wave."""
    return end + (start - end) / 2 * (1 + cos(math.pi * share))


def _rate(name: str, value: float) -> float:
    if not 0 <= value < math.inf:
        raise ValueError(f"{name} must be a number from 0 up, not {value}")
    return float(value)


def _count(name: str, value: int) -> int:
    if value < 1:
        raise ValueError(f"{name} must be at least 1, not {value}")
    return value
