"""Betas changed between steps to what no rule can compute with: eager and compiled steps refuse alike."""

from __future__ import annotations

from typing import Any

import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import optim

_WITH_BETAS = [optim.Adam, optim.AdamW, optim.Adamax, optim.NAdam, optim.RAdam, optim.Lion]


@pytest.mark.parametrize("make", _WITH_BETAS)
@pytest.mark.parametrize("wrapped", [lambda f: f, tg.jit], ids=["eager", "compiled"])
@pytest.mark.parametrize(
    "betas", [(1.0, 0.99), (0.9, 1.0), (0.9, 1.5), (-0.1, 0.9), (float("nan"), 0.9), (1, 0.9)]
)
def test_betas_out_of_range(make: Any, wrapped: Any, betas: Any) -> None:
    w = tg.ones(3, requires_grad=True)
    optimiser = make([w], lr=0.1)

    def step(x: Any) -> Any:
        cost = (w * x).sum()
        optimiser.zero_grad()
        cost.backward()
        optimiser.step()
        return cost

    run, x, good = wrapped(step), tg.ones(3), optimiser.param_groups[0]["betas"]
    for _ in range(2):
        run(x)
    before = w.numpy().copy(), int(optimiser.steps)
    optimiser.param_groups[0]["betas"] = betas
    for _ in range(2):
        with pytest.raises(ValueError, match="betas must be at least 0 and below 1"):
            run(x)
    assert ((w.numpy() == before[0]).all(), int(optimiser.steps)) == (True, before[1])
    optimiser.param_groups[0]["betas"] = good
    run(x)
    assert int(optimiser.steps) == before[1] + 1
