"""What all rate schedulers share: they write a new `lr` into the optimiser's groups at each `step`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...errors import DataError
from ..optimizer import Optimizer

__all__ = ["LRScheduler"]

#: Gives the factor of an epoch (0 the first).
Factor = Callable[[int], float]


class LRScheduler:
    """Base of the schedulers, with PyTorch's protocol: `step` once per epoch or batch, after the optimiser's.

    A subclass has `get_lr`, the rates of the present `last_epoch`, mostly as a change of the rates
    that stand in the groups, so that schedulers can be chained; and may have `closed_form`, the
    same from the first rates alone, which `step(epoch)` uses to jump.

    Args:
        optimizer: whose groups are changed; each remembers its first rate as "initial_lr".
        last_epoch: -1 to begin; else where a run resumes, with "initial_lr" in each group.

    Attributes:
        base_lrs: the first rate of each group.
        last_epoch: how many steps were made.

    Raises TypeError for anything that is no optimiser, KeyError for resuming groups without "initial_lr".
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer = _checked(optimizer, self)
        if last_epoch == -1:
            for group in optimizer.param_groups:
                group.setdefault("initial_lr", group["lr"])
        for i, group in enumerate(optimizer.param_groups):
            if "initial_lr" not in group:
                raise KeyError(
                    f"{type(self).__name__}: to resume at last_epoch={last_epoch}, param_groups[{i}] needs "
                    "'initial_lr', its rate at the beginning"
                )
        self.base_lrs: list[float] = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._step_count = 0
        self._last_lr: list[float] = []
        self.step()

    def get_lr(self) -> list[float]:
        """The rate of each group at `last_epoch`; each subclass defines it."""
        raise NotImplementedError(f"{type(self).__name__} must define get_lr(self)")

    def closed_form(self) -> list[float] | None:
        """The rates as a function of `last_epoch` and `base_lrs` alone; None without such a formula."""
        return None

    def get_last_lr(self) -> list[float]:
        """The rates that the last `step` set."""
        return self._last_lr

    def step(self, epoch: int | None = None) -> None:
        """Go on by one epoch, or to `epoch`, and set its rates."""
        self._step_count += 1
        if epoch is None:
            self.last_epoch += 1
            rates = self.get_lr()
        else:
            self.last_epoch = epoch
            rates = self.closed_form() or self.get_lr()
        self._set(rates)

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on later, besides the optimiser's own state and functions."""
        return {k: v for k, v in vars(self).items() if k != "optimizer" and not callable(v)}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a `state_dict`; DataError for one of another kind of scheduler."""
        unknown = [name for name in state_dict if name not in vars(self)]
        if unknown:
            raise DataError(
                f"load_state_dict: this state does not fit a {type(self).__name__}: {', '.join(unknown)}"
            )
        vars(self).update(state_dict)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(last_epoch={self.last_epoch}, lr={self._last_lr})"

    def _rates(self) -> list[float]:
        """The rates that stand in the groups."""
        return [float(group["lr"]) for group in self.optimizer.param_groups]

    def _set(self, rates: Sequence[float]) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
        self._last_lr = self._rates()


def per_group(owner: LRScheduler, name: str, value: Any) -> list[Any]:
    """A value for each group; ValueError for another number of values."""
    count = len(owner.optimizer.param_groups)
    if not isinstance(value, list | tuple):
        return [value] * count
    if len(value) != count:
        raise ValueError(
            f"{type(owner).__name__}: {name} needs one value for each of {count} groups, got {len(value)}"
        )
    return list(value)


def _checked(optimizer: Any, owner: Any) -> Optimizer:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(owner).__name__}: {type(optimizer).__name__} is not an Optimizer")
    if any(callable(group["lr"]) for group in optimizer.param_groups):
        raise TypeError(f"{type(owner).__name__}: the optimiser's lr is a schedule already; give it a number")
    return optimizer
