"""A program as readable Python source: buffers, loop nests, matrix products, and the loop over steps."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from ..primitive import REGISTRY, Shape
from .expression import Expressions, Nest, converted, flat_name, literal
from .program import Program
from .sections import (
    EVERYONE,
    FIRST,
    LAST,
    MOST_WORKERS,
    Access,
    Section,
    bounds,
    shared_out,
    shares,
    unsigned_bounds,
)
from .trace import Instruction, Symbol
from .updates import Update, accumulated

_AXES = "ijklmnpqrtuvwxyz"
_INLINE_LIMIT = 80  # work of one element beyond which an expression gets a buffer in any case
_TWICE_LIMIT = 4  # work beyond which a value that is used twice gets a buffer
_MULTIPLY_ADDS = 16  # of a product, in the time of an addition
_WORTH_SHARING = 20_000  # work of a step from which on several workers are faster than one
_WORTH_PARTS = 1 << 16  # multiply-adds from which on a sum is shared out
_WIDE = 256  # terms of a sum that is worth sharing out; results of one that is not shared out itself
_SMALL = 256  # elements of a vector that one worker does alone
_WORTH_COLUMNS = 1 << 22  # multiply-adds from which on a wide product is shared out by columns
_INDENT = "    "
#: Where the names in a program come from.
_MODULES = {
    "numpy": "bool_ uint8 uint16 uint32 uint64 int8 int16 int32 int64 float32 float64 "
    "empty sqrt sign inf nan",
    "tinygrad_mnist.kernels.runtime": "accumulate accumulate_columns fetch_row greater less matmul "
    "matmul_columns matmul_part maximum meet minimum position quotient share span",
    "tinygrad_mnist.kernels.philox": "normal_at_float32 normal_at_float64 "
    "uniform_at_float32 uniform_at_float64",
    "tinygrad_mnist.kernels.policy": "program_kernel",
    "tinygrad_mnist.kernels.scalar": "cos erf exp expm1 log log1p pow sigmoid sin tanh",
}


class Source(NamedTuple):
    """A program as text.

    Attributes:
        text: a module whose function `program` runs the steps from `first` up to `last`.
        shared: whether several workers can run it together. Then the function takes, after the
            steps, the number of a worker (from 0), how many there are, and an array where they meet;
            and at the end the buffers.
        buffers: those.

    The array arguments in any case are the program's arguments, each with an axis of steps in front;
    the captured arrays, which it updates in place; and the outputs, again with an axis of steps.
    """

    text: str
    shared: bool
    buffers: tuple[Symbol, ...]


def source(program: Program) -> Source:
    """Print a program."""
    return _Emitter(program).module()


class _Emitter:
    """Writes one program.

    Every value is either a buffer, filled by a loop nest or a product of its own, or an
    expression that joins the nests that use it. Buffers are: what reductions and contractions
    give, what contractions take, and what is expensive and used more than once.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.producers = {i.result: i for i in program.instructions}
        self.uses = program.uses()
        self.buffers: dict[Symbol, str] = {s: s.name for s in program.captured}
        self.shapes: dict[str, Shape] = {s.name: s.shape for s in program.captured}
        self.columns: dict[str, int] = {}  # how many a buffer has that workers share out by columns
        self.homes: dict[str, str] = {}  # of a buffer that is another one in another shape
        self.allocated: list[Symbol] = []
        self.views: list[str] = []
        self.fetched: set[tuple[str, str, int]] = set()
        self.sections: list[Section] = []
        self.inputs = _inputs_by_columns(program, self.producers)
        self.onto = accumulated(program, self.producers, self.uses)

    def module(self) -> Source:
        program = self.program
        for x in program.captured:
            if x.ndim == 0:
                self.buffers[x] = f"{x.name}_0"
                line = f"{x.name}_0 = {x.name}[()]"
                self._add([line], {(x.name, 0)}, {(f"{x.name}_0", 0)}, everyone=True)
        for x in program.arguments:
            self.buffers[x] = f"{x.name}_s"
            self._add([f"{x.name}_s = {x.name}[step]"], (), {(f"{x.name}_s", 0)}, everyone=True)
        for instruction in program.instructions:
            self._place(instruction)
        self._outputs()
        self._updates()
        shared = sum(section.cost for section in self.sections) >= _WORTH_SHARING
        body = self._shared_body() if shared else self._body()
        names = ["first", "last", *(["worker", "workers", "meeting"] if shared else [])]
        names += [s.name for s in (*program.arguments, *program.captured)]
        names += [f"o{k}" for k in range(len(program.outputs))]
        names += [s.name for s in self.allocated if shared]
        lines = ["@program_kernel", f"def program({', '.join(names)}):"]
        before = shares(body) if shared else [_allocation(s) for s in self.allocated]
        lines += [_INDENT + line for line in (*before, *self.views)]
        lines += [f"{_INDENT}for step in range(first, last):"]
        lines += [_INDENT * 2 + line for line in body or ["pass"]]
        text = "\n".join([*_imports(lines), "", "", *lines, ""])
        return Source(text, shared, tuple(self.allocated) if shared else ())

    def _body(self) -> list[str]:
        return [_plain(line) for section in self.sections for line in section.text(False)]

    def _shared_body(self) -> list[str]:
        """The sections as workers do them, who meet once more at the end of each step."""
        meet = ["if not meet(meeting, workers):", f"{_INDENT}return"]
        lines: list[str] = []
        before = EVERYONE
        for by, section in shared_out(self.sections):
            if by != EVERYONE and by != before:
                lines.append(f"if {by}:")
            before = by
            text = meet if section is None else section.text(True)
            lines += [_INDENT * (by != EVERYONE) + _plain(line) for line in text]
        return [*lines, *meet]

    # Sections -------------------------------------------------------------------------------------

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

    # What becomes a buffer ------------------------------------------------------------------------

    def _place(self, instruction: Instruction) -> None:
        """Give an instruction's result a buffer now, or leave it to the nests that use it."""
        y, primitive = instruction.result, instruction.primitive
        if y in self.onto:
            for x in instruction.args:
                self._matrix(x, 0)
        elif primitive.kind == "contract":
            self._contract(instruction)
        elif primitive.kind == "reduce":
            self._reduce(instruction)
        elif primitive.name == "scatter_add":
            self._scatter(instruction)
        elif primitive.name == "reshape" and instruction.args[0] in self.buffers:
            self._same_memory(instruction)
        elif self._deserves_buffer(y):
            self._fill(y)

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

    # Statements -----------------------------------------------------------------------------------

    def _expressions(self, x: Symbol, flat: bool = False) -> Expressions:
        return Expressions(self.producers, self.buffers, _AXES[:1] if flat else _AXES[: x.ndim], flat)

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

    def _store(self, x: Symbol, name: str, step: str = "") -> None:
        """Compute every element of x into the array `name`, or into its element `step` if given."""
        target = f"{name}[{step}]" if step else name
        comment = self._comment(target, x)
        axes = tuple(_AXES[: x.ndim])
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
        nest.lines[-1].append(f"{_element(name, [*place, *axes] or cell)} = {text}")
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
        lines += [_INDENT + line for line in nest.lines[1]]
        self._add(lines, reads, {(name, rows)}, rows, cost)

    def _loops_by_columns(self, nest: Nest, shape: Shape, comment: str, name: str, cost: float) -> None:
        """A section of one nest whose inner loop is shared out: each worker has some columns of each row."""
        n = shape[1]
        reads = {(read, -n if index == ("i", "j") else 0) for read, index in nest.reads}
        lines = [comment, *_nest_lines(nest, shape, 0, n), *self._fetches(nest, 0, n)]
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
                f"{_INDENT}for i in range({bounds(count) if rows == count else f'0, {count}'}):",
                f"{_INDENT * 2}fetch_row({table}, {argument}[step + 1, i], "
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
        after: tuple[int, str] | None = None,
    ) -> None:
        """A section of one nest; its outermost loop is shared out if it has `rows`.

        `before` are lines that precede it, `after` is one that follows the loops inside a depth.
        """
        lines = [*before, *_nest_lines(nest, shape, rows)]
        if after:
            lines.append(_INDENT * after[0] + after[1])
        lines += self._fetches(nest, rows)
        self._add(lines, self._reads(nest, rows), writes, rows, cost or math.prod(shape))

    def _reduce(self, instruction: Instruction) -> None:
        x, y, name = instruction.args[0], instruction.result, instruction.primitive.name
        axes = instruction.args[1] if isinstance(instruction.args[1], tuple) else (instruction.args[1],)
        kept = tuple(d for d in range(x.ndim) if d not in axes)
        comment = self._comment(y.name, x, name)
        buffer = self._allocate(y)
        if kept + axes == tuple(range(x.ndim)) or name.startswith("arg"):
            self._reduce_inside(instruction, kept, axes, buffer, comment)
        else:
            self._reduce_into(instruction, axes, buffer, comment)
        self.buffers[y] = buffer

    def _reduce_inside(
        self,
        instruction: Instruction,
        kept: tuple[int, ...],
        axes: tuple[int, ...],
        buffer: str,
        comment: str,
    ) -> None:
        """The reduced axes are the innermost loops, and the total lives in a local variable."""
        x, y, name = instruction.args[0], instruction.result, instruction.primitive.name
        order = kept + axes
        nest = Nest(x.ndim)
        index = tuple(_AXES[order.index(d)] for d in range(x.ndim))
        element = self._expressions(x).statement(x, index, nest)
        own = ["0" if d in axes else index[d] for d in range(x.ndim) if y.ndim == x.ndim or d not in axes]
        depth, result = len(kept), "total"
        if name.startswith("arg"):
            position, result = _AXES[depth], "best"
            better = "greater" if name == "argmax" else "less"
            nest.lines[depth] += [f"best, extreme = 0, {literal(0, x.dtype)}"]
            nest.lines[-1] += [
                f"element = {element}",
                f"if {position} == 0 or {better}(element, extreme):",
                f"{_INDENT}best, extreme = {position}, element",
            ]
        else:
            nest.lines[depth].append(f"total = {_start(name, y.dtype)}")
            nest.lines[-1].append(_accumulate("total", name, _as(element, x.dtype, y.dtype)))
        shape, last = tuple(x.shape[d] for d in order), f"{_element(buffer, own)} = {result}"
        if y.ndim == 0:
            lines = [comment, *_nest_lines(nest, shape, 0), last]
            self._add(lines, self._reads(nest, 0), {(buffer, 0)}, cost=math.prod(shape), everyone=True)
            return
        rows = shape[0] if own[0] == "i" else 0
        self._loops(nest, shape, [comment], {(buffer, rows)}, rows, after=(depth, last))

    def _reduce_into(
        self, instruction: Instruction, axes: tuple[int, ...], buffer: str, comment: str
    ) -> None:
        """A kept axis is innermost: the totals of a whole row are in the making at once."""
        x, y, name = instruction.args[0], instruction.result, instruction.primitive.name
        nest = Nest(x.ndim)
        index = tuple(_AXES[: x.ndim])
        element = self._expressions(x).statement(x, index, nest)
        own = ["0" if d in axes else i for d, i in enumerate(index) if y.ndim == x.ndim or d not in axes]
        nest.lines[-1].append(_accumulate(_element(buffer, own), name, _as(element, x.dtype, y.dtype)))
        start = _constant_nest(y, buffer, _start(name, y.dtype))
        self._loops(nest, x.shape, [comment, *start], {(buffer, 0)})

    def _scatter(self, instruction: Instruction) -> None:
        x, where, axis, size = instruction.args
        y = instruction.result
        buffer = self._allocate(y)
        comment = self._comment(y.name, x, "scatter_add")
        nest = Nest(x.ndim)
        index = tuple(_AXES[: x.ndim])
        expressions = self._expressions(x)
        at = expressions.at(where, index[axis : axis + where.ndim], nest)
        element = expressions.at(x, index, nest)
        nest.lines[-1].append(f"at = position({at}, {-size}, {size})")
        target = _element(buffer, [*index[:axis], "at", *index[axis + where.ndim :]])
        nest.lines[-1].append(_accumulate(target, "sum", element))
        start = _constant_nest(y, buffer, literal(0, y.dtype))
        self._loops(nest, x.shape, [comment, *start], {(buffer, 0)})
        self.buffers[y] = buffer

    # Products -------------------------------------------------------------------------------------

    def _contract(self, instruction: Instruction) -> None:
        if instruction.primitive.name == "linear":
            self._linear(instruction)
            return
        a, b = instruction.args
        y = instruction.result
        batch = len(y.shape) - 2
        left, right = self._matrix(a, batch), self._matrix(b, batch)
        buffer = self._allocate(y)
        comment = f"# {y.name} = matmul"
        (m, n), depth = y.shape[-2:], a.shape[-1]
        cost = y.size * depth / _MULTIPLY_ADDS
        if batch:
            nest = Nest(batch)
            nest.lines[-1].append(
                f"matmul({left.text}, {right.text}, {_element(buffer, _AXES[:batch])}, 0, {m})"
            )
            nest.reads += [(left.name, ()), (right.name, ())]
            self._loops(nest, y.shape[:-2], [comment], {(buffer, y.shape[0])}, y.shape[0], cost)
        elif self.columns.get(right.name) == n and not right.transposed:
            line = f"matmul_columns({left.text}, {right.text}, {buffer}, {bounds(n)})"
            self._add([comment, line], {(left.name, 0), (right.name, -n)}, {(buffer, -n)}, n, cost)
            self.columns[buffer] = n
        elif n > m and m * n * depth >= _WORTH_COLUMNS:
            line = f"matmul_columns({left.text}, {right.text}, {buffer}, {bounds(n)})"
            self._add([comment, line], {(left.name, 0), (right.name, 0)}, {(buffer, 0)}, n, cost)
        else:
            line = f"matmul({left.text}, {right.text}, {buffer}, {bounds(m)})"
            self._add([comment, line], {left.rows(m), (right.name, 0)}, {(buffer, m)}, m, cost)
        self.buffers[y] = buffer

    def _linear(self, instruction: Instruction) -> None:
        x, weight, bias = instruction.args
        y = instruction.result
        if x.ndim != 2:
            self._linear_rows(instruction)
            return
        if x in self.inputs:
            self._linear_in_parts(instruction)
            return
        (m, n), depth = y.shape, x.shape[1]
        left, right, last = self._matrix(x, 0), self._matrix(weight, 0), self._matrix(bias, 0)
        cost = y.size * depth / _MULTIPLY_ADDS
        if n > m and m * n * depth >= _WORTH_COLUMNS:
            product = Symbol(f"{y.name}_product", y.shape, y.dtype)
            buffer = self._allocate(product)
            lines = [f"# {product.name} = linear without its bias"]
            lines.append(f"matmul_columns({left.text}, {right.text}.T, {buffer}, {bounds(n)})")
            self._add(lines, {(left.name, 0), (right.name, 0)}, {(buffer, 0)}, n, cost)
            self._add_to(product, bias, y)
            return
        buffer = self._allocate(y)
        lines = [f"# {y.name} = linear", f"matmul({left.text}, {right.text}.T, {buffer}, {bounds(m)})"]
        lines += _bias_lines(buffer, last.text, bounds(m), n)
        self._add(lines, {left.rows(m), (right.name, 0), (last.name, 0)}, {(buffer, m)}, m, cost)
        self.buffers[y] = buffer

    def _linear_in_parts(self, instruction: Instruction) -> None:
        """A layer whose inner axis the workers share out, see `_inputs_by_columns`."""
        x, weight, bias = instruction.args
        y = instruction.result
        (m, n), depth = y.shape, x.shape[1]
        left, right, last = self._matrix(x, 0), self._matrix(weight, 0), self._matrix(bias, 0)
        parts = [Symbol(f"{y.name}_{k}", y.shape, y.dtype) for k in range(MOST_WORKERS)]
        for k, (part, by) in enumerate(zip(parts, (FIRST, LAST), strict=True)):
            buffer = self._allocate(part)
            lines = [f"# {buffer} = part of linear"]
            lines.append(f"matmul_part({left.text}, {right.text}.T, {buffer}, {k}, {MOST_WORKERS})")
            reads = {(left.name, -depth), (right.name, -depth)}
            if k == 0:
                lines += _bias_lines(buffer, last.text, f"{m}", n)
                reads.add((last.name, 0))
            self._add(lines, reads, {(buffer, 0)}, cost=y.size * depth / _MULTIPLY_ADDS / MOST_WORKERS, by=by)
            self.buffers[part] = buffer
        self._add_to(parts[0], parts[1], y)

    def _linear_rows(self, instruction: Instruction) -> None:
        """As `_linear`, for an input whose rows are to be joined into a matrix first, or that is one row."""
        x, weight, bias = instruction.args
        y = instruction.result
        product = Symbol(f"{y.name}_product", y.shape, y.dtype)
        left, right = self._matrix(x, 0), self._matrix(weight, 0)
        buffer = self._allocate(product)
        rows = math.prod(x.shape[:-1])
        joined = f"{left.text}.reshape(({rows}, {x.shape[-1]}))"
        out = f"{buffer}.reshape(({rows}, {y.shape[-1]}))"
        lines = [f"# {product.name} = linear without its bias"]
        lines.append(f"matmul({joined}, {right.text}.T, {out}, 0, {rows})")
        cost = y.size * x.shape[-1] / _MULTIPLY_ADDS
        self._add(lines, {(left.name, 0), (right.name, 0)}, {(buffer, 0)}, 0, cost)
        self._add_to(product, bias, y)

    def _add_to(self, product: Symbol, other: Symbol, y: Symbol) -> None:
        """Adding the bias, or another part, to a buffered product joins whatever uses the result."""
        self.buffers[product] = product.name
        self.producers[y] = Instruction(REGISTRY["add"], (product, other), y)
        if self._deserves_buffer(y):
            self._fill(y)

    def _matrix(self, x: Symbol, batch: int) -> _Matrix:
        """An operand of a product: a buffer, or a transposed one, at the batch's index."""
        producer = self.producers.get(x)
        transposed = x not in self.buffers and producer is not None and _is_transposition(producer)
        stored = producer.args[0] if transposed and producer else x
        if stored not in self.buffers:
            self._fill(stored)
        lead = x.ndim - 2
        own = ["0" if n == 1 else _AXES[batch - lead + d] for d, n in enumerate(x.shape[: max(lead, 0)])]
        name = self.buffers[stored]
        return _Matrix(name, _element(name, own if batch else []) + (".T" if transposed else ""), transposed)

    # Results --------------------------------------------------------------------------------------

    def _outputs(self) -> None:
        for k, x in enumerate(self.program.outputs):
            self._store(x, f"o{k}", "step")

    def _updates(self) -> None:
        """Write the new values, after everything that reads the old ones has been computed."""
        updated = {target.name for target, _ in self.program.updates}
        onto = {update.target: update for update in self.onto.values()}
        rest = [(target, value) for target, value in self.program.updates if target not in onto]
        for target, value in rest:
            nest = Nest(value.ndim)
            axes = tuple(_AXES[: value.ndim])
            self._expressions(value).at(value, axes, nest)
            if any(name in updated and (name, index) != (target.name, axes) for name, index in nest.reads):
                self._copy(value)
        for update in onto.values():
            self._accumulate(update)
        for target, value in rest:
            self._store(value, target.name)

    def _accumulate(self, update: Update) -> None:
        """Add a product onto the captured array it updates, without a buffer in between.

        The factor of the product goes to its left operand, which is the smaller one.
        """
        a, b = self._matrix(update.left, 0), self._matrix(update.right, 0)
        stored = self.producers[update.left].args[0]
        target, (m, n) = update.target.name, update.target.shape
        left = Symbol(f"{target}_left", stored.shape, stored.dtype)
        self._allocate(left)
        factor = update.factor.text(self.buffers, stored.dtype)
        rows = stored.shape[0]
        size = rows * m
        self._flat((a.name, left.name), size)
        names = update.factor.names(self.buffers) | update.shrink.names(self.buffers)
        scalars = {(name, 0) for name in names}
        lines = [f"# {left.name} = mul"]
        lines += [f"for i in range({unsigned_bounds(rows, m)}):", f"{_INDENT}{flat_name(left.name)}[i] = "]
        lines[-1] += f"{factor} * {flat_name(a.name)}[i]"
        self._add(lines, {(a.name, rows), *scalars}, {(left.name, rows)}, rows, size)
        by_columns = self.columns.get(b.name) == n
        shared = -n if by_columns else m
        lines = [f"# {target} = {update.comment}"]
        if not update.shrink.is_one:
            shrink = update.shrink.text(self.buffers, stored.dtype)
            lines += [f"for i in range({m if by_columns else bounds(m)}):"]
            lines += [f"{_INDENT}for j in range({unsigned_bounds(n, 1) if by_columns else n}):"]
            lines += [f"{_INDENT * 2}{target}[i, j] *= {shrink}"]
        call = "accumulate_columns" if by_columns else "accumulate"
        lines += [f"{call}({left.name}, {b.text}, {target}, {bounds(abs(shared))})"]
        reads = {(left.name, 0), (b.name, shared if by_columns else 0), (target, shared), *scalars}
        self._add(lines, reads, {(target, shared)}, abs(shared), m * n * rows / _MULTIPLY_ADDS)

    def _copy(self, x: Symbol) -> None:
        if x in self.buffers:  # somebody else's buffer, about to be updated
            copy = Symbol(f"{x.name}_before", x.shape, x.dtype)
            self.producers[copy] = Instruction(REGISTRY["alias"], (x,), copy)
            name = self._allocate(copy)
            self._store(x, name)
            self.buffers[x] = name
        else:
            self._fill(x)


