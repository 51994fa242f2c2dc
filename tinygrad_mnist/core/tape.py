"""The tape: what was computed from what, and the walk back along it that gives gradients.

A node is (primitive, arguments) and the value itself is the node, so that a graph lives as
long as something refers to its end. Nodes are numbered as they are made, and so the numbers
order every graph topologically: the backward walk needs neither recursion nor a sort of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from heapq import heappop, heappush
from operator import attrgetter
from typing import Any, NoReturn

import numpy as np

from ..errors import GraphError
from ..ops import cast
from ..ops.reduce import sum_over
from ..ops.views import reshape_to
from ..primitive import Operand, Primitive, Shape, Value
from .interpreter import interpreter

#: Whether operations on this thread or context are recorded.
recording: ContextVar[bool] = ContextVar("recording", default=True)

#: Numbers nodes and assignments in one order.
clock = itertools.count(1)

_FREED: tuple[Any, ...] = (object(),)


class Node(Operand):
    """A value on the tape.

    Attributes:
        array: the numbers; in a program that is being recorded, the symbol that stands for them.
        requires_grad: whether a gradient with respect to a leaf passes through here.
        primitive, args: the call that made it, operands first; no primitive for a leaf.
        number: when it was made, on the tape's clock.
        assigned: when its numbers were last replaced.
        versions: what an in-place word made another value of: until when on the clock, and the node it was.
        hooks: what looks at the gradient with respect to this, and may give another in its place.
    """

    array: Any
    requires_grad: bool = False
    primitive: Primitive | None = None
    args: tuple[Any, ...] = ()
    number: int = 0
    assigned: int = 0
    versions: tuple[tuple[int, Node], ...] = ()
    hooks: tuple[Callable[[Any, bool], Any], ...] = ()

    def __getstate__(self) -> dict[str, Any]:
        """A copied or pickled leaf has no gradient, and no past: another process's clock may be behind.

        GraphError for a computed value, whose graph would be copied down to other leaves.
        """
        if self.primitive is not None:
            raise GraphError(
                f"deepcopy and pickle take leaves, and this is a result of {self.primitive.name!r}, with a "
                "graph: write x.clone() for a copy in the same graph, x.detach() for one without"
            )
        state = vars(self).copy()
        for name in ("_grad", "number", "assigned", "versions", "memory", "path", "seen"):
            state.pop(name, None)
        return state

    def __copy__(self) -> Node:
        """Another object with the same numbers and, for a computed value, in the same graph."""
        made: Node = object.__new__(type(self))
        vars(made).update(self.__getstate__() if self.primitive is None else vars(self))
        return made

    def restored(self) -> Node:
        """This, or where it is a view that is out of date a node like it that may be used."""
        return self

    def kept(self) -> Any:
        """The numbers that this had when it was made."""
        return self.array


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
    axes = tuple(range(lead))
    if g.shape[lead:] != shape:
        axes += tuple(i + lead for i, n in enumerate(shape) if n == 1 and g.shape[i + lead] != 1)
    if axes:
        g = sum_over.run(g, axes, False) if g.__class__ is np.ndarray else sum_over(g, axes, False)
    return g if g.shape == shape else reshape_to(g, shape)


def ancestors(roots: Iterable[Node], stops: Collection[Node] = ()) -> list[Node]:
    """The tracked nodes `roots` were computed from, newest first, not looking behind `stops`."""
    stop = set(stops)
    seen: set[Node] = set()
    stack = [n for n in roots if n.requires_grad]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if node.primitive is not None and node not in stop:
            check(node, strict=False)
            stack.extend([x for x in node.args if isinstance(x, Node) and x.requires_grad])
    return sorted(seen, key=attrgetter("number"), reverse=True)


def check(node: Node, strict: bool = True) -> None:
    """Let the node's inputs be what they were when it was made, where in-place words changed them since.

    GraphError if the graph at this node was freed, or, if `strict`, nobody kept what an input was.
    """
    if node.args is _FREED:
        raise GraphError(
            f"backward through {_name(node)}, whose graph an earlier backward freed: "
            "pass retain_graph=True to that call to walk the graph again"
        )
    number, args = node.number, list(node.args)
    for i, x in enumerate(args):
        if isinstance(x, Node) and x.assigned > number:
            args[i] = next((old for until, old in x.versions if number < until), x)
            if strict and args[i] is x:
                Gone(node, x).refuse()
    node.args = tuple(args)


class Gone(Operand):
    """In the place of a value that was replaced after it was used: it has a shape and no numbers."""

    def __init__(self, node: Node, x: Node) -> None:
        self._name = _name(node)
        self.shape, self.dtype = x.array.shape, x.array.dtype
        self.ndim = len(self.shape)
        self.bind = self.refuse

    def refuse(self, *_: Any, **__: Any) -> NoReturn:
        """GraphError: a derivative asks for the numbers."""
        raise GraphError(
            f"an input of {self._name} was assigned a new value after it was used, so its derivative can no "
            "longer be computed: call backward before the optimiser's step or the in-place operation, or "
            "compute the result again"
        )

    __array__ = __array_ufunc__ = __getitem__ = __neg__ = __abs__ = refuse
    __add__ = __sub__ = __mul__ = __truediv__ = __pow__ = __matmul__ = __floordiv__ = __mod__ = refuse
    __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rpow__ = __rmatmul__ = refuse
    __lt__ = __le__ = __gt__ = __ge__ = refuse
    flags = property(refuse)  # of an array, which a compiled derivative asks for first


def _numbers_of(node: Node, x: Node) -> Any:
    """The numbers of an input: those it had, or a `Gone`."""
    return Gone(node, x) if x.assigned > node.number else _kept(x)


def _values_of(args: Sequence[Any], numbers: Sequence[Any]) -> list[Any]:
    """The inputs as a derivative that is recorded sees them."""
    pairs = zip(args, numbers)
    return [n if n.__class__ is Gone else x.restored() if isinstance(x, Node) else x for x, n in pairs]


def _kept(x: Node) -> Any:
    """The numbers of a node; a view that is out of date has what it had."""
    try:
        return x.array
    except GraphError:
        return x.kept()


def _name(node: Node) -> str:
    return "a leaf" if node.primitive is None else repr(node.primitive.name)


class _Taken:
    """In the place of a cotangent that a rule goes on with: what comes next has it within."""

    def __add__(self, g: Value) -> Value:
        return g


_pending: ContextVar[dict[Node, Value] | None] = ContextVar("pending", default=None)


def walking() -> bool:
    """Whether a walk back is under way here, for which values are what they were."""
    return _pending.get() is not None


def taken(node: Node) -> Value | None:
    """For a rule that sums up many cotangents of a node: what the walk has of it so far, or None.

    The rule must go on from it, and give the sum: so the order of a sum is that of a walk through each part.
    """
    pending = _pending.get()
    if pending is None or pending.get(node).__class__ in (_Taken, type(None)):
        return None
    g, pending[node] = pending[node], _Taken()
    return g


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
        cotangents: one per output, of its shape: Tensors, or arrays where derivatives are computed on these.
        targets: nodes to differentiate with respect to; the walk does not go behind them.
        record: derivatives are computed on Tensors, so that they can be differentiated again, as in a
            program they always are; otherwise on plain arrays, which is faster.
        free: let go of the graph on the way.

    Returns:
        (target, cotangent) pairs, of those targets that the outputs depend on; cotangents as computed.
    """
    current = interpreter.get()
    record = record or current.symbolic
    pending: dict[Node, Value] = {}
    token, tell = _pending.set(pending), current.begin_walk()
    try:
        return _walk(outputs, cotangents, targets, record, free, tell, pending)
    finally:
        current.end_walk()
        _pending.reset(token)


