"""Sections that are matrix products."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import chain
from typing import NamedTuple

from ..primitive import REGISTRY
from .expression import Nest, flat_name
from .nests import AXES, INDENT, Nests, element_text
from .program import Program
from .sections import FIRST, LAST, MOST_WORKERS, Access, bounds, unsigned_bounds
from .trace import Instruction, Symbol
from .updates import Update

_MULTIPLY_ADDS = 16  # of a product, in the time of an addition
_WORTH_PARTS = 1 << 16  # multiply-adds from which on a sum is shared out
_WIDE = 256  # terms of a sum that is worth sharing out; results of one that is not shared out itself
_CONVOLUTIONS = ("convolution", "convolution_input", "convolution_weight")
_WORTH_COLUMNS = 1 << 22  # multiply-adds from which on a wide product is shared out by columns


class Contractions(Nests):
    """Products: what they take and what they give is in buffers."""

    def _contract(self, instruction: Instruction) -> None:
        if instruction.primitive.name == "linear":
            self._linear(instruction)
            return
        if instruction.primitive.name in _CONVOLUTIONS:
            self._convolve(instruction)
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
                f"matmul({left.text}, {right.text}, {element_text(buffer, AXES[:batch])}, 0, {m})"
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

    def _convolve(self, instruction: Instruction) -> None:
        """A convolution or one of its derivatives; workers share out the images."""
        name, y = instruction.primitive.name, instruction.result
        a, b = instruction.args[:2]
        geometry = ", ".join(map(str, chain(*instruction.args[-3:-1], instruction.args[-1:])))
        for x in (a, b):
            if x not in self.buffers:
                self._lay_out(x)
        left, right = self.buffers[a], self.buffers[b]
        n, kernels = a.shape[0], y if name == "convolution_weight" else b
        results = math.prod(y.shape if name == "convolution" else a.shape)
        work = results * math.prod(kernels.shape[1:])
        if name == "convolution_weight":
            self._convolve_weight(y, left, right, geometry, n, work)
            return
        buffer = self._allocate(y)
        operands = (left, right, buffer) if name == "convolution" else (buffer, right, left)
        line = f"{name}({', '.join(operands)}, {bounds(n)}, {geometry})"
        reads: set[Access] = {(left, n), (right, 0)}
        self._add([f"# {buffer} = {name}", line], reads, {(buffer, n)}, n, work / _MULTIPLY_ADDS)
        self.buffers[y] = buffer

    def _convolve_weight(self, y: Symbol, left: str, right: str, geometry: str, n: int, work: int) -> None:
        """The gradient of kernels is a sum over images: of as many parts as there may be workers."""
        parts = [y]
        if n >= MOST_WORKERS and work >= _WORTH_PARTS:
            parts = [Symbol(f"{y.name}_{k}", y.shape, y.dtype) for k in range(MOST_WORKERS)]
        for k, part in enumerate(parts):
            buffer = self._allocate(part)
            first, last = (n * end // len(parts) for end in (k, k + 1))
            lines = [f"# {buffer} = {'part of ' if len(parts) > 1 else ''}convolution_weight"]
            lines.append(f"convolution_weight({right}, {buffer}, {left}, {first}, {last}, {geometry})")
            reads = {(left, 0), (right, 0)}
            by = (FIRST, LAST)[k] if len(parts) > 1 else ""
            cost = work / _MULTIPLY_ADDS / len(parts)
            self._add(lines, reads, {(buffer, 0)}, cost=cost, by=by)
            self.buffers[part] = buffer
        if len(parts) > 1:
            self._add_to(parts[0], parts[1], y)

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
        """A layer whose inner axis the workers share out, see `inputs_by_columns`."""
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
            self._lay_out(stored)
        lead = x.ndim - 2
        own = ["0" if n == 1 else AXES[batch - lead + d] for d, n in enumerate(x.shape[: max(lead, 0)])]
        name = self.buffers[stored]
        text = element_text(name, own if batch else [])
        return _Matrix(name, f"{text}.T" if transposed else text, transposed)

    def _lay_out(self, x: Symbol) -> None:
        """Give an operand a buffer; what it is a reshaped view of is filled instead, without divisions."""
        producer = self.producers.get(x)
        if producer is None or producer.primitive.name != "reshape" or not producer.args[0].ndim:
            self._fill(x)
            return
        if producer.args[0] not in self.buffers:
            self._fill(producer.args[0])
        self._same_memory(producer)

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
        lines += [f"for i in range({unsigned_bounds(rows, m)}):", f"{INDENT}{flat_name(left.name)}[i] = "]
        lines[-1] += f"{factor} * {flat_name(a.name)}[i]"
        self._add(lines, {(a.name, rows), *scalars}, {(left.name, rows)}, rows, size)
        by_columns = self.columns.get(b.name) == n
        shared = -n if by_columns else m
        lines = [f"# {target} = {update.comment}"]
        if not update.shrink.is_one:
            shrink = update.shrink.text(self.buffers, stored.dtype)
            lines += [f"for i in range({m if by_columns else bounds(m)}):"]
            lines += [f"{INDENT}for j in range({unsigned_bounds(n, 1) if by_columns else n}):"]
            lines += [f"{INDENT * 2}{target}[i, j] *= {shrink}"]
        call = "accumulate_columns" if by_columns else "accumulate"
        lines += [f"{call}({left.name}, {b.text}, {target}, {bounds(abs(shared))})"]
        reads = {(left.name, 0), (b.name, shared if by_columns else 0), (target, shared), *scalars}
        self._add(lines, reads, {(target, shared)}, abs(shared), m * n * rows / _MULTIPLY_ADDS)


def inputs_by_columns(program: Program, producers: Mapping[Symbol, Instruction]) -> set[Symbol]:
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
        primitive = producers[x].primitive
        computed = primitive.kind in ("loop", "view", "gather") and primitive.name != "reshape"
        if x.ndim != 2 or not enough or not computed:
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


def _bias_lines(buffer: str, bias: str, rows: str, n: int) -> list[str]:
    return [
        f"for i in range({rows}):",
        f"{INDENT}for j in range({n}):",
        f"{INDENT * 2}{buffer}[i, j] += {bias}[j]",
    ]
