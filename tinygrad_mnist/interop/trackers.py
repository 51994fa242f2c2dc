"""Logs for `fit(log=...)` made of the objects of experiment trackers, none of which is imported here.

train.fit(..., log=to_tensorboard(SummaryWriter("runs")))
train.fit(..., log=to_wandb(wandb.init(project="digits")))       # trackio: to_wandb(trackio)
train.fit(..., log=to_mlflow(mlflow))
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..describing import complete
from ..train import Log


def to_tensorboard(writer: Any) -> Log:
    """A log into a SummaryWriter, of `torch.utils.tensorboard` or `tensorboardX`."""

    def log(values: Mapping[str, float], step: int) -> None:
        for name, value in values.items():
            writer.add_scalar(name, value, step)

    return log


def to_wandb(run: Any) -> Log:
    """A log into a run of wandb, or into trackio, whose word is the same."""
    return lambda values, step: run.log(dict(values), step=step)


def to_mlflow(mlflow: Any) -> Log:
    """A log into the active run of MLflow: the module `mlflow`, or what has its `log_metrics`."""
    return lambda values, step: mlflow.log_metrics(dict(values), step=step)


complete("trackers", ("to_tensorboard", "to_wandb", "to_mlflow"), globals())
