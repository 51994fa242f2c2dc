"""Figures of answers: mistakes, confidence, calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..answers import Answers
from ..calibration import Calibration
from ..mistakes import Mistakes
from .canvas import AMOUNT, BLUE, COLOURS, GREY, ORANGE, WIDTH, drawn, panels, picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@drawn
def mistakes(found: Mistakes, images: NDArray[Any], count: int = 12) -> Figure:
    """The most confident mistakes: each image, its true class, the answer, and all outputs.

    `images` are those the mistakes were found among, (N, height, width).
    """
    count = min(count, len(found.positions))
    columns = 6
    rows = -(-max(count, 1) // columns)
    figure, axes = panels(2 * rows, columns, 1.9 * rows, height_ratios=[2.2, 1] * rows)
    for ax in axes:
        ax.axis("off")
    for i in range(count):
        top = axes[(i // columns) * 2 * columns + i % columns]
        below = axes[(i // columns) * 2 * columns + columns + i % columns]
        top.axis("on")
        below.axis("on")
        truth, answer = found.truth[i], found.answers[i]
        picture(top, images[found.positions[i]], f"a {truth}, taken for {answer}")
        classes = np.arange(found.outputs.shape[1])
        colours = [ORANGE if c == answer else BLUE if c == truth else GREY for c in classes]
        below.bar(classes, found.outputs[i], color=colours)
        below.set_ylim(min(0.0, float(found.outputs[i].min())), 1)
        below.set_xticks([truth, answer])
        below.tick_params(labelsize=7, length=2)
        below.set_yticks([0, 1] if i % columns == 0 else [])
    if count:
        axes[columns].set_ylabel("output", fontsize=7)
    return figure


@drawn
def confusion(found: Mistakes) -> Figure:
    """How often each class was taken for each other, and the accuracy of each class."""
    figure, (left, right) = panels(1, 2, 3.3, width_ratios=[1.25, 1])
    wrong = found.confusion.astype(float)
    np.fill_diagonal(wrong, np.nan)
    classes = range(len(wrong))
    shown = left.imshow(wrong, cmap=AMOUNT)
    largest = np.nanmax(wrong, initial=1)
    for i in classes:
        for j in classes:
            if i != j and found.confusion[i, j] and len(wrong) <= 20:
                colour = "black" if wrong[i, j] > 0.6 * largest else "white"
                left.text(j, i, found.confusion[i, j], ha="center", va="center", fontsize=6.5, color=colour)
    left.set_xlabel("answer")
    left.set_ylabel("true class")
    left.set_title("Wrong answers")
    figure.colorbar(shown, ax=left, label="images", shrink=0.8)
    right.barh(classes, 100 * found.accuracy_by_class, color=BLUE)
    right.set_xlabel("right answers (%)")
    right.set_ylabel("true class")
    right.set_xlim(max(0.0, 100 * float(np.nanmin(found.accuracy_by_class)) - 4), 100)
    right.invert_yaxis()
    right.set_title("Accuracy by class")
    if len(wrong) <= 20:
        for ax in (left, right):
            ax.set_yticks(classes)
        left.set_xticks(classes)
    return figure


@drawn
def confidence(groups: Mapping[str, Answers], thresholds: Sequence[float] = (0.5, 0.9)) -> Figure:
    """How sure the network is of groups of images, by name, and which class it takes each group for."""
    names = list(groups)
    figure, (left, right) = panels(1, 2, 0.9 + 0.36 * len(names), width_ratios=[1, 1.15], sharey=True)
    heights = {t: 0.7 - 0.35 * i for i, t in enumerate(thresholds)}
    for threshold, colour in zip(thresholds, (BLUE, ORANGE, GREY)):
        sure = [100 * found.sure(threshold) for found in groups.values()]
        left.barh(range(len(names)), sure, heights[threshold], color=colour, label=f"above {threshold:g}")
    left.set_xlim(0, 100)
    left.set_xlabel("images with a largest output above (%)")
    left.legend(fontsize=7, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(thresholds))
    left.set_yticks(range(len(names)), names)
    left.set_ylim(len(names) - 0.5, -0.5)
    classes = next(iter(groups.values())).outputs.shape[1]
    table = np.array([np.bincount(found.classes, minlength=classes) for found in groups.values()], float)
    table *= 100 / table.sum(1, keepdims=True)
    shown = right.imshow(table, cmap=AMOUNT, aspect="auto", vmin=0, vmax=100)
    right.set_xlabel("the answer")
    if classes <= 20:
        right.set_xticks(range(classes))
    figure.colorbar(shown, ax=right, label="of the images (%)")
    return figure


@drawn
def distributions(groups: Mapping[str, Answers]) -> Figure:
    """The distribution of the largest output for each group of images, by name."""
    figure, (ax,) = panels(1, 1, 2.6, width=WIDTH * 0.8)
    edges = np.linspace(0, 1, 41)
    for (name, found), colour in zip(groups.items(), COLOURS):
        counts, _ = np.histogram(found.confidence.clip(0, 1), edges)
        ax.stairs(100 * counts / len(found.confidence), edges, color=colour, lw=1.5, label=name)
    ax.set_xlabel("largest output")
    ax.set_ylabel("share of the images (%)")
    ax.set_xlim(0, 1)
    ax.legend()
    return figure


@drawn
def calibration(found: Calibration) -> Figure:
    """Reliability: how often the network is right where it is so sure, and how often it is that sure."""
    figure, (top, below) = panels(2, 1, 3.4, width=4.2, sharex=True, height_ratios=[3, 1])
    used = found.counts > 0
    width = np.diff(found.edges)
    top.plot([0, 1], [0, 1], color=GREY, ls="--", lw=1, label="as right as sure")
    top.plot(found.confidence[used], found.accuracy[used], "o-", color=BLUE, ms=4, lw=1, label="measured")
    top.set_ylabel("share that is right")
    top.set_ylim(0, 1.02)
    top.legend()
    below.bar(found.edges[:-1], found.counts, width, align="edge", color=ORANGE)
    below.set_yscale("log")
    below.set_ylabel("images")
    below.set_xlabel("largest output")
    return figure


@drawn
def activations(image: NDArray[Any], layers: Mapping[str, NDArray[Any]]) -> Figure:
    """An image, and what each layer, by name, makes of it: a bar for each neuron."""
    figure, axes = panels(1, 1 + len(layers), 2.2, width=1.6 * (1 + len(layers)))
    picture(axes[0], image)
    for ax, (name, values) in zip(axes[1:], layers.items(), strict=True):
        ax.barh(range(len(values)), values, color=BLUE)
        ax.invert_yaxis()
        ax.axvline(0, color=GREY, lw=0.6)
        ax.set_title(name, fontsize=8)
        ax.set_xlabel("activation", fontsize=8)
    axes[1].set_ylabel("neuron")
    return figure