def _inputs_by_columns(program: Program, producers: Mapping[Symbol, Instruction]) -> set[Symbol]:
    """Inputs of layers whose inner axis workers should share out.

    Such an input is computed in each step, wide, and used for the layer and its gradient only: then
    each worker computes, reads and updates its own columns of input and weights, which stay in its
    cache, and all that they exchange are the parts of a small sum.
    """
    found = set()
    for instruction in program.instructions:
        if instruction.primitive.name != "linear" or instruction.args[0] not in producers:
            continue
        x, y = instruction.args[0], instruction.result
        n, depth = y.shape[-1], x.shape[-1]
        enough = depth >= _WIDE >= n and y.size * depth >= _WORTH_PARTS
        if x.ndim != 2 or not enough or producers[x].primitive.kind in ("reduce", "contract", "random"):
            continue
        users = [i for i in program.instructions if any(a is x for a in i.args) and i is not instruction]
        if all(i.primitive.name == "matmul" and i.args[1] is x and i.args[0] is not x for i in users):
            found.add(x)
    return found - set(program.outputs) - {value for _, value in program.updates}


class _Matrix(NamedTuple):
    """An operand of a product: the array it is in, its text, and whether that is transposed."""

    name: str
    text: str
    transposed: bool

    def rows(self, m: int) -> Access:
        """What a worker reads that computes its share of m rows of the product."""
        return self.name, 0 if self.transposed else m