def pull_back_each(
    outputs: Sequence[Node], cotangents: Sequence[Value], targets: Sequence[Node], *, record: bool, free: bool
) -> Iterator[tuple[Node, Value]]:
    """As `pull_back`, for targets of which some may have been computed from others."""
    # a walk stops at its targets: each that was computed has its own
    walks = [targets] if all(x.primitive is None for x in targets) else [[x] for x in targets]
    for k, ends in enumerate(walks):
        last = k == len(walks) - 1
        yield from pull_back(outputs, cotangents, ends, record=record, free=free and last)


def _walk(
    outputs: Sequence[Node],
    cotangents: Sequence[Value],
    targets: Sequence[Node] | None,
    record: bool,
    free: bool,
    tell: Callable[[Node, Node, Value], None] | None,
    pending: dict[Node, Value],
) -> list[tuple[Node, Value]]:
    """See `pull_back`, and for `tell` `Interpreter.begin_walk`; `pending`: the cotangents that arrived."""
    useful = None if targets is None else _leading_to(targets, ancestors(outputs, targets))
    wanted = None if targets is None else set(targets)
    queue: list[tuple[int, Node]] = []  # newest first; numbers differ, so nodes are never compared
    leaves: list[Node] = []
    walked: list[Node] = []
    received = [
        (y, g.array if not record and isinstance(g, Node) else g) for y, g in zip(outputs, cotangents)
    ]
    while True:
        for node, g in received:
            if node in pending:
                pending[node] = pending[node] + g
                continue
            pending[node] = g
            if node.primitive is None or (wanted is not None and node in wanted):
                leaves.append(node)
            else:
                heappush(queue, (-node.number, node))
        if not queue:
            break
        _, node = heappop(queue)
        primitive, args, number = node.primitive, node.args, node.number
        assert primitive is not None
        changed = False
        try:
            y: Any = node.array
            numbers: list[Any] = []
            for x in args:
                if isinstance(x, Node):
                    if x.assigned > number:
                        raise GraphError
                    numbers.append(x.array)
                else:
                    numbers.append(x)
        except GraphError:  # something was changed in place since
            check(node, strict=False)
            changed = True
            args, y = node.args, _kept(node)
            numbers = [_numbers_of(node, x) if isinstance(x, Node) else x for x in args]
        if args is _FREED:
            check(node)
        walked.append(node)
        g = pending.pop(node)
        if node.hooks:
            g = _seen(node, g, record)
        values: Sequence[Any] = numbers
        if record:
            values, y = (_values_of(args, numbers), node.restored()) if changed else (args, node)
        received = []
        for x, vjp, data in zip(args, primitive.vjps, numbers):
            if vjp is None or data is x:  # no derivative, or no node
                continue
            if x.requires_grad and (useful is None or x in useful):
                gx = vjp(g, y, *values)
                if gx is None:
                    continue
                if gx.shape != data.shape:
                    gx = sum_to(gx, data.shape)
                if gx.dtype is not data.dtype and gx.dtype != data.dtype:
                    gx = cast(gx, data.dtype)
                received.append((x, gx))
                if tell is not None:
                    tell(node, x, gx)
    if free:
        for node in walked:
            node.args = _FREED
    return [
        (node, _seen(node, pending[node], record) if node.hooks else pending[node])
        for node in leaves
        if wanted is None or node in wanted
    ]


def _seen(node: Node, g: Value, record: bool) -> Value:
    """The gradient with respect to a node after its hooks, which see Tensors."""
    for hook in node.hooks:
        g = hook(g, record)
    return g


def _leading_to(targets: Sequence[Node], order: Sequence[Node]) -> set[Node]:
    """The targets, and those nodes of `order` (newest first) behind which one lies."""
    useful = set(targets)
    for node in reversed(order):
        if node not in useful and any(isinstance(x, Node) and x in useful for x in node.args):
            useful.add(node)
    return useful
