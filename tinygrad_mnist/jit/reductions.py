"""Sections that reduce an array, or add to places in one."""

from __future__ import annotations

import math

import numpy as np

from .expression import Nest, flat_name, literal
from .nests import AXES, INDENT, Nests, element_text, filled_nest, nest_lines
from .totals import Total, as_dtype
from .trace import Instruction, Symbol

_SORT = 30  # work of an element that is sorted


class Reductions(Nests):
    """Reductions, running totals and scattered sums: some primitives whose result gets a buffer."""

    def _reduce(self, instruction: Instruction) -> None:
        x, y, name = instruction.args[0], instruction.result, instruction.primitive.name
        axes = instruction.args[1] if isinstance(instruction.args[1], tuple) else (instruction.args[1],)
        kept = tuple(d for d in range(x.ndim) if d not in axes)
        if kept and axes[0] < kept[-1] < axes[-1] and y.ndim < x.ndim:
            self._reduce_twice(instruction, axes)
            return
        comment = self._comment(y.name, x, name)
        buffer = self._allocate(y)
        if kept + axes == tuple(range(x.ndim)) or name.startswith("arg"):
            self._reduce_inside(instruction, kept, axes, buffer, comment)
        else:
            self._reduce_into(instruction, axes, buffer, comment)
        self.buffers[y] = buffer

    def _reduce_twice(self, instruction: Instruction, axes: tuple[int, ...]) -> None:
        """All reduced axes but the last first: the totals of a whole row are in the making at once."""
        x, y, primitive = instruction.args[0], instruction.result, instruction.primitive
        shape = tuple(n for d, n in enumerate(x.shape) if d not in axes[:-1])
        wide = primitive.name == "sum" and y.dtype.kind == "f"
        rows = Symbol(f"{y.name}_rows", shape, np.dtype(np.float64) if wide else y.dtype)
        self._reduce(Instruction(primitive, (x, axes[:-1], False), rows))
        self._reduce(Instruction(primitive, (rows, (len(shape) - 1,), False), y))

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
        expressions = self._expressions(x, flat=True)
        if (
            y.ndim == 0
            and x.ndim > 1
            and not name.startswith("arg")
            and expressions.is_flat(x, x.shape, moving=True)
        ):
            self._reduce_flat(instruction, buffer, comment)
            return
        order = kept + axes
        nest = Nest(x.ndim)
        index = tuple(AXES[order.index(d)] for d in range(x.ndim))
        element = self._expressions(x).statement(x, index, nest)
        own = ["0" if d in axes else index[d] for d in range(x.ndim) if y.ndim == x.ndim or d not in axes]
        depth, shape, loops = len(kept), tuple(x.shape[d] for d in order), None
        if name.startswith("arg"):
            position, result = AXES[depth], "best"
            better = "greater" if name == "argmax" else "less"
            nest.lines[depth] += [f"best, extreme = 0, {literal(0, x.dtype)}"]
            nest.lines[-1] += [
                f"element = {element}",
                f"if {position} == 0 or {better}(element, extreme):",
                f"{INDENT}best, extreme = {position}, element",
            ]
        else:
            total = Total.inside(name, x, y, shape[depth:])
            nest.lines[depth] += [f"{stem} = {total.first()}" for stem in total.stems]
            nest.lines[-1].append(total.add(element))
            loops = total.loops(depth)
            result = total.result()
        last = f"{element_text(buffer, own)} = {result}"
        if y.ndim == 0:
            lines = [comment, *nest_lines(nest, shape, 0, loops=loops), last]
            self._add(lines, self._reads(nest, 0), {(buffer, 0)}, cost=math.prod(shape), everyone=True)
            return
        rows = shape[0] if own[0] == "i" else 0
        lines = [comment, *nest_lines(nest, shape, rows, loops=loops), INDENT * depth + last]
        lines += self._fetches(nest, rows)
        self._add(lines, self._reads(nest, rows), {(buffer, rows)}, rows, math.prod(shape))

    def _reduce_flat(self, instruction: Instruction, buffer: str, comment: str) -> None:
        """One loop over all elements, which is longer, and so faster, than the innermost of several."""
        x, y = instruction.args[0], instruction.result
        nest = Nest(1)
        element = self._expressions(x, flat=True).statement(x, ("i",), nest)
        total = Total.inside(instruction.primitive.name, x, y, (x.size,))
        nest.lines[0] += [f"{stem} = {total.first()}" for stem in total.stems]
        nest.lines[1].append(total.add(element))
        moving = [name for name in nest.flat if name.endswith("_s")]
        self._flat((name for name in nest.flat if name not in moving), x.size)
        lines = [comment, *(f"{flat_name(name)} = {name}.reshape({x.size})" for name in moving)]
        lines += nest_lines(nest, (x.size,), 0, loops=total.loops(0))
        lines.append(f"{buffer} = {total.result()}")
        self._add(lines, self._reads(nest, 0), {(buffer, 0)}, cost=x.size, everyone=True)

    def _reduce_into(
        self, instruction: Instruction, axes: tuple[int, ...], buffer: str, comment: str
    ) -> None:
        """A kept axis is innermost: the totals of a whole row are in the making at once."""
        x, y = instruction.args[0], instruction.result
        nest = Nest(x.ndim)
        index = tuple(AXES[: x.ndim])
        element = self._expressions(x).statement(x, index, nest)
        own = ["0" if d in axes else i for d, i in enumerate(index) if y.ndim == x.ndim or d not in axes]
        total = Total.into(instruction.primitive.name, x, y, tuple(x.shape[d] for d in axes))
        names = {stem: f"{y.name}_{stem}" for stem in total.dtypes}
        if total.plain:
            names["total"] = buffer
        else:
            for stem, dtype in total.dtypes.items():
                self._allocate(Symbol(names[stem], y.shape, dtype))
        cells = {stem: element_text(name, own) for stem, name in names.items()}
        nest.lines[-1].append(total.add(element, cells))
        inner = [(AXES[d], x.shape[d]) for d in range(x.ndim) if d not in axes]
        loops = total.loops(axes[0], axes, inner, cells)
        lines = [line for stem in total.stems for line in filled_nest(y, names[stem], total.first())]
        lines += [*nest_lines(nest, x.shape, 0, loops=loops), *self._fetches(nest, 0)]
        if not total.plain:
            cells = {stem: element_text(name, AXES[: y.ndim]) for stem, name in names.items()}
            lines += filled_nest(y, buffer, total.result(cells))
        writes = {(name, 0) for name in (buffer, *names.values())}
        self._add([comment, *lines], self._reads(nest, 0), writes, cost=x.size)

    def _sort(self, instruction: Instruction) -> None:
        """One call for each vector along the axis."""
        x, axis = instruction.args
        y = instruction.result
        if x not in self.buffers:
            self._fill(x)
        buffer = self._allocate(y)
        lanes = [d for d in range(x.ndim) if d != axis]
        index = [":" if d == axis else AXES[lanes.index(d)] for d in range(x.ndim)]
        nest = Nest(len(lanes))
        source, target = element_text(self.buffers[x], index), element_text(buffer, index)
        nest.lines[-1].append(f"argsort({source}, {target})")
        nest.reads.append((self.buffers[x], tuple(index)))
        shape = tuple(x.shape[d] for d in lanes)
        rows = shape[0] if axis and lanes else 0
        self._loops(nest, shape, [f"# {y.name} = argsort"], {(buffer, rows)}, rows, x.size * _SORT)
        self.buffers[y] = buffer

    def _cumulate(self, instruction: Instruction) -> None:
        """The axis is the innermost loop, and every total so far is written down."""
        x, axis = instruction.args
        y = instruction.result
        comment = self._comment(y.name, x, "cumsum")
        buffer = self._allocate(y)
        order = (*(d for d in range(x.ndim) if d != axis), axis)
        index = tuple(AXES[order.index(d)] for d in range(x.ndim))
        nest = Nest(x.ndim)
        wide = np.dtype(np.float64) if y.dtype.kind == "f" else y.dtype
        element = as_dtype(self._expressions(x).statement(x, index, nest), x.dtype, wide)
        nest.lines[-2].append(f"total = {literal(0, wide)}")
        nest.lines[-1].append(f"total += {element}")
        nest.lines[-1].append(f"{element_text(buffer, index)} = {as_dtype('total', wide, y.dtype)}")
        rows = x.shape[0] if axis else 0
        self._loops(nest, tuple(x.shape[d] for d in order), [comment], {(buffer, rows)}, rows)
        self.buffers[y] = buffer

    def _scatter(self, instruction: Instruction) -> None:
        x, where, axis, size = instruction.args
        y = instruction.result
        buffer = self._allocate(y)
        comment = self._comment(y.name, x, "scatter_add")
        nest = Nest(x.ndim)
        index = tuple(AXES[: x.ndim])
        expressions = self._expressions(x)
        at = expressions.at(where, index[axis : axis + where.ndim], nest)
        element = expressions.at(x, index, nest)
        nest.lines[-1].append(f"at = position({at}, {-size}, {size})")
        total = Total.inside("sum", x, y, where.shape)._replace(exact=False, block=0, loose=False)
        sums = buffer
        if not total.plain:
            sums = self._allocate(Symbol(f"{y.name}_total", y.shape, total.running))
        target = element_text(sums, [*index[:axis], "at", *index[axis + where.ndim :]])
        nest.lines[-1].append(total.add(element, {"total": target}))
        start = filled_nest(y, sums, total.first())
        lines = [comment, *start, *nest_lines(nest, x.shape, 0), *self._fetches(nest, 0)]
        if not total.plain:
            own = element_text(sums, AXES[: y.ndim])
            lines += filled_nest(y, buffer, total.result({"total": own}))
        self._add(lines, self._reads(nest, 0), {(buffer, 0), (sums, 0)}, cost=x.size)
        self.buffers[y] = buffer