def _is_transposition(instruction: Instruction) -> bool:
    x = instruction.result
    return (
        instruction.primitive.name == "permute"
        and x.ndim >= 2
        and instruction.args[1] == (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2)
    )


def _imports(lines: Sequence[str]) -> list[str]:
    words = set(re.findall(r"\w+", "\n".join(lines)))
    found = {module: [n for n in names.split() if n in words] for module, names in _MODULES.items()}
    return [f"from {module} import {', '.join(names)}" for module, names in found.items() if names]


def _nest_lines(nest: Nest, shape: Shape, rows: int, columns: int = 0) -> list[str]:
    """A nest's loops; workers share out so many rows, or columns."""
    lines: list[str] = []
    for depth, statements in enumerate(nest.lines):
        lines += [_INDENT * depth + line for line in statements]
        if depth < len(shape):
            ends = f"{shape[depth]}"
            if rows and depth == 0:
                ends = bounds(rows)
            elif columns and depth == len(shape) - 1:
                ends = unsigned_bounds(columns, 1)
            lines.append(f"{_INDENT * depth}for {_AXES[depth]} in range({ends}):")
    return lines


def _constant_nest(y: Symbol, buffer: str, value: str) -> list[str]:
    nest = Nest(y.ndim)
    nest.lines[-1].append(f"{_element(buffer, _AXES[: y.ndim])} = {value}")
    return _nest_lines(nest, y.shape, 0)


