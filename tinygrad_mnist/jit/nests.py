"""What a program is written with: its buffers, and sections that are loop nests."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

from ..primitive import Shape
from .expression import Expressions, Nest, flat_name, unwrapped
from .program import Program
from .sections import Access, Section, bounds, unsigned_bounds
from .trace import Instruction, Symbol

AXES = "ijklmnpqrtuvwxyz"
INDENT = "    "
_INLINE_LIMIT = 80  # work of one element beyond which an expression gets a buffer in any case
_TWICE_LIMIT = 4  # work beyond which a value that is used twice gets a buffer
_SMALL = 256  # elements of a vector that one worker does alone


class Nests:
    """The sections of a program so far, and the buffers they fill.

    Attributes:
        producers: the instruction that gives each symbol.
        uses: how often each symbol is used.
        buffers: name of the variable that holds each symbol computed so far.
        shapes: of the arrays by name.
        columns: how many columns an array has, by name, if workers share it out by columns.
        homes: by the name of an array that is another one in another shape, that one's name.
        allocated: the arrays that the program needs to work in.
        views: lines that define arrays which share memory with others.
        inputs: symbols that are to be computed by columns.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.producers = {i.result: i for i in program.instructions}
        self.uses = program.uses()
        self.buffers: dict[Symbol, str] = {s: s.name for s in program.captured}
        self.shapes: dict[str, Shape] = {s.name: s.shape for s in program.captured}
        self.columns: dict[str, int] = {}
        self.homes: dict[str, str] = {}
        self.allocated: list[Symbol] = []
        self.views: list[str] = []
        self.fetched: set[tuple[str, str, int]] = set()
        self.sections: list[Section] = []
        self.inputs: set[Symbol] = set()

    def _add(
        self,
        lines: list[str],
        reads: Iterable[Access],
        writes: Iterable[Access],
        rows: int = 0,
        cost: float = 1.0,
        everyone: bool = False,
        by: str = "",
    ) -> None:
        """A section, in terms of the arrays that really are there; a single row is nobody's own."""
        if rows == 1:
            rows, reads, writes = 0, [(name, 0) for name, _ in reads], [(name, 0) for name, _ in writes]
        reads, writes = set(map(self._home, reads)), set(map(self._home, writes))
        self.sections.append(Section(lines, reads, writes, rows, everyone, cost, by))

    def _home(self, access: Access) -> Access:
        name, rows = access
        if name not in self.homes:
            return access
        home = self.homes[name]
        return self._home((home, rows if rows > 0 and self.shapes[home][:1] == (rows,) else 0))

    def _reads(self, nest: Nest, rows: int) -> set[Access]:
        """What a nest reads; of buffers with so many rows only a worker's own, if it walks along them."""
        return {(name, rows if self._own_rows(name, index, rows) else 0) for name, index in nest.reads}

    def _own_rows(self, name: str, index: tuple[str, ...], rows: int) -> bool:
        return index[:1] == ("i",) and self.shapes.get(name, ())[:1] == (rows,)

    def _flat(self, names: Iterable[str], size: int) -> None:
        """Have buffers as rows of so many elements, too."""
        for name in names:
            line = f"{flat_name(name)} = {name}.reshape({size})"
            if line not in self.views:
                self.views.append(line)

    def _deserves_buffer(self, y: Symbol) -> bool:
        if self.producers[y].primitive.name == "fill":
            return False
        if y.ndim == 0:
            return True
        cost = self._expressions(y).cost(y)
        if cost > _INLINE_LIMIT or (cost > _TWICE_LIMIT and self.uses[y] > 1):
            return True
        # a user that broadcasts y needs each element many times
        users = (i for i in self.program.instructions if any(x is y for x in i.args))
        return cost > 1 and any(
            i.primitive.kind in ("loop", "view") and i.result.size > y.size for i in users
        )

    def _expressions(self, x: Symbol, flat: bool = False) -> Expressions:
        return Expressions(self.producers, self.buffers, AXES[:1] if flat else AXES[: x.ndim], flat)

    def _allocate(self, x: Symbol) -> str:
        if x.ndim:
            self.allocated.append(x)
            self.shapes[x.name] = x.shape
        return x.name

    def _comment(self, target: str, x: Symbol, last: str = "") -> str:
        """Name the primitives that a nest computes, in order."""
        names: list[str] = []
        seen: set[Symbol] = set()
        stack = [x]
        while stack:
            y = stack.pop()
            if y in self.producers and y not in self.buffers and y not in seen:
                seen.add(y)
                names.append(self.producers[y].primitive.name)
                stack += [a for a in self.producers[y].args if isinstance(a, Symbol)]
        names = names[::-1] + ([last] if last else [])
        return f"# {target} = {', '.join(names) or self.buffers[x]}"

    def _fill(self, x: Symbol) -> None:
        """Compute every element of x into a buffer of its own."""
        name = self._allocate(x)
        if x in self.inputs:
            self.columns[name] = x.shape[-1]
        self._store(x, name)
        self.buffers[x] = name

    def _same_memory(self, instruction: Instruction) -> None:
        x, y = instruction.args[0], instruction.result
        if not (x.ndim and y.ndim):
            self._fill(y)
            return
        stored = self.buffers[x]
        moving = stored.endswith("_s")  # in every step another place
        name = f"{y.name}_s" if moving else y.name
        self.shapes[name] = y.shape
        line = f"{name} = {stored}.reshape({y.shape!r})"
        if moving:
            self._add([line], {(stored, 0)}, {(name, 0)}, everyone=True)
        else:
            self.views.append(line)
            self.homes[name] = stored
        self.buffers[y] = name

    def _store(self, x: Symbol, name: str, step: str = "") -> None:
        """Compute every element of x into the array `name`, or into its element `step` if given."""
        target = f"{name}[{step}]" if step else name
        comment = self._comment(target, x)
        axes = tuple(AXES[: x.ndim])
        nest = Nest(x.ndim)
        expressions = self._expressions(x)
        cost = x.size * (1 + expressions.cost(x))
        text = expressions.statement(x, axes, nest)
        columns = 0 if step or x.ndim != 2 else self._shared_columns(name, nest, text)
        if x.ndim > 1 and not step and not columns and expressions.is_flat(x, x.shape):
            self._store_flat(x, name, comment)
            return
        place = [step] if step else []
        cell = ["()"] if x.ndim == 0 and name in self.shapes else []  # of a captured array without axes
        nest.lines[-1].append(f"{element_text(name, [*place, *axes] or cell)} = {text}")
        if x.ndim == 0 and not step and not cell:
            self._add([comment, *nest.lines[0]], self._reads(nest, 0), {(name, 0)}, everyone=True)
            return
        if columns:
            self._loops_by_columns(nest, x.shape, comment, name, cost)
            return
        alone = x.ndim == 0 or (x.ndim == 1 and x.size <= _SMALL)
        rows = 0 if alone else x.shape[0]
        self._loops(nest, x.shape, [comment], {(name, 0 if step else rows)}, rows, cost)

    def _shared_columns(self, name: str, nest: Nest, text: str) -> int:
        """How many columns the workers share out in a nest that fills or reads a buffer they share so."""
        names = {name, *(read for read, index in nest.reads if index == ("i", "j"))}
        columns = max((self.columns.get(read, 0) for read in names), default=0)
        rest = re.sub(r"\[[^]]*\bj\]", "", "\n".join([text, *chain(*nest.lines)]))
        only_index = not re.search(r"\bj\b", rest)
        return columns if only_index else 0

    def _store_flat(self, x: Symbol, name: str, comment: str) -> None:
        """As `_store`, with one loop over all elements: longer, so faster, than the innermost of several."""
        nest = Nest(1)
        expressions = self._expressions(x, flat=True)
        cost = x.size * (1 + expressions.cost(x))
        nest.lines[-1].append(f"{flat_name(name)}[i] = {expressions.statement(x, ('i',), nest)}")
        self._flat((name, *nest.flat), x.size)
        rows = x.shape[0]
        reads = {(buffer, rows if buffer in nest.flat else 0) for buffer, _ in nest.reads}
        lines = [comment, *nest.lines[0], f"for i in range({unsigned_bounds(rows, x.size // max(rows, 1))}):"]
        lines += [INDENT + line for line in nest.lines[1]]
        self._add(lines, reads, {(name, rows)}, rows, cost)

    def _store_together(self, pairs: Sequence[tuple[Symbol, Symbol]]) -> None:
        """Replace arrays of one shape in one loop: all new elements are computed before any is stored."""
        shape, size = pairs[0][0].shape, pairs[0][0].size
        nest, expressions = Nest(1), self._expressions(pairs[0][1], flat=True)
        cost = sum(size * (1 + expressions.cost(value)) for _, value in pairs)
        comments = [self._comment(target.name, value) for target, value in pairs]
        news = []
        for _, value in pairs:
            text = unwrapped(expressions.at(value, ("i",), nest))
            named = len(pairs) == 1 or text.isidentifier()
            news.append(text if named else nest.local((value, "new"), text, 1, value.name))
        for (target, _), new in zip(pairs, news, strict=True):
            name = flat_name(target.name) if len(shape) > 1 else target.name
            nest.lines[1].append(f"{name}[i] = {new}")
        if len(shape) > 1:
            self._flat((*(target.name for target, _ in pairs), *nest.flat), size)
        rows = shape[0] if len(shape) > 1 or size > _SMALL else 0
        times = size // max(shape[0], 1)
        lines = [*comments, *nest.lines[0], f"for i in range({unsigned_bounds(shape[0], times)}):"]
        lines += [INDENT + line for line in nest.lines[1]]
        writes = [(target.name, rows) for target, _ in pairs]
        self._add(lines, self._reads(nest, rows), writes, rows, cost)

    def _loops_by_columns(self, nest: Nest, shape: Shape, comment: str, name: str, cost: float) -> None:
        """A section of one nest whose inner loop is shared out: each worker has some columns of each row."""
        n = shape[1]
        reads = {(read, -n if index == ("i", "j") else 0) for read, index in nest.reads}
        lines = [comment, *nest_lines(nest, shape, 0, n), *self._fetches(nest, 0, n)]
        self._add(lines, reads, {(name, -n)}, n, cost)
        self.columns[name] = n

    def _fetches(self, nest: Nest, rows: int, columns: int = 0) -> list[str]:
        """Have the rows of tables that the next step looks up brought near."""
        lines = []
        for table, argument, count in sorted(nest.rows - self.fetched):
            self.fetched.add((table, argument, count))
            width = math.prod(self.shapes[table][1:])
            lines += [
                "if step + 1 < last:  # have the next step's rows brought near meanwhile",
                f"{INDENT}for i in range({bounds(count) if rows == count else f'0, {count}'}):",
                f"{INDENT * 2}fetch_row({table}, {argument}[step + 1, i], "
                f"{bounds(width) if columns == width else f'0, {width}'})",
            ]
        return lines

    def _loops(
        self,
        nest: Nest,
        shape: Shape,
        before: Sequence[str],
        writes: Iterable[Access],
        rows: int = 0,
        cost: float = 0.0,
    ) -> None:
        """A section of one nest; its outermost loop is shared out if it has `rows`.

        `before` are lines that precede it.
        """
        lines = [*before, *nest_lines(nest, shape, rows)]
        lines += self._fetches(nest, rows)
        self._add(lines, self._reads(nest, rows), writes, rows, cost or math.prod(shape))


