"""A network that solves a differential equation: second derivatives inside a compiled training step.

A damped oscillator, u'' + 2 d u' + w^2 u = 0 with u(0) = 1 and u'(0) = 0. The network N is trained on
no data, only to make the left side zero at random times; u(t) = 1 + t^2 N(t) starts as it must (M.
Raissi, P. Perdikaris, G. Karniadakis, "Physics-informed neural networks", 2019). Each step
differentiates u twice with respect to time, and the square of the residual with respect to the weights.
"""

import numpy as np

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim

DAMPING, FREQUENCY, END = 0.3, 2.0, 6.0


def exact(t: np.ndarray) -> np.ndarray:
    w = np.sqrt(FREQUENCY**2 - DAMPING**2)
    return np.exp(-DAMPING * t) * (np.cos(w * t) + DAMPING / w * np.sin(w * t))


def main(steps: int = 6000, points: int = 64) -> float:
    random = tg.Generator(0)
    network = nn.MLP(1, 32, 1, activation=nn.Tanh, generator=random)
    opt = optim.Adam(network.parameters(), optim.schedules.cosine(0.01, steps))

    def u(t: tg.Tensor) -> tg.Tensor:
        return 1 + t**2 * network(t / END)

    velocity = tg.grad(lambda t: u(t).sum())
    acceleration = tg.grad(lambda t: velocity(t).sum())

    @tg.jit
    def step(t: tg.Tensor) -> tg.Tensor:
        residual = acceleration(t) + 2 * DAMPING * velocity(t) + FREQUENCY**2 * u(t)
        cost = (residual**2).mean()
        opt.zero_grad()
        cost.backward()
        opt.step()
        return cost

    for part in range(4):
        costs = step.scan(random.uniform((steps // 4, points, 1), 0.0, END))
        print(f"{(part + 1) * (steps // 4)} steps: mean squared residual {costs[-1]:.2e}")
    t = np.linspace(0, END, 201, dtype=np.float32)[:, None]
    error = float(np.abs(u(tg.Tensor(t)).numpy() - exact(t)).max())
    print(f"largest distance from the exact solution {error:.1e}")
    return error


if __name__ == "__main__":
    main()
