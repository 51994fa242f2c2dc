"""Sections that reduce an array, or add to places in one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .expression import Nest, converted, literal
from .nests import AXES, INDENT, Nests, constant_nest, element_text, nest_lines
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
        rows = Symbol(f"{y.name}_rows", shape, y.dtype)
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
        order = kept + axes
        nest = Nest(x.ndim)
        index = tuple(AXES[order.index(d)] for d in range(x.ndim))
        element = self._expressions(x).statement(x, index, nest)
        own = ["0" if d in axes else index[d] for d in range(x.ndim) if y.ndim == x.ndim or d not in axes]
        depth, result = len(kept), "total"
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
            nest.lines[depth].append(f"total = {_start(name, y.dtype)}")
            nest.lines[-1].append(_accumulate("total", name, _as(element, x.dtype, y.dtype)))
        shape, last = tuple(x.shape[d] for d in order), f"{element_text(buffer, own)} = {result}"
        if y.ndim == 0:
            lines = [comment, *nest_lines(nest, shape, 0), last]
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
        index = tuple(AXES[: x.ndim])
        element = self._expressions(x).statement(x, index, nest)
        own = ["0" if d in axes else i for d, i in enumerate(index) if y.ndim == x.ndim or d not in axes]
        total = element_text(buffer, own)
        nest.lines[-1].append(_accumulate(total, name, _as(element, x.dtype, y.dtype)))
        start = constant_nest(y, buffer, _start(name, y.dtype))
        self._loops(nest, x.shape, [comment, *start], {(buffer, 0)})

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
        element = _as(self._expressions(x).statement(x, index, nest), x.dtype, wide)
        nest.lines[-2].append(f"total = {literal(0, wide)}")
        nest.lines[-1].append(f"total += {element}")
        nest.lines[-1].append(f"{element_text(buffer, index)} = {_as('total', wide, y.dtype)}")
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
        target = element_text(buffer, [*index[:axis], "at", *index[axis + where.ndim :]])
        nest.lines[-1].append(_accumulate(target, "sum", element))
        start = constant_nest(y, buffer, literal(0, y.dtype))
        self._loops(nest, x.shape, [comment, *start], {(buffer, 0)})
        self.buffers[y] = buffer


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


def _as(text: str, source: np.dtype[Any], dtype: np.dtype[Any]) -> str:
    return text if source == dtype else converted(text, source, dtype)
