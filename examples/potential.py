"""Learning an energy from movements, with second derivatives: python examples/potential.py

A force is the derivative of an energy, here of a small network. What is learnt from is where balls went, so
the gradient of the error goes through the simulation, and through the derivative in each of its steps.
"""

import numpy as np

import tinygrad_mnist as tg

STEP = 0.05


def movement(energy, place, speed, steps):
    """The places after each of so many steps, by the method of Störmer and Verlet."""
    force = tg.grad(lambda x: -energy(x).sum())

    def step(state, _):
        x, v = state
        v = v + STEP / 2 * force(x)
        x = x + STEP * v
        return (x, v + STEP / 2 * force(x)), x

    return tg.scan(step, (place, speed), length=steps)[1]


def main(training=300, steps=40, hidden=24, seed=0):
    """Trains, prints how it goes, gives the last error: the mean squared distance from the truth."""
    rng = np.random.default_rng(seed)
    place = tg.tensor(rng.uniform(-1.5, 1.5, (16, 1)).astype("f"))
    speed = tg.zeros(16, 1)
    truth = tg.jit(lambda x, v: movement(lambda x: x**4 / 4 - x**2 / 2, x, v, steps))(place, speed)
    shapes = {"w": (1, hidden), "b": (hidden,), "v": (hidden, 1)}
    weights = {
        k: tg.tensor((rng.normal(size=s) * 0.5).astype("f"), requires_grad=True) for k, s in shapes.items()
    }
    optimizer = tg.optim.Adam(weights.values(), lr=0.01)

    @tg.jit
    def step():
        optimizer.zero_grad()
        energy = lambda x: (x @ weights["w"] + weights["b"]).tanh() @ weights["v"]
        loss = ((movement(energy, place, speed, steps) - truth) ** 2).mean()
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
