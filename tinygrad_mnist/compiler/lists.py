"""Sections of products that skip zeros: they list what is not zero of an input, and walk the lists.

Lists are made in two parts, of the first and the second half of an input's columns. Each part is made,
multiplied and added to its own rows of the weights by one worker, whose cache keeps them; what workers
exchange are the parts of a small sum. Whether there are two workers or one, the numbers are the same.

Lists of arrays that stay what they are lie in memory when a scan begins (see `keeping`); others are made in
each step. The numbers are the same, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ..kernels import listed, runtime
from ..kernels.lists import BLOCK, CHAINS, CODES, SPARE, WHOLE
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
    converted,
    whole,
)
from .nesting import FETCH, Nesting, filled_nest, touched
from .products import add_to, as_it_is, bias_added, in_memory, matrix, scaled
from .share import FIRST, LAST as LAST_WORKER, MOST_WORKERS
from .trace import Instruction, Symbol
from .tuning import MULTIPLY_ADDS, PIECES, SHARE_OF_WORK
from .updating import Update
from .viewing import turns

WORDS = ("first", "second")
_BY = (FIRST, LAST_WORKER)
_PLACE, _WORD = np.dtype(np.uint16), np.dtype(np.int32)
_LIST, _FETCH, _PRODUCT, _ONTO = (
    Function(name, runtime.__name__)
    for name in ("list_row", "fetch_lists", "matmul_listed", "accumulate_listed")
)
_NARROW_PRODUCT, _NARROW_ONTO = (
    Function(name, listed.__name__) for name in ("narrow_listed", "narrow_accumulate_listed")
)


class Part(NamedTuple):
    """The lists of columns `first` up to `last` of an input.

    Attributes:
        number: which part it is.
        by: the worker who uses it.
        values, places: the numbers that are not zero, and where they are in their rows.
        numbers: what the values are positions in, if they are not numbers themselves.
        starts, counts: per part and row, where its list begins, and how many entries it has.
    """

    number: int
    by: str
    first: int
    last: int
    values: Place
    places: Place
    starts: Place
    counts: Place
    numbers: Place | None = None

    def arrays(self, narrow: bool) -> list[Array]:
        """As arguments of a routine."""
        numbers = [self.numbers or self.values] if narrow else []
        return list(map(Array, (self.values, *numbers, self.places, self.starts, self.counts)))

    @property
    def accesses(self) -> list[Access]:
        """As what a section touches."""
        numbers: list[Access] = [(self.numbers, 0)] if self.numbers else []
        return [(self.values, 0), (self.places, 0), *numbers, *self.ends]

    @property
    def ends(self) -> list[Access]:
        """Of these, what says where lists are; a worker touches those of its own part."""
        return [(self.starts, self.starts.shape[0]), (self.counts, self.counts.shape[0])]


class Kept(NamedTuple):
    """Lists of all rows of an array, which lie in memory: see `keeping`.

    Attributes:
        table: per row, where the lists of its two parts begin, and how many entries they have.
        places, values: of all entries.
        numbers: what the values are positions in, if they are not numbers themselves.
    """

    table: Place
    places: Place
    values: Place
    numbers: Place | None


class Lists:
    """The lists of a program.

    Args:
        to: what it is lowered into.
        sources: the inputs that are to be listed.
        kept: those of them whose lists are kept.
    """

    def __init__(
        self, to: Nesting, sources: Mapping[Symbol, Source], kept: Collection[Symbol] = frozenset()
    ) -> None:
        self.to, self.sources = to, sources
        self.kept = {x: _kept(x, sources[x]) for x in sources if x in kept}
        self._parts: dict[Symbol, list[Part]] = {}

    @property
    def places(self) -> tuple[Place, ...]:
        """Where lists are that are kept, in the order in which a program takes them."""
        return tuple(place for kept in self.kept.values() for place in kept if place is not None)

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
            count = x.shape[0]
            starts = self.to.new(Symbol(f"{x.name}_starts", (MOST_WORKERS, count), INT64))
            counts = self.to.new(Symbol(f"{x.name}_counts", (WHOLE + 1, count), INT64))
            make = self._find if x in self.kept else self._list
            self._parts[x] = [make(x, k, starts, counts) for k in range(MOST_WORKERS)]
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
                rest = Array(positions, all_steps=True), STEP, LAST, *ends
                if x in self.kept:
                    calls.append(Call(_FETCH, (*map(Array, self.kept[x][:3]), *rest, Share(MOST_WORKERS))))
                else:
                    calls.append(Call(FETCH, (Array(table), *rest, Share(depth))))
        return calls

    def _row(self, x: Symbol, nest: Nest) -> Array:
        """The row of memory that a row of an input is made of."""
        rows = self.sources[x].rows
        at = nest.index[0], *[whole(0)] * (rows.ndim - 1)
        element = self.to.elements().statement(rows, at, nest)
        assert isinstance(element, Load)
        return Array(element.place, element.index[:1], shape=None if rows.ndim == 2 else x.shape[1:])

    def _find(self, x: Symbol, k: int, starts: Place, counts: Place) -> Part:
        """A part of the lists of a step, of those that are kept."""
        to, kept, (count, depth) = self.to, self.kept[x], x.shape
        first, last = map(int, runtime.share(depth, k, MOST_WORKERS))
        part = Part(k, _BY[k], first, last, kept.values, kept.places, starts, counts, kept.numbers)
        nest = Nest(1)
        (i,) = nest.index
        (at,) = self._row(x, nest).index

        def word(column: int) -> Expr:
            assert at is not None
            return converted(Load(kept.table, (at, whole(column))), INT64)

        inner: list[Stmt] = [
            *nest.body[1],
            Store(starts, (whole(k), i), word(k)),
            Store(counts, (whole(k), i), word(MOST_WORKERS + k)),
        ]
        if part.by == FIRST:  # who works alone walks both parts in a row where their order does not matter
            total = apply(Function("+"), apply(Function("-"), word(1), word(0)), word(MOST_WORKERS + 1))
            inner.append(Store(counts, (whole(WHOLE), i), total))
        body: list[Stmt] = [*nest.body[0], For(nest.axes[0], count, tuple(inner))]
        reads, _ = touched(body, 0, False)
        title = f"{x.name}_{WORDS[k]}, what is not zero"
        to.add(title, body, reads, part.ends, cost=count, by=part.by)
        return part

    def _list(self, x: Symbol, k: int, starts: Place, counts: Place) -> Part:
        """A part of the lists of a step, which it makes."""
        to, source = self.to, self.sources[x]
        (count, depth), rows = x.shape, source.rows
        first, last = map(int, runtime.share(depth, k, MOST_WORKERS))
        name, room = f"{x.name}_{WORDS[k]}", last - first + SPARE
        nest = Nest(1)
        (i,) = nest.index
        row = self._row(x, nest)
        values = to.new(Symbol(name, (count, room), x.dtype))
        places = to.new(Symbol(f"{name}_places", (count, room), _PLACE))
        part = Part(k, _BY[k], first, last, values, places, starts, counts)
        found = to.new(Symbol(f"{name}_found", (count, room), rows.dtype)) if source.chain else values
        ends = whole(first), whole(last)
        own = Array(found, (i,)), Array(places, (i,)), Array(counts, (whole(k),))
        start = Store(starts, (whole(k), i), converted(i * room, INT64))
        inner = [*nest.body[1], start, Call(_LIST, (row, *ends, *own, i))]
        body: list[Stmt] = [*nest.body[0], For(nest.axes[0], count, tuple(inner))]
        if source.chain:  # behind the loop: what was just written in other pieces than it is read takes long
            body.append(self._through(source.chain, found, part))
        reads, writes = touched(body, 0, False)
        mine = {place for place, _ in part.ends}
        reads, writes = ([access for access in x if access[0] not in mine] for x in (reads, writes))
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
        filled = Load(part.counts, (whole(part.number), *nest.index[:1])) + (BLOCK - 1)
        count = apply(Function("&"), filled, whole(-BLOCK))
        inner = (*nest.body[1], For(nest.axes[1], count, tuple(nest.body[2])))
        return For(nest.axes[0], found.shape[0], inner)


def _kept(x: Symbol, source: Source) -> Kept:
    """Places for the lists of an array."""
    rows, name = source.memory.shape[0], source.memory.name
    room = rows * (x.shape[1] + MOST_WORKERS * CHAINS) + SPARE
    return Kept(
        Place(f"{name}_lists", (rows, 2 * MOST_WORKERS), _WORD, "captured"),
        Place(f"{name}_places", (room,), _PLACE, "captured"),
        Place(f"{name}_values", (room,), source.rows.dtype if source.coded else x.dtype, "captured"),
        Place(f"{name}_numbers", (CODES,), x.dtype, "captured") if source.coded else None,
    )


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
        call, sizes = _sized(_PRODUCT, _NARROW_PRODUCT, n, weights)
        ends = whole(part.number), whole(part.number + 1)
        body: list[Stmt] = [
            Call(call, (*part.arrays(bool(sizes)), Array(weights), Array(place), *ends, *sizes))
        ]
        reads = [*part.accesses, (weights, depth)]
        if bias is not None and not part.first:
            body += bias_added(place, bias, count, n)
            reads.append((bias, 0))
        title = f"{symbol.name} = part of {instruction.primitive.name}"
        cost = _cost(y.size * depth)
        to.add(title, body, reads, [(place, 0)], cost=cost, by=part.by)
        to.places[symbol] = place
    add_to(to, made[0], made[1], y)


def _sized(plain: Function, narrow: Function, n: int, table: Place) -> tuple[Function, tuple[Expr, ...]]:
    """The routine for a table of which n columns count, and the sizes that it is to be told."""
    assert table.dtype is not None
    if listed.is_narrow(n, table.dtype.itemsize):
        return narrow, (whole(n), whole(table.shape[1]))
    return plain, ()


def _gradient(lists: Lists, x: Symbol, instruction: Instruction) -> None:
    """x.T @ d: zeros, to which each worker adds in its own rows."""
    to, y = lists.to, instruction.result
    d, place = as_it_is(to, instruction.args[1]), to.new(y)
    title = f"{place.name} = part of {instruction.primitive.name}"
    _add(lists, title, x, d, place, lambda index: Const(0, y.dtype))
    to.places[y] = place


def accumulate(lists: Lists, update: Update) -> None:
    """Add a product onto the captured array it updates, in the rows of what is not zero.

    The factor of the product goes to its right operand, which is the smaller one.
    """
    to, x = lists.to, lists.input(update.left)
    assert x is not None
    right, target = as_it_is(to, update.right), to.places[update.target]
    right, scalars = scaled(to, update, right, "right")
    before = update.shrunk(to.places, to.flat(target))
    _add(lists, f"{target.name} = part of {update.title}", x, right, target, before, scalars)


def _add(
    lists: Lists,
    title: str,
    x: Symbol,
    right: Place,
    target: Place,
    before: Callable[[Index], Expr] | None,
    scalars: Sequence[Access] = (),
) -> None:
    """Sections that add x.T @ right to a matrix, whose elements first become what `before` says, if given."""
    to, parts = lists.to, lists.parts(x)
    call, sizes = _sized(_ONTO, _NARROW_ONTO, right.shape[1], target)
    own: Access = (target, target.shape[0])
    cost = _cost(math.prod(right.shape) * target.shape[0])
    flat, width = to.flat(target), target.shape[1]
    as_one = x in lists.kept  # the parts of a row lie side by side: who works alone walks them as one
    for part in parts[:1] if as_one else parts:
        rows: Share | Between = Share(target.shape[0], width, True)
        ends: tuple[Share | Expr, ...] = (Share(MOST_WORKERS),)
        if not as_one:
            rows = Between(whole(part.first * width), whole(part.last * width))
            ends = whole(part.number), whole(part.number + 1)
        body = [] if before is None else [*filled_nest(flat, before, (rows,))]
        body.append(Call(call, (*part.arrays(bool(sizes)), Array(right), Array(target), *ends, *sizes)))
        reads = [*part.accesses, (right, 0), own, *scalars]
        if as_one:
            with to.nothing_meanwhile():
                to.add(title, body, reads, [own], MOST_WORKERS, MOST_WORKERS * cost)
        else:
            to.add(title, body, reads, [own], cost=cost, by=part.by)


def _cost(multiply_adds: int) -> float:
    """Of a part of a product."""
    return multiply_adds * SHARE_OF_WORK / MULTIPLY_ADDS / MOST_WORKERS
