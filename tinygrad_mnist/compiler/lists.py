"""Sections of products that skip zeros: they list what is not zero of an input, and walk the lists.

Lists are made in two parts, of the first and the second half of an input's columns. Each part is made,
multiplied and added to its own rows of the weights by one worker, whose cache keeps them; what workers
exchange are the parts of a small sum. Whether there are two workers or one, the numbers are the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ..kernels import runtime
from ..kernels.lists import BLOCK, SPARE
from ..kinds import Function, Matrices
from .elements import Elements, Index, Nest
from .listing import Source
from .loops import (
    INT64,
    LAST,
    STEP,
    Access,
    Array,
    Between,
    Call,
    Const,
    Expr,
    For,
    Load,
    Place,
    Share,
    Stmt,
    Store,
    apply,
    whole,
)
from .nesting import FETCH, Nesting, closed, touched
from .products import add_to, as_it_is, bias_added, in_memory, matrix
from .share import FIRST, LAST as LAST_WORKER, MOST_WORKERS
from .trace import Instruction, Symbol
from .tuning import MULTIPLY_ADDS, PIECES, SHARE_OF_WORK
from .updating import Update
from .viewing import turns

WORDS = ("first", "second")
_BY = (FIRST, LAST_WORKER)
_PLACE = np.dtype(np.uint16)
_LIST, _PRODUCT, _ONTO = (
    Function(name, runtime.__name__) for name in ("list_row", "matmul_listed", "accumulate_listed")
)


class Part(NamedTuple):
    """The lists of columns `first` up to `last` of an input.

    Attributes:
        by: the worker who makes and uses them.
        values, places: per row, the numbers that are not zero, and where they are in it.
        counts: how many there are.
    """

    by: str
    first: int
    last: int
    values: Place
    places: Place
    counts: Place

    @property
    def arrays(self) -> list[Array]:
        """As arguments of a routine."""
        return [Array(self.values), Array(self.places), Array(self.counts)]

    @property
    def accesses(self) -> list[Access]:
        """As what a section touches."""
        return [(self.values, 0), (self.places, 0), (self.counts, 0)]


class Lists:
    """The lists of a program.

    Args:
        to: what it is lowered into.
        sources: the inputs that are to be listed.
    """

    def __init__(self, to: Nesting, sources: Mapping[Symbol, Source]) -> None:
        self.to, self.sources = to, sources
        self._parts: dict[Symbol, list[Part]] = {}

    def input(self, x: Symbol) -> Symbol | None:
        """The listed input that a value is, or is when turned."""
        if not self.sources:
            return None
        if x in self.sources:
            return x
        producer = self.to.producers.get(x)
        turned = producer.args[0] if producer is not None and turns(producer) else None
        return turned if turned in self.sources else None

    def parts(self, x: Symbol) -> list[Part]:
        """The lists of an input, made now if they are not there yet."""
        if x not in self._parts:
            self._parts[x] = [self._list(x, k) for k in range(MOST_WORKERS)]
            self.to.meanwhile += self._fetches(x)
        return self._parts[x]

    def _fetches(self, x: Symbol) -> list[Call]:
        """Calls that have the rows of the next step brought near, a few each; a worker asks for its columns.

        The requests of many rows at once would have to wait for each other, and so would what needs memory.
        """
        nest = Nest(1)
        self._row(x, nest)
        calls, (count, depth) = [], x.shape
        for table, positions, _ in nest.rows:
            for k in range(min(PIECES, count)):
                ends = whole(count * k // PIECES), whole(count * (k + 1) // PIECES)
                args = Array(table), Array(positions, all_steps=True), STEP, LAST, *ends, Share(depth)
                calls.append(Call(FETCH, args))
        return calls

    def _row(self, x: Symbol, nest: Nest) -> Array:
        """The row of memory that a row of an input is made of."""
        rows = self.sources[x].rows
        at = nest.index[0], *[whole(0)] * (rows.ndim - 1)
        element = self.to.elements().statement(rows, at, nest)
        assert isinstance(element, Load)
        return Array(element.place, element.index[:1], shape=None if rows.ndim == 2 else x.shape[1:])

    def _list(self, x: Symbol, k: int) -> Part:
        to, source = self.to, self.sources[x]
        (count, depth), rows = x.shape, source.rows
        first, last = map(int, runtime.share(depth, k, MOST_WORKERS))
        name, room = f"{x.name}_{WORDS[k]}", last - first + SPARE
        nest = Nest(1)
        (i,) = nest.index
        row = self._row(x, nest)
        part = Part(
            _BY[k],
            first,
            last,
            to.new(Symbol(name, (count, room), x.dtype)),
            to.new(Symbol(f"{name}_places", (count, room), _PLACE)),
            to.new(Symbol(f"{name}_counts", (count,), INT64)),
        )
        found = to.new(Symbol(f"{name}_found", (count, room), rows.dtype)) if source.chain else part.values
        ends = whole(first), whole(last)
        lists = Array(found, (i,)), Array(part.places, (i,)), Array(part.counts)
        inner = [*nest.body[1], Call(_LIST, (row, *ends, *lists, i))]
        body: list[Stmt] = [*nest.body[0], For(nest.axes[0], count, tuple(inner))]
        if source.chain:  # behind the loop: what was just written in other pieces than it is read takes long
            body.append(self._through(source.chain, found, part))
        reads, writes = touched(body, 0, False)
        writes += [*part.accesses, (found, 0)]
        title = f"{to.title(name, x)}, what is not zero"
        to.add(title, body, reads, writes, cost=count * depth / MOST_WORKERS, by=part.by)
        return part

    def _through(self, chain: tuple[Instruction, ...], found: Place, part: Part) -> Stmt:
        """Loops that put into lists what becomes of the numbers that were found."""
        x = Symbol(found.name, found.shape, found.dtype)
        places, producers = {x: found}, {}
        for instruction in chain:
            y = Symbol(instruction.result.name, found.shape, instruction.result.dtype)
            args = tuple(x if isinstance(a, Symbol) else a for a in instruction.args)
            producers[y] = Instruction(instruction.primitive, args, y, instruction.origin)
            x = y
        nest = Nest(2)
        value = Elements(producers, places).statement(x, nest.index, nest)
        nest.body[2].append(Store(part.values, nest.index, value))
        filled = Load(part.counts, nest.index[:1]) + (BLOCK - 1)
        count = apply(Function("&"), filled, whole(-BLOCK))
        inner = (*nest.body[1], For(nest.axes[1], count, tuple(nest.body[2])))
        return For(nest.axes[0], found.shape[0], inner)


def product(lists: Lists, form: Matrices, instruction: Instruction) -> None:
    """A product whose left matrix is listed, or one of its turn: the gradient of its weights."""
    to, x = lists.to, instruction.args[0]
    listed = lists.input(x)
    assert listed is not None
    if x is not listed:
        _gradient(lists, listed, instruction)
        return
    y = instruction.result
    right = matrix(to, instruction.args[1], turned=form.turned)
    weights = as_it_is(to, instruction.args[1]) if right.turned else right.place
    bias = in_memory(to, instruction.args[2]) if form.biased else None
    depth, (count, n) = x.shape[1], y.shape
    made = [Symbol(f"{y.name}_{word}", y.shape, y.dtype) for word in WORDS]
    for symbol, part in zip(made, lists.parts(x), strict=True):
        place = to.new(symbol)
        body: list[Stmt] = [Call(_PRODUCT, (*part.arrays, Array(weights), Array(place)))]
        reads = [*part.accesses, (weights, depth)]
        if bias is not None and not part.first:
            body += bias_added(place, bias, count, n)
            reads.append((bias, 0))
        title = f"{symbol.name} = part of {instruction.primitive.name}"
        cost = _cost(y.size * depth)
        to.add(title, body, reads, [(place, 0)], cost=cost, by=part.by)
        to.places[symbol] = place
    add_to(to, made[0], made[1], y)


def _gradient(lists: Lists, x: Symbol, instruction: Instruction) -> None:
    """x.T @ d: zeros, to which each worker adds in its own rows."""
    to, y = lists.to, instruction.result
    d, place = as_it_is(to, instruction.args[1]), to.new(y)
    for part in lists.parts(x):
        body = [*_rows(to, place, part, lambda flat, at: Const(0, y.dtype)), _onto(part, d, place)]
        title = f"{place.name} = part of {instruction.primitive.name}"
        _add(to, title, body, part, d, place)
    to.places[y] = place


def accumulate(lists: Lists, update: Update) -> None:
    """Add a product onto the captured array it updates, in the rows of what is not zero.

    The factor of the product goes to its right operand, which is the smaller one.
    """
    to, x = lists.to, lists.input(update.left)
    assert x is not None
    right, target = as_it_is(to, update.right), to.places[update.target]
    scaled = to.new(Symbol(f"{target.name}_right", right.shape, right.dtype))
    count, n = right.shape
    scalars: list[Access] = [(to.places[c], 0) for f in (update.factor, update.shrink) for c in f.symbols]
    nest = Nest(1)
    factor = update.factor.expression(to.places, right.dtype)
    value = apply(Function("*"), factor, Load(to.flat(right), nest.index))
    nest.body[-1].append(Store(to.flat(scaled), nest.index, value))
    loop = closed(nest, (Share(count, n, True),))
    to.add(f"{scaled.name} = scaled", loop, [(right, count), *scalars], [(scaled, count)], count, count * n)
    shrink = update.shrink.expression(to.places, right.dtype)
    for part in lists.parts(x):
        body: list[Stmt] = []
        if not update.shrink.is_one:
            body += _rows(to, target, part, lambda flat, at: apply(Function("*"), Load(flat, at), shrink))
        body.append(_onto(part, scaled, target))
        title = f"{target.name} = part of {update.title}"
        _add(to, title, body, part, scaled, target, scalars)


def _add(
    to: Nesting,
    title: str,
    body: list[Stmt],
    part: Part,
    right: Place,
    target: Place,
    scalars: Sequence[Access] = (),
) -> None:
    """A section that adds to the rows of a part."""
    own = (target, target.shape[0])
    reads = [*part.accesses, (right, 0), own, *scalars]
    to.add(title, body, reads, [own], cost=_cost(math.prod(right.shape) * target.shape[0]), by=part.by)


def _onto(part: Part, right: Place, target: Place) -> Call:
    return Call(_ONTO, (*part.arrays, Array(right), Array(target)))


def _rows(to: Nesting, place: Place, part: Part, value: Callable[[Place, Index], Expr]) -> tuple[Stmt, ...]:
    """A loop over a part's rows of a matrix, which gives each element a value."""
    nest, flat, width = Nest(1), to.flat(place), place.shape[1]
    inner = (Store(flat, nest.index, value(flat, nest.index)),)
    return (For(nest.axes[0], Between(whole(part.first * width), whole(part.last * width)), inner),)


def _cost(multiply_adds: int) -> float:
    """Of a part of a product."""
    return multiply_adds * SHARE_OF_WORK / MULTIPLY_ADDS / MOST_WORKERS
