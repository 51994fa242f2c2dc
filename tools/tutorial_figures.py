"""Draw the figures of the tutorial from what its chapters compute: python tools/tutorial_figures.py"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
import numpy as np

import tinygrad_mnist as tg

CHAPTERS = Path(__file__).parents[1] / "docs" / "tutorial"
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
INK, LIGHT, OTHER = "#3b6ea5", "#b8b8b8", "#c8553d"


def computed(chapter: str) -> dict[str, Any]:
    """The variables of a chapter after all its blocks."""
    names: dict[str, Any] = {}
    exec("\n".join(BLOCK.findall((CHAPTERS / chapter).read_text())), names)
    return names


def number(ax: Any, found: dict[str, Any]) -> None:
    xs = np.linspace(-0.5, 5, 100)
    ax.plot(xs, (xs - 3) ** 2, color=LIGHT)
    ax.plot(*zip(*found["path"], strict=True), "o-", color=INK, markersize=4)
    ax.set(xlabel="x", ylabel="cost")


def neuron(ax: Any, found: dict[str, Any]) -> None:
    points, wanted = found["points"].numpy(), found["wanted"].numpy() > 0.5
    for cloud, color in ((points[wanted], OTHER), (points[~wanted], INK)):
        ax.scatter(*cloud.T, color=color, s=12)
    a, b = found["weight"].detach().numpy()
    xs = np.linspace(-4, 4, 2)
    ax.plot(xs, -(a * xs + found["bias"].item()) / b, color="black")
    ax.set(xlim=(-4, 4), ylim=(-4, 4), aspect="equal")


def network(ax: Any, found: dict[str, Any]) -> None:
    costs = np.asarray(found["costs"])
    ax.plot(costs, color=LIGHT, linewidth=0.5)
    means = costs.reshape(-1, 50).mean(1)
    ax.plot(25 + 50 * np.arange(len(means)), means, color=INK)
    ax.set(xlabel="step", ylabel="cost of the batch", ylim=(0, 1))


def operation(ax: Any, found: dict[str, Any]) -> None:
    xs = np.linspace(-5, 5, 201).astype(np.float32)
    f = found["squareplus"]
    ax.plot(xs, np.maximum(xs, 0), color=LIGHT, label="ReLU")
    ax.plot(xs, f(xs), color=INK, label="squareplus")
    slope = tg.grad(lambda x: f(x).sum())(tg.tensor(xs)).numpy()
    ax.plot(xs, slope, color=OTHER, label="its slope")
    ax.legend(frameon=False)


def main() -> None:
    plt.rcParams.update(
        {"svg.hashsalt": "tutorial", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
    )
    drawings = {"1-number": number, "2-neuron": neuron, "3-network": network, "6-operation": operation}
    for chapter, draw in drawings.items():
        figure, ax = plt.subplots(figsize=(5, 3), layout="constrained")
        draw(ax, computed(f"{chapter}.md"))
        figure.savefig(CHAPTERS / f"{chapter[2:]}.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
