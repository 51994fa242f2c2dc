"""How a network is shown: its layers with their arguments, and the table of their parameters."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from typing import Any

from ..core.tensor import Tensor
from .parameter import Parameter


def indented(text: str) -> str:
    """The lines after the first moved in by two."""
    return text.replace("\n", "\n  ")


def described(name: str, extra: str, children: Mapping[str, Any]) -> str:
    """`Name(extra)` on one line, or with the children on lines of their own, as PyTorch shows a module."""
    own = extra.split("\n") if extra else []
    below = [f"({key}): {indented(repr(child))}" for key, child in children.items()]
    if not below and len(own) <= 1:
        return f"{name}({extra})"
    return "\n  ".join([f"{name}(", *own, *below]) + "\n)"


def described_list(name: str, children: Iterable[Any]) -> str:
    """The same for modules numbered from 0, with equal ones that follow one another on one line."""
    runs: list[tuple[str, int, int]] = []
    for i, child in enumerate(map(repr, children)):
        if runs and runs[-1][0] == child:
            runs[-1] = (child, runs[-1][1], i)
        else:
            runs.append((child, i, i))
    lines = [
        f"({first}): {indented(text)}"
        if first == last
        else f"({first}-{last}): {last - first + 1} x {indented(text)}"
        for text, first, last in runs
    ]
    return "\n  ".join([f"{name}(", *lines]) + "\n)" if lines else f"{name}()"


def table(layers: Iterable[tuple[str, str, Mapping[str, Tensor]]]) -> str:
    """A line for each (name, kind of layer, its Tensors by name), ending in the count of parameters.

    Buffers are listed but not counted; a parameter used in two places counts once.
    """
    rows = _rows(layers)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        f"{name:{widths[0]}}  {kind:{widths[1]}}  {shapes:{widths[2]}}  {count:>{widths[3]}}"
        for name, kind, shapes, count in rows
    )


def html_table(layers: Iterable[tuple[str, str, Mapping[str, Tensor]]]) -> str:
    """The same for a notebook."""
    lines = []
    for i, row in enumerate(_rows(layers)):
        cell = "td" if i else "th"
        sides = ("left", "left", "left", "right")
        cells = [
            f'<{cell} style="text-align: {side}">{html.escape(text)}</{cell}>'
            for text, side in zip(row, sides)
        ]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table>{''.join(lines)}</table>"


def _rows(layers: Iterable[tuple[str, str, Mapping[str, Tensor]]]) -> list[tuple[str, str, str, str]]:
    rows = [("name", "layer", "shapes", "parameters")]
    counted: set[int] = set()
    total = 0
    for name, kind, tensors in layers:
        new = [x for x in tensors.values() if isinstance(x, Parameter) and id(x) not in counted]
        counted.update(map(id, new))
        count = sum(_size(x) for x in new)
        total += count
        shapes = ", ".join(f"{key} {tuple(x.shape)}" for key, x in tensors.items())
        rows.append((name, kind, shapes, f"{count:,}"))
    rows.append(("total", "", "", f"{total:,}"))
    return rows


def _size(x: Tensor) -> int:
    count = 1
    for n in x.shape:
        count *= n
    return count
