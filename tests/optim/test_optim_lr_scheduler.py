"""The rates of every scheduler at every step, against PyTorch's recorded ones; stopping and resuming."""

import json
from pathlib import Path

import numpy as np
import pytest
from scheduler_cases import SCHEDULERS, run

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim
from tinygrad_mnist.errors import DataError
from tinygrad_mnist.optim import lr_scheduler

REFERENCE = json.loads(Path(__file__).with_name("scheduler_reference.json").read_text())["rates"]


@pytest.mark.parametrize("name", SCHEDULERS)
def test_the_rates_are_pytorchs_at_every_step(name):
    np.testing.assert_allclose(run(name, tg), REFERENCE[name], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", SCHEDULERS)
def test_resuming_gives_the_same_rates(name):
    def resumed(step, opt, scheduler):
        if step != 7:
            return opt, scheduler
        other = optim.SGD(
            [{"params": g["params"], "lr": 9.0} for g in opt.param_groups], lr=9.0, momentum=0.9
        )
        again = SCHEDULERS[name](lr_scheduler, other)
        other.load_state_dict(opt.state_dict())
        again.load_state_dict(scheduler.state_dict())
        return other, again

    np.testing.assert_allclose(run(name, tg, between=resumed), REFERENCE[name], rtol=1e-12, atol=1e-15)


def sgd(**options):
    return optim.SGD([nn.Parameter([1.0])], **{"lr": 0.1, **options})


def test_a_compiled_step_uses_the_rate_that_was_set():
    p = nn.Parameter([1.0])
    opt = optim.SGD([p], lr=0.5)
    scheduler = lr_scheduler.StepLR(opt, 1, gamma=0.1)

    @tg.jit
    def step(x):
        opt.zero_grad()
        (p * x).sum().backward()
        opt.step()

    for expected in (0.5, 0.45, 0.445):
        step(tg.Tensor([1.0]))
        assert p.item() == pytest.approx(expected)
        scheduler.step()


def test_step_of_an_epoch_jumps():
    opt = sgd()
    scheduler = lr_scheduler.ExponentialLR(opt, 0.5)
    scheduler.step(3)
    assert scheduler.get_last_lr() == [0.1 * 0.5**3]
    assert scheduler.last_epoch == 3


@pytest.mark.parametrize(
    ("wrong", "kind", "match"),
    [
        (lambda: lr_scheduler.StepLR("sgd", 3), TypeError, "is not an Optimizer"),
        (lambda: lr_scheduler.StepLR(sgd(), 3, last_epoch=4), KeyError, "initial_lr"),
        (lambda: lr_scheduler.LambdaLR(sgd(), [abs, abs]), ValueError, "one value for each of 1 groups"),
        (lambda: lr_scheduler.OneCycleLR(sgd(momentum=0.9), 0.1), ValueError, "total_steps OR"),
        (lambda: lr_scheduler.OneCycleLR(sgd(momentum=0.9), 0.1, 0), ValueError, "positive integer"),
        (lambda: lr_scheduler.CosineAnnealingWarmRestarts(sgd(), 0), ValueError, "T_0"),
        (lambda: lr_scheduler.CyclicLR(sgd(), 0.1, 0.2, mode="square"), ValueError, "mode is invalid"),
        (
            lambda: lr_scheduler.CyclicLR(optim.Adagrad([nn.Parameter([1.0])]), 0.1, 0.2),
            ValueError,
            "momentum",
        ),
        (lambda: lr_scheduler.ReduceLROnPlateau(sgd(), factor=1.0), ValueError, "factor should be < 1.0"),
        (lambda: lr_scheduler.ReduceLROnPlateau(sgd(), mode="least"), ValueError, "mode least is unknown"),
        (lambda: lr_scheduler.LinearLR(sgd(), start_factor=0), ValueError, "start_factor"),
        (lambda: lr_scheduler.SequentialLR(sgd(), [], []), ValueError, "at least one scheduler"),
        (
            lambda: lr_scheduler.StepLR(sgd(lr=optim.schedules.constant(0.1)), 3),
            TypeError,
            "schedule already",
        ),
    ],
)
def test_errors(wrong, kind, match):
    with pytest.raises(kind, match=match):
        wrong()


def test_more_steps_than_one_cycle_has_and_a_foreign_state():
    scheduler = lr_scheduler.OneCycleLR(sgd(momentum=0.9), 0.1, 3)
    for _ in range(3):
        scheduler.step()
    with pytest.raises(ValueError, match="total steps is 3"):
        scheduler.step()
    with pytest.raises(DataError, match="does not fit a StepLR: gamma_of_mine"):
        lr_scheduler.StepLR(sgd(), 3).load_state_dict({"gamma_of_mine": 3})
