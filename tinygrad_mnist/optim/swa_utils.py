"""Averages of models along the way, by the names of `torch.optim.swa_utils`."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..core.tape import set_recording
from ..core.tensor import Tensor
from ..nn import Module
from .lr_scheduler.annealing import SWALR

__all__ = [
    "SWALR", "AveragedModel", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn",
    "get_swa_multi_avg_fn", "update_bn",
]  # fmt: skip

Average = Callable[[Tensor, Tensor, Any], Tensor]
Averages = Callable[[Sequence[Tensor], Sequence[Tensor], Any], None]


class AveragedModel(Module):
    """A copy of a model, whose parameters are averages of the model's at each `update_parameters`.

    Args:
        model: any Module.
        avg_fn: (average, parameter, how many so far) -> the next average; by default the mean of all.
        multi_avg_fn: the same for lists of them: it changes the averages in place.
        use_buffers: average buffers of floats too, instead of leaving them as they were.

    Attributes:
        module: the copy.
        n_averaged: int64, how many models it is the average of.
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: Averages | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise ValueError("AveragedModel: only one of avg_fn and multi_avg_fn should be given")
        self.module = copy.deepcopy(model)
        self.register_buffer("n_averaged", Tensor(np.array(0)))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn or _mean, multi_avg_fn, use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the averaged model gives."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Let the averages follow the model."""
        mine: list[Tensor] = list(self.module.parameters())
        theirs: list[Tensor] = list(model.parameters())
        if self.use_buffers:
            mine, theirs = [*mine, *self.module.buffers()], [*theirs, *model.buffers()]
        count = self.n_averaged.detach()
        with set_recording(False):
            if self.multi_avg_fn is not None and int(count.array):
                pairs = [(a, p) for a, p in zip(mine, theirs, strict=True) if a.dtype.kind == "f"]
                self.multi_avg_fn([a.data for a, _ in pairs], [p.detach() for _, p in pairs], count)
                mine = theirs = []
            for average, p in zip(mine, theirs, strict=True):
                first = int(count.array) == 0 or average.dtype.kind != "f"
                average.assign_(p.detach() if first else self.avg_fn(average.detach(), p.detach(), count))
            self.n_averaged.assign_(count + 1)


def _mean(average: Tensor, p: Tensor, count: Any) -> Tensor:
    return average + (p - average) / (count + 1)


def get_swa_avg_fn() -> Average:
    """For AveragedModel: the mean of all."""
    return _mean


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """For AveragedModel: `decay` of the old average and 1 - decay of the parameter."""
    if not 0 <= decay <= 1:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")
    return lambda average, p, count: average * decay + p * (1 - decay)


def get_swa_multi_avg_fn() -> Averages:
    """As `get_swa_avg_fn`, for `multi_avg_fn`."""
    return _in_place(get_swa_avg_fn())


def get_ema_multi_avg_fn(decay: float = 0.999) -> Averages:
    """As `get_ema_avg_fn`, for `multi_avg_fn`."""
    return _in_place(get_ema_avg_fn(decay))


def _in_place(function: Average) -> Averages:
    def change(averages: Sequence[Tensor], parameters: Sequence[Tensor], count: Any) -> None:
        for average, p in zip(averages, parameters, strict=True):
            average.copy_(function(average, p, count))

    return change


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Run a model over all batches, so that its batch normalisation has the statistics of its own weights."""
    norms = [m for m in model.modules() if "running_mean" in dict(m.named_buffers(recurse=False))]
    if not norms:
        return
    was, momenta = model.training, [m.momentum for m in norms]
    for m in norms:
        m.reset_running_stats()
        m.momentum = None
    model.train()
    with set_recording(False):
        for batch in loader:
            model(batch[0] if isinstance(batch, list | tuple) else batch)
    for m, momentum in zip(norms, momenta, strict=True):
        m.momentum = momentum
    model.train(was)
