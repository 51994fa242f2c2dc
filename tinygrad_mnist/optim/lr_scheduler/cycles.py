"""Rates that go up and down, and the momentum against them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from ..optimizer import Optimizer
from .base import LRScheduler, per_group

__all__ = ["CyclicLR", "OneCycleLR"]


def _set_momentum(group: dict[str, Any], value: float) -> None:
    if "betas" in group:
        group["betas"] = (value, *group["betas"][1:])
    else:
        group["momentum"] = value


def _check_momentum(owner: str, optimizer: Optimizer) -> None:
    if not all("betas" in group or "momentum" in group for group in optimizer.param_groups):
        raise ValueError(
            f"{owner}: optimizer must support momentum or beta1 with cycle_momentum; pass "
            f"cycle_momentum=False"
        )


class CyclicLR(LRScheduler):
    """From `base_lr` up to `max_lr` in a straight line and down again, over and over, once per batch.

    Smith 2017, "Cyclical learning rates for training neural networks". The height of each cycle is
    that of the first (mode "triangular"), half of the last ("triangular2"), or gamma^step of the
    first ("exp_range"); or times `scale_fn`, of the cycle (from 1) or of the step as `scale_mode` says.
    The momentum goes the other way between `base_momentum` and `max_momentum`.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError(
                f"CyclicLR: mode is invalid and scale_fn is None: {mode!r} is none of triangular, "
                f"triangular2, "
                "exp_range"
            )
        self.optimizer = optimizer
        lowest = per_group(self, "base_lr", base_lr)
        if last_epoch == -1:
            for group, lr in zip(optimizer.param_groups, lowest, strict=True):
                group["lr"] = group["initial_lr"] = lr
        self.max_lrs = per_group(self, "max_lr", max_lr)
        down = float(step_size_up if step_size_down is None else step_size_down)
        self.total_size = float(step_size_up) + down
        self.step_ratio = float(step_size_up) / self.total_size
        self.mode, self.gamma, self.scale_mode = mode, gamma, scale_mode
        if scale_fn is None and mode == "exp_range":
            self.scale_mode = "iterations"
        self._scale_fn = scale_fn
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            _check_momentum("CyclicLR", optimizer)
            self.base_momentums = per_group(self, "base_momentum", base_momentum)
            self.max_momentums = per_group(self, "max_momentum", max_momentum)
            for group, value in zip(optimizer.param_groups, self.max_momentums, strict=True):
                _set_momentum(group, value)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = lowest

    def scale_fn(self, x: float) -> float:
        """The height of a cycle, as a share of the first's."""
        if self._scale_fn is not None:
            return self._scale_fn(x)
        if self.mode == "triangular":
            return 1.0
        return 1 / (2.0 ** (x - 1)) if self.mode == "triangular2" else self.gamma**x

    def get_lr(self) -> list[float]:
        """See the class; sets the momentum too."""
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        share = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        share = share * self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            for group, low, high in zip(
                self.optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True
            ):
                _set_momentum(group, high - (high - low) * share)
        return [
            base + (highest - base) * share for base, highest in zip(self.base_lrs, self.max_lrs, strict=True)
        ]


class OneCycleLR(LRScheduler):
    """One rise to `max_lr` and one long fall, once per batch (Smith and Topin 2018, "Super-convergence").

    Args:
        optimizer: see `LRScheduler`.
        max_lr: the highest rate, one or for each group.
        total_steps: of the run; or
        epochs, steps_per_epoch: whose product it is.
        pct_start: share of the steps in which the rate rises.
        anneal_strategy: "cos" or "linear".
        cycle_momentum: whether the momentum goes the other way,
        base_momentum, max_momentum: between these.
        div_factor: max_lr is so many times the first rate,
        final_div_factor: and that so many times the last one.
        three_phase: fall back to the first rate as fast as it rose, then to the last.
        last_epoch: see `LRScheduler`.

    Raises ValueError for arguments out of range, and for a step beyond the last.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        self.optimizer = optimizer
        self.total_steps = _total(total_steps, epochs, steps_per_epoch)
        if not (isinstance(pct_start, float) and 0 <= pct_start <= 1):
            raise ValueError(f"OneCycleLR: pct_start must be a float from 0 to 1, not {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"OneCycleLR: anneal_strategy must be 'cos' or 'linear', not {anneal_strategy!r}"
            )
        self.anneal_strategy, self.cycle_momentum = anneal_strategy, cycle_momentum
        top = float(pct_start * self.total_steps) - 1
        last = self.total_steps - 1
        #: (last step, kind of rate at the start, at the end, of momentum at the start, at the end)
        self.phases: list[tuple[float, str, str, str, str]] = (
            [
                (top, "initial_lr", "max_lr", "max_momentum", "base_momentum"),
                (
                    2 * float(pct_start * self.total_steps) - 2,
                    "max_lr",
                    "initial_lr",
                    "base_momentum",
                    "max_momentum",
                ),
                (last, "initial_lr", "min_lr", "max_momentum", "max_momentum"),
            ]
            if three_phase
            else [
                (top, "initial_lr", "max_lr", "max_momentum", "base_momentum"),
                (last, "max_lr", "min_lr", "base_momentum", "max_momentum"),
            ]
        )
        highest = per_group(self, "max_lr", max_lr)
        if last_epoch == -1:
            for group, lr in zip(optimizer.param_groups, highest, strict=True):
                group["initial_lr"] = lr / div_factor
                group["max_lr"] = lr
                group["min_lr"] = group["initial_lr"] / final_div_factor
        if cycle_momentum:
            _check_momentum("OneCycleLR", optimizer)
            low = per_group(self, "base_momentum", base_momentum)
            high = per_group(self, "max_momentum", max_momentum)
            if last_epoch == -1:
                for group, least, most in zip(optimizer.param_groups, low, high, strict=True):
                    _set_momentum(group, most)
                    group["max_momentum"], group["base_momentum"] = most, least
        super().__init__(optimizer, last_epoch)

    def _between(self, start: float, end: float, share: float) -> float:
        if self.anneal_strategy == "linear":
            return (end - start) * share + start
        return end + (start - end) / 2.0 * (1 + math.cos(math.pi * share))

    def get_lr(self) -> list[float]:
        """See the class; sets the momentum too."""
        step, begin = self.last_epoch, 0.0
        if step > self.total_steps:
            raise ValueError(
                f"Tried to step {step} times. The specified number of total steps is {self.total_steps}"
            )
        at = 0
        while step > self.phases[at][0] and at < len(self.phases) - 1:
            begin = self.phases[at][0]
            at += 1
        end, *kinds = self.phases[at]
        share = (step - begin) / (end - begin)
        rates = []
        for group in self.optimizer.param_groups:
            rates.append(self._between(group[kinds[0]], group[kinds[1]], share))
            if self.cycle_momentum:
                _set_momentum(group, self._between(group[kinds[2]], group[kinds[3]], share))
        return rates

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """As in `LRScheduler`."""
        super().load_state_dict(
            {**state_dict, "phases": [tuple(p) for p in state_dict.get("phases", self.phases)]}
        )


def _total(total_steps: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    if total_steps is not None:
        named = {"total_steps": total_steps}
    elif epochs is not None and steps_per_epoch is not None:
        named = {"epochs": epochs, "steps_per_epoch": steps_per_epoch}
    else:
        raise ValueError("OneCycleLR: You must define either total_steps OR (epochs AND steps_per_epoch)")
    for name, value in named.items():
        if not isinstance(value, int) or value <= 0:
            raise ValueError(f"OneCycleLR: {name} must be a positive integer, not {value}")
    return math.prod(named.values())
