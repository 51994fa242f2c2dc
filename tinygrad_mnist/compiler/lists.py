"""Sections of products that skip zeros: they list what is not zero of an input, and walk the lists.

Lists are made in two parts, of the first and the second half of an input's columns. Each part is made,
multiplied and added to its own rows of the weights by one worker, whose cache keeps them; what workers
exchange are the parts of a small sum. Whether there are two workers or one, the numbers are the same.

Lists of rows of memory may have been kept from an earlier scan (see `keeping`); others are made in their
step, as those of arguments are. The numbers are the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ..kernels import listed, runtime
from ..kernels.lists import BLOCK, CODES, SPARE, WHOLE, list_room
from ..kinds import Function, Matrices
from .elements import Elements, Index, Nest
from .listing import Source, middle
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
    Select,
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
_LIST, _FIND, _FETCH, _PRODUCT, _ONTO = (
    Function(name, runtime.__name__)
    for name in ("list_row", "find_lists", "fetch_lists", "matmul_listed", "accumulate_listed")
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
    """Lists of rows of an array, and room before them for those of one step: see `keeping`.

    Attributes:
        table: per row, where the lists of its two parts begin, and how many entries they have; -1 if there
            are none.
        places, values: of all entries.
        numbers: what the values are positions in, if they are not numbers themselves.
        found: room for the numbers of a step as they are found, if they are.
    """

    table: Place
    places: Place
    values: Place
    numbers: Place | None
    found: Place | None


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
            self._parts[x] = (
                self._find(x, starts, counts)
                if x in self.kept
                else [self._list(x, k, starts, counts) for k in range(MOST_WORKERS)]
            )
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
                    lists, sizes = map(Array, self.kept[x][:3]), (whole(self._middle(x)), whole(depth))
                    shared = Share(MOST_WORKERS)
                    calls.append(Call(_FETCH, (*lists, Array(table), *rest, *sizes, shared)))
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

    def _find(self, x: Symbol, starts: Place, counts: Place) -> list[Part]:
        """The lists of a step, of those that are kept; each worker makes its part of the others.

        What is written into the room for those is not told: a worker reads what it has written itself.
        """
        to, kept, (count, depth) = self.to, self.kept[x], x.shape
        nest = Nest(1)
        (i,) = nest.index
        row = self._row(x, nest)
        lists = map(Array, (kept.places, kept.found or kept.values, starts, counts))
        ends = whole(self._middle(x)), whole(self.sources[x].gap), Share(MOST_WORKERS)
        call = Call(_FIND, (Array(kept.table, row.index[:1]), row, *lists, i, *ends))
        body: list[Stmt] = [*nest.body[0], For(nest.axes[0], count, (*nest.body[1], call))]
        parts = [
            Part(k, _BY[k], *self._columns(x, k), kept.values, kept.places, starts, counts, kept.numbers)
            for k in range(MOST_WORKERS)
        ]
        reads = [access for access in touched(body, 0, False)[0] if access[0] not in (starts, counts)]
        title = f"{x.name}, what is not zero"
        to.add(title, body, reads, parts[0].ends, MOST_WORKERS, MOST_WORKERS * count)
        for part in parts if kept.found else ():
            assert kept.found is not None
            nest = Nest(2)
            i, j = nest.index
            start, filled = Load(starts, (whole(part.number), i)), _filled(part, i)
            made = apply(Function("<"), start, whole(kept.found.shape[0]))
            end = apply(Function("+"), start, Select(made, filled, Const(0, INT64)))
            nest.body[2].append(Store(part.values, (j,), self._through(x, kept.found, (j,), nest)))
            loop = For(nest.axes[1], Between(start, end), tuple(nest.body[2]))
            body = [For(nest.axes[0], count, (*nest.body[1], loop))]
            title = to.title(f"{x.name}_{WORDS[part.number]}", x)
            to.add(title, body, [(kept.found, 0), *part.ends], [], cost=count * depth, by=part.by)
        return parts

    def _list(self, x: Symbol, k: int, starts: Place, counts: Place) -> Part:
        """A part of the lists of a step, which it makes."""
        to, source = self.to, self.sources[x]
        (count, depth), rows = x.shape, source.rows
        first, last = self._columns(x, k)
        name, room = f"{x.name}_{WORDS[k]}", last - first + SPARE
        nest = Nest(1)
        (i,) = nest.index
        row = self._row(x, nest)
        values = to.new(Symbol(name, (count, room), x.dtype))
        places = to.new(Symbol(f"{name}_places", (count, room), _PLACE))
        part = Part(k, _BY[k], first, last, values, places, starts, counts)
        found = to.new(Symbol(f"{name}_found", (count, room), rows.dtype)) if source.chain else values
        ends = whole(first), whole(last), whole(source.gap * k)
        own = Array(found, (i,)), Array(places, (i,)), Array(counts, (whole(k),))
        start = Store(starts, (whole(k), i), converted(i * room, INT64))
        inner = [*nest.body[1], start, Call(_LIST, (row, *ends, *own, i))]
        body: list[Stmt] = [*nest.body[0], For(nest.axes[0], count, tuple(inner))]
        if source.chain:  # behind the loop: what was just written in other pieces than it is read takes long
            nest = Nest(2)
            nest.body[2].append(Store(values, nest.index, self._through(x, found, nest.index, nest)))
            loop = For(nest.axes[1], _filled(part, nest.index[0]), tuple(nest.body[2]))
            body.append(For(nest.axes[0], count, (*nest.body[1], loop)))
        reads, writes = touched(body, 0, False)
        mine = {place for place, _ in part.ends}
        reads, writes = ([access for access in x if access[0] not in mine] for x in (reads, writes))
        writes += [*part.accesses, (found, 0)]
        title = f"{to.title(name, x)}, what is not zero"
        to.add(title, body, reads, writes, cost=count * depth / MOST_WORKERS, by=part.by)
        return part

    def _middle(self, x: Symbol) -> int:
        """Where the second part of the columns of an input begins."""
        return middle(x.shape[1], self.sources[x].gap)

    def _columns(self, x: Symbol, part: int) -> tuple[int, int]:
        """Which columns of an input are a part."""
        return (self._middle(x), x.shape[1]) if part else (0, self._middle(x))

    def _through(self, x: Symbol, found: Place, index: Index, nest: Nest) -> Expr:
        """What becomes of a number of an input that was found."""
        y = Symbol(found.name, found.shape, found.dtype)
        places, producers = {y: found}, {}
        for instruction in self.sources[x].chain:
            z = Symbol(instruction.result.name, found.shape, instruction.result.dtype)
            args = tuple(y if isinstance(a, Symbol) else a for a in instruction.args)
            producers[z] = Instruction(instruction.primitive, args, z, instruction.origin)
            y = z
        return Elements(producers, places).statement(y, index, nest)


def _filled(part: Part, i: Expr) -> Expr:
    """How many entries the list of a row has, up to a whole number of blocks."""
    filled = Load(part.counts, (whole(part.number), i)) + (BLOCK - 1)
    return apply(Function("&"), filled, whole(-BLOCK))


def _kept(x: Symbol, source: Source) -> Kept:
    """Places for the lists of an array."""
    count, name, size = source.memory.shape[0], source.memory.name, x.shape[0] * list_room(x.shape[1])
    return Kept(
        Place(f"{name}_lists", (count, 2 * MOST_WORKERS), _WORD, "captured"),
        Place(f"{name}_places", (size,), _PLACE, "captured"),
        Place(f"{name}_values", (size,), source.rows.dtype if source.coded else x.dtype, "captured"),
        Place(f"{name}_numbers", (CODES,), x.dtype, "captured") if source.coded else None,
        Place(f"{name}_found", (size,), source.rows.dtype, "captured") if source.changed else None,
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
        reads = [*part.accesses, (weights, weights.shape[0])]
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
            first, last = map(int, runtime.share(target.shape[0], part.number, MOST_WORKERS))
            rows = Between(whole(first * width), whole(last * width))
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
