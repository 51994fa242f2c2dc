"""Products of a turned matrix that somebody else uses, too: as a turn, or where it has a place of its own."""

import numpy as np
import pytest

import tinygrad_mnist as tg

USES = {
    "nobody": None,
    "another product": lambda y: y.T @ y,
    "a result": lambda y: y,
    "a running total": lambda y: y.cumsum(0),
    "another shape": lambda y: y.reshape(-1),
    "a sum": lambda y: y.sum(1),
}


def near(one, other):
    np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-5, atol=1e-5)


def random(*shape):
    return tg.tensor(np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32))


@pytest.mark.parametrize("rows", [5, 3, 1])  # with as many rows as columns a wrong one has the same shape
@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("side", ["left", "right"])
def test_in_an_update(rows, use, decay, side):
    def step_of(p):
        def step(x, d):
            y = x.T
            used = USES[use](y) * 1 if USES[use] else y.sum()
            product = y @ d if side == "left" else d.T @ y.T
            p.assign_(p * (1 - decay) - 0.1 * product)
            return used

        return step

    x, d = random(rows, 3), random(rows, 3) + 1
    eager, compiled = random(3, 3), random(3, 3)
    near(step_of(eager)(x, d), tg.jit(step_of(compiled))(x, d))
    near(eager, compiled)


@pytest.mark.parametrize("rows", [4, 3, 1])
@pytest.mark.parametrize("use", USES)
def test_in_a_sum_of_a_loop(rows, use):
    w, v, xs = random(3, 3), random(3, 3), random(2, rows, 3)

    def cost(w, v):
        def body(s, x):
            y = x.T
            kept = USES[use](y) if USES[use] else None
            return s + y @ (x @ w), kept

        last, kept = tg.scan(body, v, xs)
        return (last**2).sum() + (0 if kept is None else kept.sum())

    gradient = tg.value_and_grad(cost, (0, 1))
    (value, slopes), (other, others) = gradient(w, v), tg.jit(gradient)(w, v)
    near(value, other)
    for one, two in zip(slopes, others, strict=True):
        near(one, two)
