"""The recorded computation graph as a picture: what `backward` will walk, top to bottom."""

from __future__ import annotations

import html
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

from ..core.tape import Node, ancestors
from ..core.tensor import Tensor
from ..errors import GraphError
from ..primitive import Shape

__all__ = ["Svg", "graph"]

_CHARACTER, _LINE, _MARGIN, _GAP, _BETWEEN = 7.3, 16, 12, 18, 34  # pixels
_SWEEPS = 8

#: Fill colour of a box by what it shows (Okabe and Ito's colours); faint, so that text shows on any ground.
_FILLS = {"operation": "none", "parameter": "#0072B2", "data": "#999999", "result": "#E69F00"}


class Svg(str):
    """The text of an SVG picture, which notebooks show as the picture."""

    def _repr_svg_(self) -> str:
        return str(self)


class _Box:
    """A node of the picture, or the place where a long edge passes a layer."""

    def __init__(self, kind: str = "", lines: Sequence[str] = ()) -> None:
        self.kind, self.lines = kind, lines
        self.width = max(map(len, lines)) * _CHARACTER + 2 * _MARGIN if lines else 2.0
        self.layer = 0
        self.x = 0.0
        self.inputs: list[_Box] = []
        self.outputs: list[_Box] = []


def graph(tensor: Tensor, names: Mapping[str, Tensor] | None = None) -> Svg:
    """Draw how a tensor was computed: a box per operation and leaf, with its shape, results below.

    Parameters (leaves that require a gradient) are blue, other data grey, the tensor itself orange;
    lines and text take the colour of the text around the picture.

    Args:
        tensor: of any shape and float dtype, computed while recording from something that requires
            a gradient.
        names: of leaves (of any shape and dtype), such as `dict(model.named_parameters())`.

    Returns:
        An SVG picture as text, made without any other program.

    Raises:
        GraphError: if nothing was recorded, or the graph was freed by `backward`.
    """
    if tensor.primitive is None:
        raise GraphError(
            "graph: this tensor was not recorded; compute it from something that requires a gradient, "
            "outside no_grad()"
        )
    layers = _layers(_boxes(tensor, names or {}))
    _order(layers)
    _place(layers)
    return Svg(_drawn(layers))


def _boxes(tensor: Tensor, names: Mapping[str, Tensor]) -> list[_Box]:
    """A box for each node, inputs before what is computed from them."""
    name_of = {id(x): name for name, x in names.items()}
    boxes: dict[Node, _Box] = {}

    def leaf(node: Node) -> _Box:
        kind = "parameter" if node.requires_grad else "data"
        lines = (name_of.get(id(node), kind), _shape(node))
        return boxes.setdefault(node, _Box(kind, lines))

    for node in reversed(ancestors([tensor])):
        if node.primitive is None:
            leaf(node)
            continue
        operands = node.args[: node.primitive.arity]
        numbers = "".join(f" {x:.4g}" for x in operands if isinstance(x, int | float))
        box = _Box("result" if node is tensor else "operation", (node.primitive.name + numbers, _shape(node)))
        for x in operands:
            if isinstance(x, Node):
                box.inputs.append(boxes[x] if x in boxes else leaf(x))
        for source in box.inputs:
            source.outputs.append(box)
        boxes[node] = box
    return list(boxes.values())


def _shape(node: Node) -> str:
    shape: Shape = node.array.shape
    return " × ".join(map(str, shape)) if shape else "a number"


def _layers(boxes: list[_Box]) -> list[list[_Box]]:
    """Boxes by layer: operations below all their inputs, leaves just above where they are used first."""
    inner = [box for box in boxes if box.inputs]
    for box in inner:
        box.layer = 1 + max(source.layer for source in box.inputs)
    for box in boxes:
        if not box.inputs:
            box.layer = min(user.layer for user in box.outputs) - 1
    layers: list[list[_Box]] = [[] for _ in range(1 + max(box.layer for box in boxes))]
    for box in boxes:
        layers[box.layer].append(box)
    for box in inner:
        box.inputs = [_led(source, box, layers) for source in box.inputs]
    for layer in layers:
        for box in layer:
            box.outputs = []
    for layer in layers:
        for box in layer:
            for source in box.inputs:
                source.outputs.append(box)
    return layers


