"""The article's training step at each stage: `python tests/compiler/golden.py` writes it anew."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim
from tinygrad_mnist.compiler import build, specialization

FOLDER = Path(__file__).parent / "golden"
README = Path(__file__).parents[2] / "README.md"


def article() -> Any:
    """The step of 784-16-16-10 at batch 32, recorded."""
    images = tg.Tensor(np.zeros((100, 784), np.uint8))
    labels = tg.Tensor(np.zeros(100, np.int64))
    model = nn.MLP(784, 16, 16, 10, generator=tg.Generator(0))
    optimiser = optim.SGD(model.parameters(), lr=0.5)

    def training_step(rows: tg.Tensor) -> tg.Tensor:
        pixels = images[rows].float() / 255
        cost = nn.cross_entropy(model(pixels), labels[rows])
        optimiser.zero_grad()
        cost.backward()
        optimiser.step()
        return cost

    step = tg.jit(training_step)
    with mock.patch.object(specialization, "compiled", build.interpreted):
        step(np.zeros(32, np.int64))
    return step


def loop() -> Any:
    """The gradient of a small recurrent network over 100 steps, recorded."""

    def cost(w: tg.Tensor, h: tg.Tensor, xs: tg.Tensor) -> tg.Tensor:
        def body(h: tg.Tensor, x: tg.Tensor) -> tuple[tg.Tensor, None]:
            return (x + h @ w).tanh(), None

        return (tg.scan(body, h, xs)[0] ** 2).sum()

    gradient = tg.jit(tg.grad(cost))
    with mock.patch.object(specialization, "compiled", build.interpreted):
        gradient(tg.zeros(16, 16), tg.zeros(8, 16), tg.zeros(100, 8, 16))
    return gradient


def texts() -> dict[str, str]:
    """By the name of the file."""
    step = article()
    return {
        "python_loop.txt": loop().source,
        "program.txt": f"{step.program}\n",
        "loops.txt": f"{step.loops}\n",
        "python.txt": step.source,
        "python_shared.txt": step.shared_source,
    }


def shown(readme: str, source: str) -> str:
    """The README with this as the printed step."""
    return re.sub(
        r"(<details>.*?```python\n).*?```", lambda found: f"{found[1]}{source}```", readme, flags=re.DOTALL
    )


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    text = README.read_text(encoding="utf-8")
    README.write_text(shown(text, (FOLDER / "python.txt").read_text(encoding="utf-8")), encoding="utf-8")
