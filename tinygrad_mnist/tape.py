"""The tape: what was computed from what, and the walk back along it that gives gradients.

A node is (primitive, arguments) and the value itself is the node, so that a graph lives as
long as something refers to its end. Nodes are numbered as they are made, and so the numbers
order every graph topologically: the backward walk needs neither recursion nor a sort of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from .errors import GraphError
from .ops import cast, sum
from .ops.views import reshape_to
from .primitive import Operand, Primitive, Shape, Value

#: Whether operations on this thread or context are recorded.
recording: ContextVar[bool] = ContextVar("recording", default=True)

#: Numbers nodes and assignments in one order.
clock = itertools.count(1)

_FREED: tuple[Any, ...] = (object(),)


class Node(Operand):
    """A value on the tape.

    Attributes:
        data: the array of numbers.
        requires_grad: whether a gradient with respect to a leaf passes through here.
        primitive, args: the call that made it, operands first; no primitive for a leaf.
        number: when it was made, on the tape's clock.
        assigned: for a leaf, when its data was last replaced.
    """

    data: Any
    requires_grad: bool = False
    primitive: Primitive | None = None
    args: tuple[Any, ...] = ()
    number: int = 0
    assigned: int = 0


@contextmanager
def set_recording(value: bool) -> Iterator[None]:
    """Within the block, record operations or not."""
    token = recording.set(value)
    try:
        yield
    finally:
        recording.reset(token)


def sum_to(g: Value, shape: Shape) -> Value:
    """Undo broadcasting: g summed over the axes along which `shape` was stretched to g's shape."""
    lead = g.ndim - len(shape)
    axes = (*range(lead), *(i + lead for i, n in enumerate(shape) if n == 1 and g.shape[i + lead] != 1))
    g = sum(g, axes) if axes else g
    return g if g.shape == shape else reshape_to(g, shape)


def ancestors(roots: Iterable[Node], stops: Iterable[Node] = ()) -> list[Node]:
    """The tracked nodes `roots` were computed from, newest first, not looking behind `stops`.

    Raises GraphError where the graph was freed, or a leaf assigned after it was used.
    """
    stop = {id(n) for n in stops}
    seen: dict[int, Node] = {}
    stack = [n for n in roots if n.requires_grad]
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen[id(node)] = node
        if node.primitive is None or id(node) in stop:
            continue
        if node.args is _FREED:
            raise GraphError(
                f"backward through {node.primitive.name!r}, whose graph an earlier backward freed: "
                "pass retain_graph=True to that call to walk the graph again"
            )
        for x in node.args:
            if isinstance(x, Node):
                if x.assigned > node.number:
                    raise GraphError(
                        f"an input of {node.primitive.name!r} was assigned a new value after it was used, so "
                        "its "
                        "derivative can no longer be computed: call backward before the optimiser's step, "
                        "or compute the result again"
                    )
                if x.requires_grad:
                    stack.append(x)
    return sorted(seen.values(), key=lambda n: n.number, reverse=True)


def pull_back(
    outputs: Sequence[Node],
    cotangents: Sequence[Value],
    targets: Sequence[Node] | None,
    *,
    record: bool,
    free: bool,
) -> list[tuple[Node, Value]]:
    """The cotangents of `targets` (None: of every leaf that requires one), given those of `outputs`.

    Args:
        outputs: where the walk starts.
        cotangents: one per output, of its shape: Tensors if `record`, else plain arrays.
        targets: nodes to differentiate with respect to; the walk does not go behind them.
        record: derivatives are computed on Tensors, so that they can be differentiated again;
            otherwise on plain arrays, which is faster.
        free: let go of the graph on the way.

    Returns:
        (target, cotangent) pairs, of those targets that the outputs depend on.
    """
    order = ancestors(outputs, targets or ())
    wanted = {
        id(n) for n in (order if targets is None else targets) if targets is not None or not n.primitive
    }
    useful = set(wanted)  # nodes behind which a target lies
    if targets is not None:
        for node in reversed(order):
            if node.primitive and any(id(x) in useful for x in node.args):
                useful.add(id(node))
    pending: dict[int, Value] = {}
    for node, g in zip(outputs, cotangents, strict=True):
        _accumulate(pending, node, g)
    found: list[tuple[Node, Value]] = []
    for node in order:
        g = pending.pop(id(node), None)
        if g is None:
            continue
        if id(node) in wanted:
            found.append((node, g))
            continue
        primitive, args = node.primitive, node.args
        if primitive is None or (targets is not None and id(node) not in useful):
            continue
        values = args if record else [x.data if isinstance(x, Node) else x for x in args]
        y = node if record else node.data
        for x, vjp in zip(args, primitive.vjps, strict=False):
            if isinstance(x, Node) and x.requires_grad and vjp and (targets is None or id(x) in useful):
                gx = vjp(g, y, *values)
                if gx.shape != x.data.shape:
                    gx = sum_to(gx, x.data.shape)
                if gx.dtype != x.data.dtype:
                    gx = cast(gx, x.data.dtype)
                _accumulate(pending, x, gx)
        if free:
            node.args = _FREED
    return found


def _accumulate(pending: dict[int, Value], node: Node, g: Value) -> None:
    held = pending.get(id(node))
    pending[id(node)] = g if held is None else held + g