class Loops(NamedTuple):
    """What is special about the loops of a nest.

    Attributes:
        depth, block: the loop at this depth runs in blocks of so many iterations, if any.
        before, after: statements around each block.
        loose: the innermost loop has additions whose order LLVM may choose: the same one in every row.
    """

    depth: int = 0
    block: int = 0
    before: Sequence[str] = ()
    after: Sequence[str] = ()
    loose: bool = False


def nest_lines(
    nest: Nest, shape: Shape, rows: int, columns: int = 0, loops: Loops | None = None
) -> list[str]:
    """A nest's statements in their loops; workers share out so many rows, or columns."""
    lines: list[str] = []
    last: list[str] = []
    within = ""
    for depth, statements in enumerate(nest.lines):
        lines += [within + line for line in statements]
        if depth < len(shape):
            axis, n = AXES[depth], shape[depth]
            ends = f"{n}"
            if rows and depth == 0:
                ends = bounds(rows)
            elif columns and depth == len(shape) - 1:
                ends = unsigned_bounds(columns, 1)
            elif loops and loops.block and depth == loops.depth:
                lines.append(f"{within}for block in range({-(-n // loops.block)}):")
                within += INDENT
                lines += [within + line for line in loops.before]
                last = [within + line for line in loops.after]
                ends = f"block * {loops.block}, min((block + 1) * {loops.block}, {n})"
            elif loops and loops.loose and depth == len(shape) - 1:
                ends = f"some({n})"
            lines.append(f"{within}for {axis} in range({ends}):")
            within += INDENT
    return lines + last


def nested(axes: Iterable[tuple[str, int]], statement: str) -> list[str]:
    """A statement in loops of these variables and lengths."""
    lines, within = [], ""
    for axis, n in axes:
        lines.append(f"{within}for {axis} in range({n}):")
        within += INDENT
    return [*lines, within + statement]


def filled_nest(y: Symbol, buffer: str, value: str) -> list[str]:
    """Loops that set every element of a buffer to a value, which may depend on its index."""
    axes = AXES[: y.ndim]
    return nested(zip(axes, y.shape, strict=True), f"{element_text(buffer, axes)} = {value}")


def element_text(name: str, index: Sequence[str]) -> str:
    """An element of an array, or a scalar if the index is empty."""
    return f"{name}[{', '.join(index)}]" if index else name
