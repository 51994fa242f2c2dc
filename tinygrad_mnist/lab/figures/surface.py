"""Figures of the cost surface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..curvature import Spectrum
from .canvas import AMOUNT, BLUE, COLOURS, GREY, INK, RED, drawn, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@drawn
def slices(offsets: NDArray[Any], random: NDArray[Any], steep: NDArray[Any]) -> Figure:
    """The cost along random directions and along the most curved ones, (directions, offsets) each."""
    figure, axes = panels(1, 2, 2.9, sharey=False)
    names = (f"Along {len(random)} random directions", f"Along the {len(steep)} of largest curvature")
    for ax, costs, name in zip(axes, (random, steep), names, strict=True):
        for i, row in enumerate(costs):
            ax.plot(offsets, row, color=COLOURS[i % len(COLOURS)], lw=1.2)
        ax.axvline(0, color=GREY, lw=0.8, ls="--")
        ax.set_title(name)
        ax.set_ylabel("average cost")
    axes[0].set_xlabel("distance (1: as large a change as the weights)")
    axes[1].set_xlabel("distance (in the same unit)")
    return figure


@drawn
def plane(offsets: NDArray[Any], costs: NDArray[Any]) -> Figure:
    """The cost in a plane through the trained network, in contours."""
    figure, (ax,) = panels(1, 1, 3.6, width=4.6)
    highest = max(float(costs.max()), 1e-12)
    lowest = min(max(float(costs.min()) * 1.02, highest * 1e-6), highest * 0.9)
    levels = np.geomspace(lowest, highest, 14)
    filled = ax.contourf(offsets, offsets, costs, levels=levels, cmap=AMOUNT, extend="min")
    ax.contour(offsets, offsets, costs, levels=levels, colors="white", linewidths=0.4)
    ax.plot(0, 0, "o", color=RED, ms=6)
    ax.annotate("trained", (0, 0), (6, 6), textcoords="offset points", color="white", fontsize=8)
    ax.set_xlabel("along a random direction")
    ax.set_ylabel("along another")
    ax.set_aspect("equal")
    figure.colorbar(filled, ax=ax, label="average cost", format="%.2g")
    return figure


@drawn
def spectrum(found: Spectrum) -> Figure:
    """All approximate eigenvalues, by size; bars show how far a true one may be."""
    figure, (ax,) = panels(1, 1, 2.6)
    ranks = np.arange(1, len(found.values) + 1)
    for sign, colour, name in (
        (1, BLUE, "positive: the cost curves up"),
        (-1, RED, "negative: it curves down"),
    ):
        own = found.values * sign > 0
        ax.errorbar(
            ranks[own],
            np.abs(found.values[own]),
            found.residuals[own],
            fmt="o",
            ms=3,
            lw=0.8,
            color=colour,
            label=name,
        )
    ax.set_yscale("log")
    ax.set_ylim(found.values.max() * 1e-6, found.values.max() * 3)
    ax.set_xlabel("eigenvalues found, from the largest to the most negative")
    ax.set_ylabel("|curvature|")
    ax.legend()
    return figure


@drawn
def between(
    shares: NDArray[Any], costs: Mapping[str, NDArray[Any]], wrong: Mapping[str, NDArray[Any]]
) -> Figure:
    """Cost and share of wrong answers on straight lines between networks, by the name of each line."""
    figure, axes = panels(1, 2, 2.8)
    for ax, lines, label in zip(axes, (costs, wrong), ("average cost", "wrong answers (%)"), strict=True):
        for i, (name, values) in enumerate(lines.items()):
            scale = 100 if ax is axes[1] else 1
            ax.plot(shares, values * scale, color=COLOURS[i % len(COLOURS)], lw=1.3, label=name)
        for end in (0, 1):
            ax.axvline(end, color=GREY, lw=0.8, ls="--")
        ax.set_xlabel("share of the way from one to the other")
        ax.set_ylabel(label)
        ax.set_ylim(0)
    axes[0].legend(fontsize=7)
    return figure


@drawn
def training(
    costs: Sequence[Sequence[float]], accuracies: Mapping[str, Sequence[float]], marks: Sequence[float]
) -> Figure:
    """The cost of each epoch for several networks, and accuracies by the name of a group, in percent."""
    figure, (left, right) = panels(1, 2, 2.8)
    for row in costs:
        left.plot(range(1, len(row) + 1), row, color=BLUE, lw=1, alpha=0.6)
    left.set_xlabel("epoch")
    left.set_ylabel("average cost during the epoch")
    left.set_ylim(0)
    left.set_title(f"Training ({len(costs)} seeds)" if len(costs) > 1 else "Training")
    for line, (values, colour) in enumerate(zip(accuracies.values(), COLOURS)):
        spread = np.linspace(-0.2, 0.2, len(values)) if len(values) > 1 else np.zeros(1)
        right.plot(100 * np.array(values), line + spread, "o", color=colour, ms=5)
    for mark in marks:
        right.axvline(mark, color=GREY, lw=0.9, ls="--")
        right.annotate(f"{mark:g}%", (mark, -0.5), (2, -9), textcoords="offset points", fontsize=7, color=INK)
    right.set_yticks(range(len(accuracies)), list(accuracies))
    right.set_ylim(len(accuracies) - 0.5, -0.5)
    right.set_xlabel("accuracy on unseen images (%)")
    right.set_title("A dot per network", fontsize=9)
    return figure
