"""A controller learns by going back through a simulation: python examples/controller.py

A pendulum hangs down; a small network sees where it is and how fast, and chooses a torque. What is
minimised is how far from upright it is along the way: the gradient goes back through 150 steps of physics.
"""

import numpy as np

import tinygrad_mnist as tg

STEP, STRONGEST = 0.05, 1.5


def swing(policy, angle, speed, steps):
    """The last state and the cost of each step; the angle is 0 where the pendulum stands upright."""

    def step(state, _):
        angle, speed = state
        seen = tg.stack([angle.sin(), angle.cos(), speed / 3], -1)
        torque = STRONGEST * policy(seen)[:, 0].tanh()
        speed = speed + STEP * (angle.sin() + torque - 0.05 * speed)
        angle = angle + STEP * speed
        return (angle, speed), (1 - angle.cos()) + 0.02 * torque**2

    return tg.scan(step, (angle, speed), length=steps)


def main(training=400, steps=150, hidden=32, seed=0):
    """Trains, prints how it goes, gives the mean cost at first and at the end."""
    rng = np.random.default_rng(seed)
    angle = tg.tensor((np.pi + rng.normal(size=16) * 0.3).astype("f"))
    speed = tg.tensor((rng.normal(size=16) * 0.3).astype("f"))
    shapes = {"w": (3, hidden), "b": (hidden,), "v": (hidden, 1)}
    weights = {
        k: tg.tensor((rng.normal(size=s) * 0.5).astype("f"), requires_grad=True) for k, s in shapes.items()
    }
    optimizer = tg.optim.Adam(weights.values(), lr=0.01)

    @tg.jit
    def step():
        optimizer.zero_grad()
        policy = lambda seen: (seen @ weights["w"] + weights["b"]).tanh() @ weights["v"]
        _, costs = swing(policy, angle, speed, steps)
        loss = costs.mean()
        loss.backward()
        tg.nn.utils.clip_grad_norm_(list(weights.values()), 1.0)
        optimizer.step()
        return loss.detach()

    losses = []
    for k in range(training):
        losses.append(step().item())
        if k % 100 == 99:
            print(f"step {k + 1}  mean cost {losses[-1]:.3f}")
    return losses[0], min(losses)


if __name__ == "__main__":
    main()
