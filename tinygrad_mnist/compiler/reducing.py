"""Sections that reduce an array, run along an axis of one, or add to positions in one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..kernels import runtime
from ..kinds import Contract, Function, Lanes, Reduce, Scan
from .elements import Nest, combined
from .loops import (
    FLOAT64,
    INT64,
    Apply,
    Array,
    Call,
    Const,
    Expr,
    Load,
    Place,
    Select,
    Stmt,
    Store,
    apply,
    whole,
)
from .nesting import Nesting, closed, filled_nest
from .totals import SUM, Total, adds_up, as_dtype, set_to
from .trace import Instruction, Symbol

_POSITION = Function("position", runtime.__name__)


def reduce(to: Nesting, kind: Reduce, instruction: Instruction) -> None:
    """All elements along some axes combined, in loops whose order suits memory."""
    x, y, primitive = instruction.args[0], instruction.result, instruction.primitive
    axes = instruction.args[1] if isinstance(instruction.args[1], tuple) else (instruction.args[1],)
    kept = tuple(d for d in range(x.ndim) if d not in axes)
    if kept and axes[0] < kept[-1] < axes[-1] and y.ndim < x.ndim:
        # all reduced axes but the last first: the totals of a whole row are in the making at once
        shape = tuple(n for d, n in enumerate(x.shape) if d not in axes[:-1])
        wide = adds_up(kind) and y.dtype.kind == "f"
        rows = Symbol(f"{y.name}_rows", shape, FLOAT64 if wide else y.dtype)
        reduce(to, kind, Instruction(primitive, (x, axes[:-1], False), rows))
        reduce(to, kind, Instruction(primitive, (rows, (len(shape) - 1,), False), y))
        return
    title = to.title(y.name, x, primitive.name)
    place = to.new(y)
    if kind.position or kept + axes == tuple(range(x.ndim)):
        _reduce_inside(to, kind, instruction, kept, axes, place, title)
    else:
        _reduce_into(to, kind, instruction, axes, place, title)
    to.places[y] = place


def _reduce_inside(
    to: Nesting,
    kind: Reduce,
    instruction: Instruction,
    kept: tuple[int, ...],
    axes: tuple[int, ...],
    place: Place,
    title: str,
) -> None:
    """The reduced axes are the innermost loops, and the total lives in variables."""
    x, y = instruction.args[0], instruction.result
    flat = y.ndim == 0 and x.ndim > 1 and not kind.position
    flat = flat and to.elements(flat=True).is_flat(x, x.shape, moving=True)
    if flat:
        # one loop over all elements, which is longer, and so faster, than the innermost of several
        nest, shape = Nest(1), (x.size,)
        index = nest.index
    else:
        order = kept + axes
        nest, shape = Nest(x.ndim), tuple(x.shape[d] for d in order)
        index = tuple(nest.index[order.index(d)] for d in range(x.ndim))
    own = tuple(
        whole(0) if d in axes else index[d] for d in range(x.ndim) if y.ndim == x.ndim or d not in axes
    )
    depth, blocks = len(kept), None
    element = to.elements(flat).statement(x, index, nest)
    if kind.position:
        result: Expr = _position(kind, nest, depth, element)
    else:
        total = Total.inside(kind, x, y, shape[depth:])
        cells = total.variables()
        nest.body[depth] += [set_to(cells[stem], total.first()) for stem in total.stems]
        nest.body[-1].append(total.add(element, cells))
        result, blocks = total.result(cells), total.blocks(depth, cells)
    last = Store(place, own, result)
    if y.ndim == 0:
        body = closed(nest, shape, (depth, last), blocks)
        to.add(title, body, cost=math.prod(shape), everyone=True)
        return
    rows = shape[0] if own[0] == nest.index[0] else 0
    to.nest(nest, shape, title, rows, after=(depth, last), blocks=blocks)


def _position(kind: Reduce, nest: Nest, depth: int, element: Expr) -> Load:
    """Note the position of the best element so far."""
    best, extreme = Place("best", (), INT64, "scalar"), Place("extreme", (), element.dtype, "scalar")
    start: list[Stmt] = [Store(best, (), Const(0, INT64)), Store(extreme, (), Const(0, element.dtype))]
    nest.body[depth] += start
    found, taken = Place("element", (), element.dtype, "scalar"), Place("taken", (), np.dtype(bool), "scalar")
    at = nest.index[depth]
    better = combined(kind.combine, Load(found), Load(extreme))
    nest.body[-1] += [
        Store(found, (), element),
        Store(taken, (), apply(Function("or"), at < 1, better)),
        Store(best, (), Select(Load(taken), Apply(Function("int64", "numpy"), (at,), INT64), Load(best))),
        Store(extreme, (), Select(Load(taken), Load(found), Load(extreme))),
    ]
    return Load(best)


def _reduce_into(
    to: Nesting, kind: Reduce, instruction: Instruction, axes: tuple[int, ...], place: Place, title: str
) -> None:
    """A kept axis is innermost: the totals of a whole row are in the making at once."""
    x, y = instruction.args[0], instruction.result
    nest = Nest(x.ndim)
    element = to.elements().statement(x, nest.index, nest)
    own = tuple(
        whole(0) if d in axes else i for d, i in enumerate(nest.index) if y.ndim == x.ndim or d not in axes
    )
    total = Total.into(kind, x, y, tuple(x.shape[d] for d in axes))
    places = {"total": place}
    if not total.plain:
        places = {
            stem: to.new(Symbol(f"{y.name}_{stem}", y.shape, dtype)) for stem, dtype in total.dtypes.items()
        }
    cells = {stem: Load(kept, own) for stem, kept in places.items()}
    nest.body[-1].append(total.add(element, cells))
    inner = [(nest.axes[d], d, x.shape[d]) for d in range(x.ndim) if d not in axes]
    body: list[Stmt] = []
    for stem in total.stems:
        body += filled_nest(places[stem], lambda index: total.first())
    body += closed(nest, x.shape, blocks=total.blocks(axes[0], cells, axes, inner))
    body += to.fetches(nest, 0)
    if not total.plain:
        body += filled_nest(
            place, lambda index: total.result({stem: Load(kept, index) for stem, kept in places.items()})
        )
    to.add(title, body, cost=x.size)


def scan(to: Nesting, kind: Scan, instruction: Instruction) -> None:
    """The axis is the innermost loop, and every total so far is written down."""
    x, axis = instruction.args
    y = instruction.result
    title = to.title(y.name, x, instruction.primitive.name)
    place = to.new(y)
    order = (*(d for d in range(x.ndim) if d != axis), axis)
    nest = Nest(x.ndim)
    index = tuple(nest.index[order.index(d)] for d in range(x.ndim))
    dtype = FLOAT64 if kind.wide and y.dtype.kind == "f" else y.dtype
    total = Place("total", (), dtype, "scalar")
    element = as_dtype(to.elements().statement(x, index, nest), dtype)
    nest.body[-2].append(Store(total, (), Const(kind.start(y.dtype), dtype)))
    nest.body[-1].append(Store(total, (), combined(kind.combine, Load(total), element)))
    nest.body[-1].append(Store(place, index, as_dtype(Load(total), y.dtype)))
    to.nest(nest, tuple(x.shape[d] for d in order), title, x.shape[0] if axis else 0)
    to.places[y] = place


def scatter(to: Nesting, instruction: Instruction) -> None:
    """Elements added to positions of an axis, one after the other."""
    x, where, axis, size = instruction.args
    y = instruction.result
    place = to.new(y)
    title = to.title(y.name, x, instruction.primitive.name)
    nest, elements = Nest(x.ndim), to.elements()
    index = nest.index
    position = elements.at(where, index[axis : axis + where.ndim], nest)
    element = elements.at(x, index, nest)
    at = Place("at", (), INT64, "scalar")
    nest.body[-1].append(Store(at, (), Apply(_POSITION, (position, whole(-size), whole(size)), INT64)))
    total = Total.inside(SUM, x, y, where.shape)._replace(exact=False, block=0, loose=False)
    sums = place if total.plain else to.new(Symbol(f"{y.name}_total", y.shape, total.running))
    target = Load(sums, (*index[:axis], Load(at), *index[axis + where.ndim :]))
    nest.body[-1].append(total.add(element, {"total": target}))
    body = [*filled_nest(sums, lambda index: total.first()), *closed(nest, x.shape), *to.fetches(nest, 0)]
    if not total.plain:
        body += filled_nest(place, lambda index: total.result({"total": Load(sums, index)}))
    to.add(title, body, cost=x.size)
    to.places[y] = place


def lanes(to: Nesting, kind: Contract, split: Lanes, instruction: Instruction) -> None:
    """One call for each vector along an axis."""
    x, axis = instruction.args
    y = instruction.result
    if x not in to.places:
        to.fill(x)
    place = to.new(y)
    others = [d for d in range(x.ndim) if d != axis]
    nest = Nest(len(others))
    index: list[Any] = [None if d == axis else nest.index[others.index(d)] for d in range(x.ndim)]
    call = Call(kind.call, (Array(to.places[x], tuple(index)), Array(place, tuple(index))))
    nest.body[-1].append(call)
    rows = x.shape[0] if axis and others else 0
    title = f"{y.name} = {instruction.primitive.name}"
    to.nest(nest, tuple(x.shape[d] for d in others), title, rows, x.size * split.work)
    to.places[y] = place
