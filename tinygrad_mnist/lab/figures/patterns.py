"""Figures of weights and images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..patterns import Pictures
from .canvas import BLUE, COLOURS, INKED, SIGNED, WIDTH, drawn, mosaic, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_PATTERNS = 32  # shown of a wide layer
_ACROSS = 8


@drawn
def patterns(before: Pictures, after: Pictures) -> Figure:
    """The weights from the pixels to each neuron, before training (top) and after, on one scale each."""
    before, after = before[:MOST_PATTERNS], after[:MOST_PATTERNS]
    rows = -(-len(after) // _ACROSS)
    figure, axes = panels(2, 1, 2 * (0.95 * rows + 0.1))
    for ax, pictures, name in zip(axes, (before, after), ("before training", "after training"), strict=True):
        bound = float(np.abs(pictures).max()) or 1.0
        lines = [
            range(first, min(first + _ACROSS, len(pictures))) for first in range(0, len(pictures), _ACROSS)
        ]
        images = [[pictures[i] for i in line] for line in lines]
        labels = [[f"neuron {i}" for i in line] for line in lines]
        shown = mosaic(ax, images, labels, SIGNED, vmin=-bound, vmax=bound)
        figure.colorbar(shown, ax=ax, label=f"weight {name}", shrink=0.8)
    return figure


@drawn
def likeness(groups: Mapping[str, tuple[NDArray[Any], NDArray[Any]]]) -> Figure:
    """For groups of pictures by name: their `autocorrelation` and `edge_likeness`, a dot for each picture."""
    figure, axes = panels(1, 2, 0.8 + 0.42 * len(groups), sharey=True)
    names = list(groups)
    labels = ("likeness of neighbouring pixels (Moran's I)", "best correlation with any edge filter")
    for ax, which, label in zip(axes, (0, 1), labels, strict=True):
        for row, name in enumerate(names):
            values = groups[name][which]
            spread = np.linspace(-0.25, 0.25, len(values)) if len(values) > 1 else np.zeros(1)
            ax.plot(values, row + spread, ".", color=COLOURS[row % len(COLOURS)], ms=4, alpha=0.6)
        ax.set_yticks(range(len(names)), names)
        ax.set_xlabel(label)
        ax.grid(axis="x")
        ax.axvline(0, color=BLUE, lw=0.6)
    axes[0].invert_yaxis()
    return figure


@drawn
def rows_of_images(
    rows: Mapping[str, Pictures], captions: Mapping[str, Sequence[str]] | None = None
) -> Figure:
    """Images in rows by name, ink dark on white, each with its caption where there are any."""
    columns = max(map(len, rows.values()))
    figure, (ax,) = panels(1, 1, len(rows) * WIDTH / max(columns, 6) * 1.2)
    texts = [list((captions or {}).get(name, [""] * len(images))) for name, images in rows.items()]
    shown = [[255 * (image / (image.max() or 1)) for image in images] for images in rows.values()]
    mosaic(ax, shown, texts, INKED, vmin=0, vmax=255)
    height, tall = shown[0][0].shape[0], ax.images[0].get_array().shape[0] // len(rows)
    ax.set_yticks([tall * (i + 1) - height / 2 for i in range(len(rows))], list(rows), fontsize=8)
    ax.tick_params(length=0)
    return figure
