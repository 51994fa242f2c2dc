"""A network that solves a differential equation: second derivatives inside a compiled training step.

A string, held at 0 and 1 and loaded by f, hangs as u with -u'' = f. The network N is trained on no
data, only to make -u'' agree with f at random places; u(x) = x (1 - x) N(x) is held at both ends
whatever N is (I. Lagaris, A. Likas, D. Fotiadis, "Artificial neural networks for solving ordinary and
partial differential equations", 1998). Each step differentiates u twice with respect to x, and the
squared disagreement with respect to the weights.
"""

import numpy as np

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim


def exact(x: np.ndarray) -> np.ndarray:
    return np.sin(np.pi * x) + np.sin(3 * np.pi * x) / 4


def load(x: np.ndarray) -> np.ndarray:
    return np.pi**2 * (np.sin(np.pi * x) + 9 / 4 * np.sin(3 * np.pi * x))


def main(steps: int = 4000, points: int = 64) -> float:
    random = tg.Generator(0)
    network = nn.MLP(1, 32, 1, activation=nn.Tanh, generator=random)
    opt = optim.Adam(network.parameters(), optim.schedules.cosine(0.02, steps))

    def u(x: tg.Tensor) -> tg.Tensor:
        return x * (1 - x) * network(6 * x - 3)

    slope = tg.grad(lambda x: u(x).sum())
    curvature = tg.grad(lambda x: slope(x).sum())

    @tg.jit
    def step(x: tg.Tensor, f: tg.Tensor) -> tg.Tensor:
        cost = ((-curvature(x) - f) ** 2).mean()
        opt.zero_grad()
        cost.backward()
        opt.step()
        return cost

    for part in range(4):
        x = random.uniform((steps // 4, points, 1)).numpy()
        costs = step.scan(x, load(x).astype(np.float32))
        print(f"{(part + 1) * (steps // 4)} steps: mean squared disagreement {costs[-1]:.2e}")
    x = np.linspace(0, 1, 201, dtype=np.float32)[:, None]
    error = float(np.abs(u(tg.Tensor(x)).numpy() - exact(x)).max())
    print(f"largest distance from the exact solution {error:.1e}")
    return error


if __name__ == "__main__":
    main()
