"""The logs call what each tracker has, with its argument words."""

from unittest.mock import Mock, call, create_autospec

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import nn, train
from tinygrad_mnist.interop.trackers import to_mlflow, to_tensorboard, to_wandb


def fitted(log):
    model = nn.Linear(3, 2)
    x, y = np.ones((4, 3), np.float32), np.array([0, 1, 0, 1])
    train.fit(model, tg.optim.SGD(model.parameters(), 0.1), nn.functional.cross_entropy, x, y, epochs=2,
              batch_size=2, seed=0, log=log)  # fmt: skip


def add_scalar(tag, scalar_value, global_step=None, walltime=None):
    """As SummaryWriter has it."""


def log(data, step=None, commit=None):
    """As a run of wandb has it."""


def log_metrics(metrics, step=None, synchronous=None, run_id=None):
    """As mlflow has it."""


@pytest.mark.parametrize(
    ("make", "name", "word"),
    [
        (to_tensorboard, "add_scalar", add_scalar),
        (to_wandb, "log", log),
        (to_mlflow, "log_metrics", log_metrics),
    ],
)
def test_trackers(make, name, word):
    tracker = Mock(**{name: create_autospec(word)})
    fitted(make(tracker))
    called = getattr(tracker, name).call_args_list
    if make is to_tensorboard:
        assert call("epoch", 2.0, 4) in called
        assert {c.args[0] for c in called} >= {"cost", "accuracy", "rate"}
    else:
        assert [c.kwargs["step"] for c in called] == [2, 4]
        assert {"cost", "accuracy", "rate"} <= called[0].args[0].keys()
        assert all(type(v) is float for v in called[0].args[0].values())
