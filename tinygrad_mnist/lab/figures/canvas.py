"""What all figures have in common: where matplotlib is found, one style, and the ways to save.

Colours are Okabe and Ito's, which colour-blind readers can tell apart; maps are `cividis` for amounts
and ColorBrewer's red-blue, white at zero, for signed numbers.
"""

from __future__ import annotations

import functools
import html
import io
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeAlias

import numpy as np

from ... import writing
from ...errors import DataError, MissingExtraError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: matplotlib's Axes; its own annotations are looser than `strict` likes.
Axes: TypeAlias = Any

BLUE, ORANGE, GREEN, RED, PURPLE, SKY, GREY = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
    "#8A8A8A",
)
COLOURS = (BLUE, RED, GREEN, ORANGE, PURPLE, SKY, GREY)
SIGNED, AMOUNT, INKED = "RdBu_r", "cividis", "gray_r"

#: Of lines and letters; where a page shows the figure it becomes the page's own.
INK = "#26262b"

WIDTH = 6.6  # inches

#: Of files with figures, each for a format.
ENDINGS = (".png", ".svg", ".pdf")

_STYLE = {
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.facecolor": "none",
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": "medium",
    "axes.titlelocation": "left",
    "figure.constrained_layout.use": True,
    "font.size": 9,
    "grid.alpha": 0.3,
    "grid.color": GREY,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "svg.fonttype": "none",
    "svg.hashsalt": "tinygrad_mnist",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}

_P = ParamSpec("_P")


def drawn(function: Callable[_P, Figure]) -> Callable[_P, Figure]:
    """A function that draws, in the style of all figures; MissingExtraError if there is no matplotlib."""

    @functools.wraps(function)
    def draw(*args: _P.args, **kwargs: _P.kwargs) -> Figure:
        with _styled():
            return function(*args, **kwargs)

    return draw


def require_matplotlib() -> Any:
    """Matplotlib; MissingExtraError, naming the extra that brings it, if it is not installed."""
    try:
        import matplotlib
        import matplotlib.figure
    except ImportError:
        raise MissingExtraError('figures need matplotlib: pip install "tinygrad_mnist[plot]"') from None
    return matplotlib


def panels(
    rows: int, columns: int, height: float, width: float = WIDTH, **options: Any
) -> tuple[Figure, list[Axes]]:
    """A figure of `width` x `height` inches, and its panels row by row."""
    figure = require_matplotlib().figure.Figure(figsize=(width, height))
    return figure, list(figure.subplots(rows, columns, squeeze=False, **options).flat)


def picture(ax: Axes, image: Any, title: str = "", cmap: str = INKED, **options: Any) -> Any:
    """Show an image on a panel without axes; returns what a colour bar wants."""
    shown = ax.imshow(image, cmap=cmap, interpolation="nearest", **options)
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(False)
    if title:
        ax.set_title(title, loc="center", fontsize=7.5, pad=3)
    return shown


def mosaic(
    ax: Axes, rows: Sequence[Sequence[Any]], captions: Sequence[Sequence[str]], cmap: str, **options: Any
) -> Any:
    """Show rows of images of one size, framed, each below its caption; returns what a colour bar wants."""
    height, width = np.shape(rows[0][0])
    tall, broad = height + max(2, 2 * height // 5), width + max(1, width // 8)  # from one image to the next
    columns = max(map(len, rows))
    canvas = np.full((tall * len(rows), broad * columns), np.nan)
    frame_x: list[float] = []
    frame_y: list[float] = []
    for i, (images, texts) in enumerate(zip(rows, captions, strict=True)):
        for j, (image, text) in enumerate(zip(images, texts, strict=True)):
            top, left = tall * (i + 1) - height, broad * j
            canvas[top : top + height, left : left + width] = image
            x, y = (left - 0.5, left + width - 0.5), (top - 0.5, top + height - 0.5)
            frame_x += [x[0], x[1], x[1], x[0], x[0], np.nan]
            frame_y += [y[0], y[0], y[1], y[1], y[0], np.nan]
            ax.text(left + width / 2, top - 0.05 * height, text, ha="center", va="bottom", fontsize=7)
    shown = picture(ax, canvas, cmap=cmap, **options)
    ax.plot(frame_x, frame_y, color=GREY, lw=0.5, clip_on=False)
    ax.set_ylim(len(canvas) - 0.3, -0.5 if any(captions[0]) else tall - height - 1)
    return shown


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure in the format of the name's ending, .png, .svg or .pdf; DataError where not possible."""
    ending = check_ending(path)
    with _styled(), writing.replacing(path) as file:
        figure.savefig(file, format=ending[1:], dpi=150)


def check_ending(path: str | os.PathLike[str]) -> str:
    """The ending of a figure's file in small letters; DataError if it is none of those there are."""
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise DataError(f"cannot write {path}: a figure's name ends in {', '.join(ENDINGS)}")
    return ending


def inline_svg(figure: Figure, description: str) -> str:
    """A figure as SVG for a page: no background, and its ink is the colour of the text around it."""
    text = io.StringIO()
    with _styled():
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    svg = text.getvalue()
    body = svg[svg.index(">", svg.index("<svg")) + 1 :].replace(INK, "currentColor")
    body = re.sub(r"<metadata>.*?</metadata>", "", body, count=1, flags=re.DOTALL)
    width, height = (72 * inches for inches in figure.get_size_inches())
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{html.escape(description, quote=True)}" '
        f'style="--share: {figure.get_size_inches()[0] / WIDTH:.3f}">{body}'
    )


@contextmanager
def _styled() -> Iterator[None]:
    with require_matplotlib().rc_context(_STYLE):
        yield
