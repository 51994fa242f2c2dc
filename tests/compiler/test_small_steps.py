"""Steps of which each example's part is less than a rounding of the weights: their sum is not lost."""

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import optim
from tinygrad_mnist.compiler import keeping, runner
from tinygrad_mnist.compiler.tuning import ROUNDINGS

STEPS, EXAMPLES, PIXELS = 30, 1200, 70
ULP = np.spacing(np.float32(1))


@pytest.mark.parametrize("batch", [1, 8, ROUNDINGS, ROUNDINGS + 1, 100, 1000])
@pytest.mark.parametrize("width", [16, 150])
@pytest.mark.parametrize("zeros", ["dense", "made in each step", "kept"])
@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_weights_move_by_the_sum(monkeypatch, batch, width, zeros, dtype):
    monkeypatch.setattr(keeping, "_TIMES", -1 if zeros == "kept" else 1 << 30)
    monkeypatch.setattr(runner, "DENSE", 0.0 if zeros == "dense" else 2.0)
    rng = np.random.default_rng(batch + width)
    data = (rng.random((EXAMPLES, PIXELS)) < 0.2).astype(dtype)
    start = (1 + rng.random((PIXELS, width)) / 2).astype(np.float32)
    order = rng.integers(0, EXAMPLES, (STEPS, batch))
    images, weights = tg.Tensor(data), tg.Tensor(start.copy(), requires_grad=True)
    optimiser = optim.SGD([weights], lr=0.25 * float(ULP) * batch)

    def step(at):
        cost = (images[at].float() @ weights).sum() / batch
        optimiser.zero_grad()
        cost.backward()
        optimiser.step()
        return cost

    step = tg.jit(step)
    step.scan(order)
    assert ("listed(" in step.source) == (zeros != "dense")
    most = data[order].sum(1).max()
    moved = 0.25 * ULP * data[order].astype(np.float64).sum((0, 1))
    roundings = min(most, batch) if zeros != "dense" and batch <= ROUNDINGS else 1
    wrong = np.abs(weights.numpy() - (start - moved[:, None])).max()
    assert wrong <= STEPS * (roundings / 2 + 0.1) * ULP
