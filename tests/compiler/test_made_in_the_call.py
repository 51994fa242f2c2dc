"""Modules and optimisers that a compiled function makes are new at each call, with all that they keep."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim

OPTIMISERS = {
    "SGD": lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
    "SGD with dampening": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.5),
    "averaged": lambda p: optim.ASGD(p, lr=0.1, t0=0),
    "centred": lambda p: optim.RMSprop(p, lr=0.1, momentum=0.5, centered=True),
    "amsgrad": lambda p: optim.Adam(p, lr=0.1, amsgrad=True),
    "started": lambda p: optim.Adagrad(p, lr=0.1, initial_accumulator_value=0.5),
    **{
        name: lambda p, name=name: getattr(optim, name)(p, lr=0.1)
        for name in ("Adam", "AdamW", "Adamax", "NAdam", "RAdam", "Adadelta", "Rprop", "Lion")
    },
}
MODULES: dict[str, Any] = {
    "BatchNorm1d": lambda: nn.BatchNorm1d(3),
    "without momentum": lambda: nn.BatchNorm1d(3, momentum=None),
    "InstanceNorm1d": lambda: nn.InstanceNorm1d(3, track_running_stats=True),
}


def same_at_each_call(f: Any, x: tg.Tensor) -> None:
    compiled = tg.jit(f)
    for _ in range(3):
        for got, wanted in zip(compiled(x), f(x), strict=True):
            np.testing.assert_allclose(got.numpy(), wanted.numpy(), rtol=1e-5)


@pytest.mark.parametrize("make", OPTIMISERS.values(), ids=OPTIMISERS)
def test_an_optimiser(make: Any) -> None:
    def descended(target: tg.Tensor) -> Any:
        p = nn.Parameter(tg.zeros(2))
        optimiser = make([p])
        for _ in range(2):
            optimiser.zero_grad()
            ((p - target) ** 2).sum().backward()
            optimiser.step()
        return (p.detach() * 1,)

    same_at_each_call(descended, tg.tensor([1.0, -2.0]))


@pytest.mark.parametrize("make", MODULES.values(), ids=MODULES)
def test_a_module_with_buffers(make: Any) -> None:
    def normed(x: tg.Tensor) -> Any:
        module = make()
        y = module(x) + module(x * 2)
        return y, *(buffer * 1 for buffer in module.buffers())

    x = tg.tensor(np.arange(24.0).reshape(2, 3, 4))
    same_at_each_call(normed, x)


def test_a_mask() -> None:
    def masked(x: tg.Tensor) -> Any:
        mask = nn.Transformer.generate_square_subsequent_mask(3)
        mask += x
        return (mask * 1,)

    same_at_each_call(masked, tg.ones(3, 3))