def _bias_lines(buffer: str, bias: str, rows: str, n: int) -> list[str]:
    return [
        f"for i in range({rows}):",
        f"{_INDENT}for j in range({n}):",
        f"{_INDENT * 2}{buffer}[i, j] += {bias}[j]",
    ]


def _allocation(x: Symbol) -> str:
    return f"{x.name} = empty({x.shape!r}, {_dtype(x.dtype)})"


def _plain(line: str) -> str:
    """`range` as people write it."""
    return line.replace("range(0, ", "range(")


def _element(name: str, index: Sequence[str]) -> str:
    return f"{name}[{', '.join(index)}]" if index else name


def _dtype(dtype: np.dtype[Any]) -> str:
    return "bool_" if dtype.kind == "b" else dtype.name


def _as(text: str, source_dtype: np.dtype[Any], dtype: np.dtype[Any]) -> str:
    return text if source_dtype == dtype else converted(text, source_dtype, dtype)


def _start(name: str, dtype: np.dtype[Any]) -> str:
    """What a reduction starts from."""
    if name in ("sum", "prod"):
        return literal(name == "prod", dtype)
    if dtype.kind == "f":
        return literal(-math.inf if name == "max" else math.inf, dtype)
    if dtype.kind == "b":
        return str(name == "min")
    info = np.iinfo(dtype)
    return literal(info.min if name == "max" else info.max, dtype)


def _accumulate(target: str, name: str, element: str) -> str:
    """One more element into a total."""
    if name in ("sum", "prod"):
        return f"{target} {'+' if name == 'sum' else '*'}= {element}"
    return f"{target} = {name}imum({target}, {element})"
