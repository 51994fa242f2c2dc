"""The plain-text table that describes a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..core.tensor import Tensor
from .parameter import Parameter


def table(layers: Iterable[tuple[str, str, Mapping[str, Tensor]]]) -> str:
    """A line for each (name, kind of layer, its Tensors by name), ending in the count of parameters.

    Buffers are listed but not counted; a parameter used in two places counts once.
    """
    rows = [("name", "layer", "shapes", "parameters")]
    counted: set[int] = set()
    total = 0
    for name, kind, tensors in layers:
        new = [x for x in tensors.values() if isinstance(x, Parameter) and id(x) not in counted]
        counted.update(map(id, new))
        count = sum(x.size for x in new)
        total += count
        shapes = ", ".join(f"{key} {x.shape}" for key, x in tensors.items())
        rows.append((name, kind, shapes, f"{count:,}"))
    rows.append(("total", "", "", f"{total:,}"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        f"{name:{widths[0]}}  {kind:{widths[1]}}  {shapes:{widths[2]}}  {count:>{widths[3]}}"
        for name, kind, shapes, count in rows
    )
