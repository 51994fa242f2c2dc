"""A program as readable Python source: buffers, loop nests, matrix products, and the loop over steps."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..primitive import REGISTRY, Shape
from .expression import Expressions, Nest, converted, literal
from .program import Program
from .trace import Instruction, Symbol

_AXES = "ijklmnpqrtuvwxyz"
_INLINE_LIMIT = 80  # work of one element beyond which an expression gets a buffer in any case
_TWICE_LIMIT = 4  # work beyond which a value that is used twice gets a buffer
_INDENT = "    "
#: Where the names in a program come from.
_MODULES = {
    "numpy": "bool_ uint8 uint16 uint32 uint64 int8 int16 int32 int64 float32 float64 "
    "empty sqrt sign inf nan",
    "tinygrad_mnist.kernels.runtime": "fetch_row greater less matmul maximum minimum position",
    "tinygrad_mnist.kernels.philox": "normal_at_float32 normal_at_float64 "
    "uniform_at_float32 uniform_at_float64",
    "tinygrad_mnist.kernels.policy": "kernel",
    "tinygrad_mnist.kernels.scalar": "cos erf exp expm1 log log1p pow sigmoid sin tanh",
}


def source(program: Program) -> str:
    """The source of a module whose function `program` runs the steps from `first` up to `last`.

    Its array arguments are the program's arguments, each with an axis of steps in front; the
    captured arrays, which it updates in place; and the outputs, again with an axis of steps.
    """
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
        self.allocations: list[str] = []
        self.fetched: set[tuple[str, str, int]] = set()
        self.body: list[str] = []

    def module(self) -> str:
        program = self.program
        for x in program.captured:
            if x.ndim == 0:
                self.buffers[x] = f"{x.name}_0"
                self.body.append(f"{x.name}_0 = {x.name}[()]")
        for x in program.arguments:
            self.buffers[x] = f"{x.name}_s"
            self.body.append(f"{x.name}_s = {x.name}[step]")
        for instruction in program.instructions:
            self._place(instruction)
        self._outputs()
        self._updates()
        names = [s.name for s in (*program.arguments, *program.captured)]
        names += [f"o{k}" for k in range(len(program.outputs))]
        lines = ["@kernel", f"def program({', '.join(['first', 'last', *names])}):"]
        lines += [_INDENT + line for line in self.allocations]
        lines += [f"{_INDENT}for step in range(first, last):"]
        lines += [_INDENT * 2 + line for line in self.body or ["pass"]]
        return "\n".join([*self._imports(), "", "", *lines, ""])

    def _imports(self) -> list[str]:
        words = {"kernel", *re.findall(r"\w+", "\n".join(self.allocations + self.body))}
        found = {module: [n for n in names.split() if n in words] for module, names in _MODULES.items()}
        return [f"from {module} import {', '.join(names)}" for module, names in found.items() if names]

    # What becomes a buffer ------------------------------------------------------------------------

    def _place(self, instruction: Instruction) -> None:
        """Give an instruction's result a buffer now, or leave it to the nests that use it."""
        y, primitive = instruction.result, instruction.primitive
        if primitive.kind == "contract":
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
        if x.ndim and y.ndim:
            self.body.append(f"{y.name} = {self.buffers[x]}.reshape({y.shape!r})")
            self.buffers[y] = y.name
        elif y.ndim == 0:
            self._fill(y)

    # Statements -----------------------------------------------------------------------------------

    def _expressions(self, x: Symbol) -> Expressions:
        return Expressions(self.producers, self.buffers, _AXES[: x.ndim])

    def _allocate(self, x: Symbol) -> str:
        if x.ndim:
            self.allocations.append(f"{x.name} = empty({x.shape!r}, {_dtype(x.dtype)})")
        return x.name

    def _comment(self, target: str, x: Symbol, last: str = "") -> None:
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
        self.body.append(f"# {target} = {', '.join(names) or self.buffers[x]}")

    def _fill(self, x: Symbol) -> None:
        """Compute every element of x into a buffer of its own."""
        name = self._allocate(x)
        self._store(x, name, name)
        self.buffers[x] = name

    def _store(self, x: Symbol, target: str, name: str) -> None:
        """Compute every element of x; `target` is the text of the element, or an array's name."""
        axes = tuple(_AXES[: x.ndim])
        self._comment(name, x)
        nest = Nest(x.ndim)
        text = self._expressions(x).statement(x, axes, nest)
        nest.lines[-1].append(f"{_element(target, axes) if target == name else target} = {text}")
        self._emit(nest, x.shape)

    def _emit(self, nest: Nest, shape: Shape, after: tuple[int, str] | None = None) -> None:
        """Write a loop nest; `after` is a statement that follows the loops inside a depth."""
        for depth, lines in enumerate(nest.lines):
            self.body += [_INDENT * depth + line for line in lines]
            if depth < len(shape):
                self.body.append(f"{_INDENT * depth}for {_AXES[depth]} in range({shape[depth]}):")
        if after:
            self.body.append(_INDENT * after[0] + after[1])
        for table, argument, count in sorted(nest.rows - self.fetched):
            self.fetched.add((table, argument, count))
            self.body += [
                "if step + 1 < last:  # have the next step's rows brought near meanwhile",
                f"{_INDENT}for i in range({count}):",
                f"{_INDENT * 2}fetch_row({table}, {argument}[step + 1, i])",
            ]

    def _reduce(self, instruction: Instruction) -> None:
        x, y, name = instruction.args[0], instruction.result, instruction.primitive.name
        axes = instruction.args[1] if isinstance(instruction.args[1], tuple) else (instruction.args[1],)
        kept = tuple(d for d in range(x.ndim) if d not in axes)
        self._comment(y.name, x, name)
        buffer = self._allocate(y)
        if kept + axes == tuple(range(x.ndim)) or name.startswith("arg"):
            self._reduce_inside(instruction, kept, axes, buffer)
        else:
            self._reduce_into(instruction, axes, buffer)
        self.buffers[y] = buffer

    def _reduce_inside(
        self, instruction: Instruction, kept: tuple[int, ...], axes: tuple[int, ...], buffer: str
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
        self._emit(nest, tuple(x.shape[d] for d in order), (depth, f"{_element(buffer, own)} = {result}"))

    def _reduce_into(self, instruction: Instruction, axes: tuple[int, ...], buffer: str) -> None:
        """A kept axis is innermost: the totals of a whole row are in the making at once."""
        x, y, name = instruction.args[0], instruction.result, instruction.primitive.name
        self._set_all(y, buffer, _start(name, y.dtype))
        nest = Nest(x.ndim)
        index = tuple(_AXES[: x.ndim])
        element = self._expressions(x).statement(x, index, nest)
        own = ["0" if d in axes else i for d, i in enumerate(index) if y.ndim == x.ndim or d not in axes]
        nest.lines[-1].append(_accumulate(_element(buffer, own), name, _as(element, x.dtype, y.dtype)))
        self._emit(nest, x.shape)

    def _set_all(self, y: Symbol, buffer: str, value: str) -> None:
        nest = Nest(y.ndim)
        nest.lines[-1].append(f"{_element(buffer, _AXES[: y.ndim])} = {value}")
        self._emit(nest, y.shape)

    def _scatter(self, instruction: Instruction) -> None:
        x, where, axis, size = instruction.args
        y = instruction.result
        buffer = self._allocate(y)
        self._comment(y.name, x, "scatter_add")
        self._set_all(y, buffer, literal(0, y.dtype))
        nest = Nest(x.ndim)
        index = tuple(_AXES[: x.ndim])
        expressions = self._expressions(x)
        at = expressions.at(where, index[axis : axis + where.ndim], nest)
        element = expressions.at(x, index, nest)
        nest.lines[-1].append(f"at = position({at}, {-size}, {size})")
        target = _element(buffer, [*index[:axis], "at", *index[axis + where.ndim :]])
        nest.lines[-1].append(_accumulate(target, "sum", element))
        self._emit(nest, x.shape)
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
        self.body.append(f"# {y.name} = matmul")
        nest = Nest(batch)
        nest.lines[-1].append(f"matmul({left}, {right}, {_element(buffer, _AXES[:batch])})")
        self._emit(nest, y.shape[:-2])
        self.buffers[y] = buffer

    def _linear(self, instruction: Instruction) -> None:
        """The product gets a buffer; adding the bias joins whatever uses the result."""
        x, weight, bias = instruction.args
        y = instruction.result
        product = Symbol(f"{y.name}_product", y.shape, y.dtype)
        left, right = self._matrix(x, 0), self._matrix(weight, 0)
        buffer = self._allocate(product)
        self.body.append(f"# {product.name} = linear without its bias")
        if x.ndim != 2:
            rows = math.prod(x.shape[:-1])
            left = f"{left}.reshape(({rows}, {x.shape[-1]}))"
            self.body.append(f"matmul({left}, {right}.T, {buffer}.reshape(({rows}, {y.shape[-1]})))")
        else:
            self.body.append(f"matmul({left}, {right}.T, {buffer})")
        self.buffers[product] = buffer
        self.producers[y] = Instruction(REGISTRY["add"], (product, bias), y)
        if self._deserves_buffer(y):
            self._fill(y)

    def _matrix(self, x: Symbol, batch: int) -> str:
        """An operand as the text of a matrix: a buffer, or a transposed one, at the batch's index."""
        producer = self.producers.get(x)
        transposed = (
            x not in self.buffers
            and producer is not None
            and producer.primitive.name == "permute"
            and x.ndim >= 2
            and producer.args[1] == (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2)
        )
        stored = producer.args[0] if transposed and producer else x
        if stored not in self.buffers:
            self._fill(stored)
        lead = x.ndim - 2
        own = ["0" if n == 1 else _AXES[batch - lead + d] for d, n in enumerate(x.shape[: max(lead, 0)])]
        own = own if batch else []
        return _element(self.buffers[stored], own) + (".T" if transposed else "")

    # Results --------------------------------------------------------------------------------------

    def _outputs(self) -> None:
        for k, x in enumerate(self.program.outputs):
            self._store(x, _element(f"o{k}", ["step", *_AXES[: x.ndim]]), f"o{k}[step]")

    def _updates(self) -> None:
        """Write the new values, after everything that reads the old ones has been computed."""
        updated = {target.name for target, _ in self.program.updates}
        for target, value in self.program.updates:
            nest = Nest(value.ndim)
            axes = tuple(_AXES[: value.ndim])
            self._expressions(value).at(value, axes, nest)
            if any(name in updated and (name, index) != (target.name, axes) for name, index in nest.reads):
                self._copy(value)
        for target, value in self.program.updates:
            self._store(value, _element(target.name, _AXES[: value.ndim] or ["()"]), f"{target.name} ")

    def _copy(self, x: Symbol) -> None:
        if x in self.buffers:  # somebody else's buffer, about to be updated
            copy = Symbol(f"{x.name}_before", x.shape, x.dtype)
            self.producers[copy] = Instruction(REGISTRY["alias"], (x,), copy)
            name = self._allocate(copy)
            self._store(x, name, name)
            self.buffers[x] = name
        else:
            self._fill(x)


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
