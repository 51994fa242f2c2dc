"""A neural ODE learns a spiral (Chen et al. 2018): python examples/neural_ode.py

The speed of a point is a small network of its place. The method of Runge and Kutta follows it in a `tg.scan`,
and the gradient goes back through all steps, in the same compiled function.
"""

import numpy as np

import tinygrad_mnist as tg

STEP = 0.05


def runge_kutta(speed, y):
    """The place after one step."""
    a = speed(y)
    b = speed(y + STEP / 2 * a)
    c = speed(y + STEP / 2 * b)
    d = speed(y + STEP * c)
    return y + STEP / 6 * (a + 2 * b + 2 * c + d)


def path(speed, start, steps):
    """The places after each of so many steps, with an axis of steps in front."""

    def step(y, _):
        y = runge_kutta(speed, y)
        return y, y

    return tg.scan(step, start, length=steps)[1]


def main(training=400, steps=60, hidden=32, seed=0):
    """Trains, prints how it goes, gives the last error: the mean squared distance from the spiral."""
    turn = tg.tensor([[-0.1, -1.0], [1.0, -0.1]])
    start = tg.tensor([[1.0, 0.0], [0.0, 1.5]])
    spiral = tg.jit(lambda start: path(lambda y: y @ turn, start, steps))(start)
    rng = np.random.default_rng(seed)
    shapes = {"w": (2, hidden), "b": (hidden,), "v": (hidden, 2)}
    weights = {
        k: tg.tensor((rng.normal(size=s) * 0.3).astype("f"), requires_grad=True) for k, s in shapes.items()
    }
    optimizer = tg.optim.Adam(weights.values(), lr=0.01)

    @tg.jit
    def step():
        optimizer.zero_grad()
        found = path(lambda y: (y @ weights["w"] + weights["b"]).tanh() @ weights["v"], start, steps)
        loss = ((found - spiral) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss.detach()

    for k in range(training):
        loss = step().item()
        if k % 100 == 99:
            print(f"step {k + 1}  mean squared distance {loss:.5f}")
    return loss


if __name__ == "__main__":
    main()
