"""What a gradient says: the picture with two variables.

    python examples/two_variables.py [two_variables.png]

The cost C has two inputs, and its gradient at the point (1, 1) is (3, 1). That can be read in two
ways: as the direction of steepest ascent, and as how much each input matters: nudged a little, the first
changes the cost three times as much as the second. Descent follows the negative gradient, down to
the minimum. All derivatives below come from `tg.grad`; no formula for them is written anywhere.
"""

import sys

import numpy as np

import tinygrad_mnist as tg

POINT = np.array([1.0, 1.0])
NUDGE = 0.01


def cost(point):
    x, y = point
    return 1.5 * x * x + 0.5 * y * y


def cost_at(points):
    """The cost of points (..., 2), as numbers."""
    x, y = np.moveaxis(np.asarray(points), -1, 0)
    return cost((tg.Tensor(x), tg.Tensor(y))).numpy()


def descent(start, rate=0.06, steps=40):
    """Points (steps + 1, 2) of gradient descent."""
    path = [start]
    for _ in range(steps):
        path.append(path[-1] - rate * gradient(path[-1]))
    return np.array(path)


def gradient(point):
    return tg.grad(cost)(tg.Tensor(point)).numpy()


def nudged(point):
    """How much the cost changes when each input is nudged by itself."""
    return np.array([cost_at(point + NUDGE * axis) - cost_at(point) for axis in np.eye(2)])


def draw(path):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.6), layout="constrained")
    surface = figure.add_subplot(1, 3, 1, projection="3d")
    contours, bars = figure.add_subplot(1, 3, 2), figure.add_subplot(1, 3, 3)

    side = np.linspace(-1.5, 1.5, 61)
    grid = np.stack(np.meshgrid(side, side), axis=-1)
    costs = cost_at(grid)
    surface.plot_surface(*np.moveaxis(grid, -1, 0), costs, cmap="cividis", alpha=0.5)
    surface.plot(*path.T, cost_at(path) + 0.05, "o-", color="#D55E00", ms=2, zorder=10)
    surface.view_init(elev=40, azim=-20)
    surface.set(xlabel="x", ylabel="y", zlabel="cost", title="Descent rolls down the surface")

    contours.contour(side, side, costs, levels=14, cmap="cividis")
    contours.plot(*path.T, "o-", color="#D55E00", ms=2, label="gradient descent")
    slope = gradient(POINT)
    arrow = {"color": "#0072B2", "width": 0.012, "length_includes_head": True}
    contours.arrow(*POINT, *(-slope / 4), **arrow)
    contours.annotate(
        f"minus the gradient:\n-({slope[0]:g}, {slope[1]:g}), a quarter",
        POINT - slope / 4,
        (-1.4, 1.15),
        color="#0072B2",
        backgroundcolor="white",
        fontsize=9,
    )
    contours.set(xlabel="x", ylabel="y", aspect="equal", title="The steepest way crosses the contours")
    contours.legend(loc="lower right", fontsize=8)

    changes = nudged(POINT)
    bars.bar(["x", "y"], changes, color=["#0072B2", "#E69F00"])
    bars.plot(["x", "y"], NUDGE * slope, "_", color="black", ms=60, mew=2)
    bars.annotate(
        "predicted by the gradient", (1, NUDGE * slope[1]), (0.6, 0.016), arrowprops={"arrowstyle": "->"}
    )
    bars.set(
        xlabel=f"nudged by {NUDGE:g}", ylabel="change of the cost", title="x matters three times as much"
    )
    return figure


def main(out="two_variables.png"):
    slope, changes = gradient(POINT), nudged(POINT)
    print(f"the gradient at {tuple(POINT.tolist())} is {tuple(slope.tolist())}")
    for name, change, predicted in zip("xy", changes, NUDGE * slope, strict=True):
        print(
            f"{name} nudged by {NUDGE}: the cost changes by {change:.5f} (the gradient says {predicted:.5f})"
        )
    print(f"nudging x changes it {changes[0] / changes[1]:.2f} times as much as nudging y")
    path = descent(POINT)
    print(f"gradient descent took the cost from {cost_at(path[0]):.4f} to {cost_at(path[-1]):.4f}")
    draw(path).savefig(out, dpi=120)
    print(f"picture saved to {out}")


if __name__ == "__main__":
    main(*sys.argv[1:])