def _led(source: _Box, target: _Box, layers: list[list[_Box]]) -> _Box:
    """The end, one layer above the target, of an edge led from the source through the layers between."""
    for layer in range(source.layer + 1, target.layer):
        point = _Box()
        point.layer, point.inputs = layer, [source]
        layers[layer].append(point)
        source = point
    return source


def _order(layers: list[list[_Box]]) -> None:
    """Order each layer by the mean place of the neighbours, from above and from below in turn."""
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        place: dict[_Box, float] = {}
        for layer in layers if down else reversed(layers):
            own = {box: float(i) for i, box in enumerate(layer)}
            means = {
                box: sum(place[x] for x in near) / len(near)
                for box in layer
                if (near := [x for x in (box.inputs if down else box.outputs) if x in place])
            }
            layer.sort(key=lambda box: means.get(box, own[box]))
            place.update({box: i - len(layer) / 2 for i, box in enumerate(layer)})


def _place(layers: list[list[_Box]]) -> None:
    """Move boxes to the middle of the operations around them, as far as those beside them allow."""
    for sweep in range(2 * _SWEEPS):
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            wanted = []
            for box in layer:
                near = [x for x in (*box.inputs, *box.outputs) if x.inputs] or [*box.inputs, *box.outputs]
                wanted.append(sum(x.x for x in near) / len(near))
            for box, x in zip(layer, _apart(layer, wanted), strict=True):
                box.x = x
    left = min(box.x - box.width / 2 for layer in layers for box in layer) - _MARGIN
    for layer in layers:
        for box in layer:
            box.x -= left


def _apart(layer: Sequence[_Box], wanted: Sequence[float]) -> list[float]:
    """Positions near the wanted ones without overlaps: pushed to the right, pushed to the left, averaged."""
    needs = [(a.width + b.width) / 2 + _GAP for a, b in pairwise(layer)]
    right, left = list(wanted), list(wanted)
    for i, need in enumerate(needs):
        right[i + 1] = max(right[i + 1], right[i] + need)
    for i, need in reversed(list(enumerate(needs))):
        left[i] = min(left[i], left[i + 1] - need)
    placed = [(a + b) / 2 for a, b in zip(left, right, strict=True)]
    off = [x - y for box, x, y in zip(layer, wanted, placed, strict=True) if box.inputs]
    shift = sum(off) / len(off) if off else 0.0  # operations keep their places, leaves make way
    return [x + shift for x in placed]


def _drawn(layers: list[list[_Box]]) -> str:
    height = 2 * _LINE + _MARGIN
    step = height + _BETWEEN
    top = {i: _MARGIN + i * step for i in range(len(layers))}
    width = math.ceil(max(box.x + box.width / 2 for layer in layers for box in layer) + _MARGIN)
    whole = top[len(layers) - 1] + height + _MARGIN
    parts: dict[str, list[str]] = defaultdict(list)
    for layer in layers:
        for box in layer:
            y = top[box.layer]
            for source in box.inputs:
                start, x0, x1 = top[source.layer] + height, f"{source.x:.1f}", f"{box.x:.1f}"
                middle = (start + y) / 2
                parts["edges"].append(f'<path d="M{x0} {start}C{x0} {middle} {x1} {middle} {x1} {y}"/>')
            if not box.lines:
                parts["edges"].append(f'<path d="M{box.x:.1f} {y}v{height}"/>')
                continue
            parts["boxes"].append(
                f'<rect x="{box.x - box.width / 2:.1f}" y="{y}" width="{box.width:.1f}" height="{height}" '
                f'rx="{4 if box.inputs else height / 2}" fill="{_FILLS[box.kind]}" fill-opacity="0.25"/>'
            )
            name, shape = map(html.escape, box.lines)
            parts["text"].append(
                f'<text x="{box.x:.1f}" y="{y + _LINE + 2}" font-weight="bold">{name}</text>'
            )
            parts["text"].append(f'<text x="{box.x:.1f}" y="{y + 2 * _LINE + 2}">{shape}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {whole}" width="{width}" '
        f'height="{whole}" role="img" aria-label="computation graph" '
        'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="12">'
        f'<g fill="none" stroke="currentColor" stroke-opacity="0.6">{"".join(parts["edges"])}</g>'
        f'<g stroke="currentColor">{"".join(parts["boxes"])}</g>'
        f'<g fill="currentColor" text-anchor="middle">{"".join(parts["text"])}</g></svg>'
    )
