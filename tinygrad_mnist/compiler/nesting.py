"""What a program is lowered into: its places, and sections that are loop nests."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from ..kernels import bits, runtime
from ..kinds import Formula, Function, Loop, View
from ..primitive import Shape
from .elements import Elements, Index, Nest
from .loops import (
    LAST,
    STEP,
    Access,
    Array,
    Between,
    Call,
    Expr,
    For,
    Load,
    Place,
    Role,
    Section,
    Share,
    Stmt,
    Store,
    apply,
    arrays,
    calls,
    loads,
    parts,
    stores,
    whole,
)
from .program import Program
from .trace import Instruction, Internal, Symbol
from .tuning import INLINE_LIMIT, SMALL, TWICE_LIMIT

FETCH = Function("fetch_rows", runtime.__name__)
_SOME, _MIN = Function("some", bits.__name__), Function(min.__name__)


SUM = Internal("sum of parts", Loop(Formula("a + b")), 2)
COPY = Internal("copy", View(lambda i, shape: i), 1)


class Nesting:
    """The sections of a program so far, and the places they fill.

    Attributes:
        producers: the instruction that gives each symbol.
        uses: how often each symbol is used.
        places: where each symbol is that has been computed so far.
        columns: how many columns a place has, if workers share it out by columns.
        inputs: symbols that are to be computed by columns.
        lowered: symbols whose instructions have been seen to.
        origin: of the sections that are being made.
        rounds: how many loops around the program there are.
        rows: of symbols that are kept of each round, where.
        meanwhile: calls that ask for memory, to be made between others that compute.
    """

    def __init__(self, program: Program, rounds: int = 0) -> None:
        self.program, self.rounds = program, rounds
        self.rows: dict[Symbol, Place] = {}
        self.producers = program.producers()
        self.uses = program.uses()
        self.places: dict[Symbol, Place] = {}
        self.columns: dict[Place, int] = {}
        self.inputs: set[Symbol] = set()
        self.lowered: set[Symbol] = set()
        self.sections: list[Section] = []
        self.buffers: list[Place] = []
        self.aliases: list[Place] = []
        self.origin = ("", "")
        self.meanwhile: list[Call] = []
        self._flat: dict[Place, Place] = {}
        self._fetched: set[tuple[Place, Place, int]] = set()

    # Places ---------------------------------------------------------------------------------------

    def new(self, x: Symbol, role: Role = "buffer") -> Place:
        """A new place for a symbol."""
        if x in self.rows:
            return self.rows[x]
        place = Place(x.name, x.shape, x.dtype, role if x.ndim or role != "buffer" else "scalar")
        if place.role == "buffer":
            self.buffers.append(place)
        return place

    def alias(self, home: Place, name: str, shape: Shape, flat: bool = False) -> Place:
        """A place in the memory of another."""
        place = Place(name, shape, home.dtype, "aliased", home, flat)
        self.aliases.append(place)
        return place

    def flat(self, place: Place) -> Place:
        """A place as one row of elements."""
        if len(place.shape) <= 1:
            return place
        if place not in self._flat:
            self._flat[place] = self.alias(place, f"{place.name}_flat", (math.prod(place.shape),), True)
        return self._flat[place]

    def elements(self, flat: bool = False) -> Elements:
        """What makes expressions."""
        return Elements(self.producers, self.places, self.flat if flat else None)

    def same_memory(self, instruction: Instruction) -> None:
        """A view in order of a place: the place itself in another shape."""
        x, y = instruction.args[0], instruction.result
        if x.ndim and y.ndim:
            self.places[y] = self.alias(self.places[x], y.name, y.shape)
        else:
            self.fill(y)

    def deserves_place(self, y: Symbol) -> bool:
        """Whether a value is computed once and kept, and not where it is needed."""
        kind = self.producers[y].primitive.kind
        if isinstance(kind, View) and kind.at is None:
            return False
        if y.ndim == 0:
            return True
        cost = self.elements().cost(y)
        if cost > INLINE_LIMIT or (cost > TWICE_LIMIT and self.uses[y] > 1):
            return True
        # a user that broadcasts y needs each element many times
        users = (i for i in self.program.instructions if any(x is y for x in i.args))
        return cost > 1 and any(
            isinstance(i.primitive.kind, Loop | View) and i.result.size > y.size for i in users
        )

    # Sections -------------------------------------------------------------------------------------

    def add(
        self,
        title: str,
        body: Sequence[Stmt],
        reads: Iterable[Access] | None = None,
        writes: Iterable[Access] | None = None,
        rows: int = 0,
        cost: float = 1.0,
        everyone: bool = False,
        by: str = "",
    ) -> None:
        """A section, in terms of the memory that really is there; a single row is nobody's own."""
        if reads is None or writes is None:
            reads, writes = touched(body, rows, everyone)
        reads, writes = list(reads), list(writes)
        if rows > 1 and self.meanwhile:
            call = self.meanwhile.pop(0)
            body = [*body, call]
            reads += [(x.place, 0) for x in arrays([call])]
        if rows == 1:
            rows, reads, writes = 0, [(place, 0) for place, _ in reads], [(place, 0) for place, _ in writes]
        found = set(map(_home, reads)), set(map(_home, writes))
        self.sections.append(Section(title, tuple(body), *found, rows, everyone, cost, by, self.origin))

    @contextmanager
    def nothing_meanwhile(self) -> Iterator[None]:
        """Within the block no section asks for memory besides."""
        waiting, self.meanwhile = self.meanwhile, []
        yield
        self.meanwhile = waiting

    def comes_from(self, x: Symbol) -> None:
        """From here on sections are part of what gave a value."""
        if x in self.producers and any(self.producers[x].origin):
            self.origin = self.producers[x].origin

    def title(self, target: str, x: Symbol, last: str = "") -> str:
        """Names of the primitives that a nest computes, in order."""
        names: list[str] = []
        seen: set[Symbol] = set()
        stack = [x]
        while stack:
            y = stack.pop()
            if y in self.producers and y not in self.places and y not in seen:
                seen.add(y)
                names.append(self.producers[y].primitive.name)
                stack += self.producers[y].symbols
        names = names[::-1] + ([last] if last else [])
        return f"{target} = {', '.join(names) or self.places[x].name}"

    def fill(self, x: Symbol) -> None:
        """Compute a value into a place of its own."""
        place = self.new(x)
        if x in self.inputs:
            self.columns[place] = x.shape[-1]
        self.store(x, place)
        self.places[x] = place

    def store(self, x: Symbol, place: Place) -> None:
        """A nest that writes every element of a value."""
        nest, elements = Nest(x.ndim), self.elements()
        title, cost = self.title(place.name, x), x.size * (1 + elements.cost(x))
        value = elements.statement(x, nest.index, nest)
        output = place.role == "output"
        columns = 0 if output or x.ndim != 2 else self._shared_columns(place, nest, value)
        if x.ndim > 1 and not output and not columns and elements.is_flat(x, x.shape):
            self.store_together([(place, x)])
            return
        nest.body[-1].append(Store(place, nest.index, value))
        if place.role == "scalar":
            self.add(title, nest.body[0], cost=1.0, everyone=True)
            return
        if columns:
            body = [*closed(nest, (x.shape[0], Share(columns, 1, True))), *self.fetches(nest, 0, columns)]
            reads, writes = by_columns(body, nest.index, columns)
            self.add(title, body, reads, writes, columns, cost)
            self.columns[place] = columns
            return
        alone = x.ndim == 0 or (x.ndim == 1 and x.size <= SMALL)
        self.nest(nest, x.shape, title, 0 if alone else x.shape[0], cost)

    def _shared_columns(self, place: Place, nest: Nest, value: Expr) -> int:
        """How many columns the workers share out in a nest that fills or reads a place they share so."""
        body = [*(s for statements in nest.body for s in statements), Store(place, nest.index, value)]
        found = {place, *(load.place for load in loads(body) if load.index == nest.index)}
        columns = max((self.columns.get(p, 0) for p in found), default=0)
        column = nest.index[1]
        return columns if not any(_computes_with(s.value, column) for s in stores(body)) else 0

    def store_together(self, pairs: Sequence[tuple[Place, Symbol]]) -> None:
        """Fill arrays of one shape in one loop: all new elements are computed before any is stored.

        The loop is longer, so faster, than the innermost of several.
        """
        shape, size = pairs[0][1].shape, pairs[0][1].size
        nest, elements = Nest(1), self.elements(flat=True)
        cost = sum(size * (1 + elements.cost(value)) for _, value in pairs)
        title = "; ".join(self.title(place.name, value) for place, value in pairs)
        news: list[Expr] = []
        made = elements.statement if len(pairs) == 1 else elements.at
        for _, value in pairs:
            new = made(value, nest.index, nest)
            named = len(pairs) == 1 or (isinstance(new, Load) and not new.index)
            news.append(new if named else nest.local((value, "new"), new, value.name))
        for (place, _), new in zip(pairs, news, strict=True):
            nest.body[1].append(Store(self.flat(place), nest.index, new))
        rows = shape[0] if len(shape) > 1 or size > SMALL else 0
        share = Share(shape[0], size // max(shape[0], 1), True)
        body = closed(nest, (share if rows else share.count,))
        self.add(title, body, rows=rows, cost=cost)

    def nest(
        self,
        nest: Nest,
        shape: Shape,
        title: str,
        rows: int = 0,
        cost: float = 0.0,
        after: tuple[int, Stmt] | None = None,
        blocks: Blocks | None = None,
    ) -> None:
        """A section of one nest; its outermost loop is shared out if it has `rows`; see `closed`."""
        counts = [Share(rows) if rows and not d else n for d, n in enumerate(shape)]
        body = [*closed(nest, counts, after, blocks), *self.fetches(nest, rows)]
        self.add(title, body, rows=rows, cost=cost or math.prod(shape))

    def fetches(self, nest: Nest, rows: int, columns: int = 0) -> list[Stmt]:
        """Have the rows of tables that the next step looks up brought near meanwhile."""
        found: list[Stmt] = []
        for table, positions, count in nest.rows:
            if (table, positions, count) not in self._fetched:
                self._fetched.add((table, positions, count))
                width = math.prod(table.shape[1:])
                ends = [*_ends(count, rows == count), *_ends(width, columns == width)]
                found.append(Call(FETCH, (Array(table), Array(positions, all_steps=True), STEP, LAST, *ends)))
        return found


def _ends(n: int, shared: bool) -> tuple[Share | Expr, ...]:
    return (Share(n),) if shared else (whole(0), whole(n))


class Blocks(NamedTuple):
    """What is special about the loops of a nest.

    Attributes:
        depth, size: the loop at this depth runs in blocks of so many iterations, if any.
        before, after: statements around each block.
        loose: the innermost loop has additions whose order LLVM may choose: the same one in every row.
    """

    depth: int = 0
    size: int = 0
    before: Sequence[Stmt] = ()
    after: Sequence[Stmt] = ()
    loose: bool = False


def closed(
    nest: Nest,
    counts: Sequence[int | Share | Between],
    after: tuple[int, Stmt] | None = None,
    blocks: Blocks | None = None,
) -> tuple[Stmt, ...]:
    """A nest's statements in loops of so many rounds; `after` follows the loops inside a depth."""
    blocks = blocks or Blocks()
    ends = {after[0]: [after[1]]} if after else {}
    body = [*nest.body[len(counts)], *ends.get(len(counts), [])]
    for depth in reversed(range(len(counts))):
        axis, count = nest.axes[depth], counts[depth]
        if blocks.size and depth == blocks.depth and isinstance(count, int):
            block = Place("block", (), None, "index")
            first, stop = Load(block) * blocks.size, (Load(block) + 1) * blocks.size
            part = For(axis, Between(whole(first), apply(_MIN, whole(stop), whole(count))), tuple(body))
            loop = For(block, -(-count // blocks.size), (*blocks.before, part, *blocks.after))
        elif blocks.loose and depth == len(counts) - 1 and isinstance(count, int):
            loop = For(axis, apply(_SOME, whole(count)), tuple(body))
        else:
            loop = For(axis, count, tuple(body))
        body = [*nest.body[depth], loop, *ends.get(depth, [])]
    return tuple(body)


def filled_nest(
    place: Place, value: Callable[[Index], Expr], counts: Sequence[int | Share | Between] = ()
) -> tuple[Stmt, ...]:
    """Loops that set the elements of a place, all or so many, to a value, which may depend on the index."""
    nest = Nest(len(place.shape))
    nest.body[-1].append(Store(place, nest.index, value(nest.index)))
    return closed(nest, counts or place.shape)


def touched(body: Sequence[Stmt], rows: int, everyone: bool) -> tuple[list[Access], list[Access]]:
    """What statements read and write; of places with so many rows a worker's own, where it goes along."""
    outer = {Load(s.index) for s in body if isinstance(s, For) and isinstance(s.count, Share)}

    def own(place: Place, index: Sequence[Any]) -> Access:
        walks = rows and place.role != "output" and index and index[0] in outer
        return place, rows if walks and (place.flat or place.shape[0] == rows) else 0

    made = {s.place for s in stores(body) if s.place.role == "scalar"}
    reads = [own(x.place, x.index) for x in loads(body) if x.place.role != "index" and x.place not in made]
    writes = [own(s.place, s.index) for s in stores(body) if everyone or s.place.role != "scalar"]
    for call in calls(body):
        given = [own(x.place, x.index) for x in arrays([call])]
        reads += given
        writes += given[-1:] if call.function is not FETCH else []
    return reads, writes


def by_columns(body: Sequence[Stmt], index: Index, columns: int) -> tuple[list[Access], list[Access]]:
    """As `touched`, for a nest whose inner loop is shared out."""
    reads, _ = touched(body, 0, False)
    own = {load.place for load in loads(body) if load.index == index}
    other = {load.place for load in loads(body) if load.index != index}
    shared = own - other
    written = [(s.place, -columns) for s in stores(body) if s.place.role != "scalar"]
    return [(place, -columns if place in shared else 0) for place, _ in reads], written


def _home(access: Access) -> Access:
    """An access in terms of the place whose memory it is."""
    place, rows = access
    while place.home is not None:
        place, flat = place.home, place.flat
        rows = rows if flat or (rows > 0 and place.shape[:1] == (rows,)) else 0
    return place, rows


def _computes_with(x: Expr, variable: Expr) -> bool:
    """Whether a variable is more in an expression than the last index of what is read."""
    if x == variable:
        return True
    inner = x.index[:-1] if isinstance(x, Load) and x.index[-1:] == (variable,) else None
    if inner is None:
        inner = tuple(parts(x))
    return any(_computes_with(part, variable) for part in inner)
