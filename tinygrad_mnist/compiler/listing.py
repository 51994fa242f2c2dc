"""Which inputs of products can be listed, so that their zeros are skipped.

An input can if it is rows of memory, found or as they are, through functions of one number that leave zero
zero, and if nothing but products and their gradients use it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ..kernels.listed import is_narrow
from ..kernels.lists import MOST
from ..kernels.runtime import share
from ..kinds import Gather, Loop, Matrices, View
from ..primitive import Array
from .program import Program
from .share import MOST_WORKERS
from .trace import Instruction, Symbol
from .tuning import GAP, LEAST_DEPTH, LEAST_WIDTH, SAMPLE
from .viewing import turns

#: Share of numbers that are not zero from which on every number is as fast (prototype: 40 to 45%).
DENSE = 0.42
LINE = 64  # bytes of a line of the cache


class Source(NamedTuple):
    """Where the numbers of a listed input are.

    Attributes:
        memory: the symbol of the array that its rows are of.
        rows: the symbol of the rows themselves, if they are found in that; else the same.
        chain: what is done to each number, in order.
        coded: whether lists hold the numbers as they are found, one byte each: what becomes of them is looked
            up.
        gap: rows of the weights, and of their gradient, that nobody looks at, between those of the first part
            of the columns and those of the second: see `GAP`.
    """

    memory: Symbol
    rows: Symbol
    chain: tuple[Instruction, ...]
    coded: bool = False
    gap: int = 0

    @property
    def changed(self) -> bool:
        """Whether the numbers of lists are not those that are found."""
        return bool(self.chain) and not self.coded


def listable(program: Program) -> dict[Symbol, Source]:
    """The inputs of products whose zeros can be skipped, and where their numbers are."""
    producers = program.producers()
    users: dict[Symbol, list[Instruction]] = {}
    for instruction in program.instructions:
        for operand in {*instruction.symbols}:
            users.setdefault(operand, []).append(instruction)
    kept = {*program.outputs, *(value for _, value in program.updates)}
    found: dict[Symbol, Source] = {}
    for instruction in program.instructions:
        x: Any = instruction.args[0] if instruction.matrices else None
        if not isinstance(x, Symbol) or x in found or x in kept or x.ndim != 2 or x.dtype.kind != "f":
            continue
        weighs = [
            i for i in users[x] if i.args[0] is x and weight(i, producers, program.captured) is not None
        ]
        slopes = [i for i in users[x] if i not in weighs and _is_slope(i, x, producers, users)]
        fits = LEAST_DEPTH <= x.shape[1] < MOST - MOST // 8  # with a gap, too
        if not weighs or len(weighs) + len(slopes) < len(users[x]) or not fits:
            continue
        if any(i.args[1] is x for i in weighs) or min(i.result.shape[1] for i in weighs) < LEAST_WIDTH:
            continue
        source = _source(x, producers, program)
        if source:
            widths = [i.result.shape[1] for i in weighs]
            for i in slopes:
                widths += [j.result.shape[1] for j in users[i.result]] if turns(i) else [i.result.shape[0]]
            narrow = all(is_narrow(n, x.dtype.itemsize) for n in widths)
            coded = narrow and source.rows.dtype.itemsize == 1
            weights = [weight(i, producers, program.captured) for i in weighs]
            gap = 0
            if all(w is not None and w[1] for w in weights) and not any(map(turns, slopes)):
                row = whole_lines(min(widths), x.dtype) * x.dtype.itemsize
                gap = min(-(-GAP // row), x.shape[1] // 8)
            found[x] = source._replace(coded=coded, gap=gap)
    gap = min((source.gap for source in found.values()), default=0)  # of all: their weights may meet
    return {x: source._replace(gap=gap) for x, source in found.items()}


def whole_lines(columns: int, dtype: np.dtype[Any]) -> int:
    """So many columns and what fills up the last line of the cache."""
    line = LINE // dtype.itemsize
    return -(-columns // line) * line


def middle(depth: int, gap: int) -> int:
    """Where the second part of so many columns begins: workers who share out these rows meet in the gap."""
    return int(share(depth + gap, 1, MOST_WORKERS)[0]) - gap // 2


def weight(
    instruction: Instruction, producers: Mapping[Symbol, Instruction], captured: tuple[Symbol, ...]
) -> tuple[Symbol, bool] | None:
    """The right matrix of a product of two, and whether it is turned; one that is computed must not be."""
    form = instruction.matrices
    w = instruction.args[1] if form else None
    if form is None or not isinstance(w, Symbol) or w.ndim != 2 or instruction.result.ndim != 2:
        return None
    turned = form.turned
    if w in producers and turns(producers[w]):
        w, turned = producers[w].args[0], not turned
    return (w, turned) if not turned or w in captured else None


def _is_slope(
    i: Instruction,
    x: Symbol,
    producers: Mapping[Symbol, Instruction],
    users: Mapping[Symbol, list[Instruction]],
) -> bool:
    """Whether an instruction is the gradient of a weight that x was multiplied by, or its x, turned."""
    if turns(i):
        return bool(users.get(i.result)) and all(
            j.matrices == Matrices() and j.args[0] is i.result and j.args[1] is not i.result
            for j in users[i.result]
        )
    if i.matrices != Matrices() or i.args[1] is not x or i.args[0] is x or i.args[0] not in producers:
        return False
    return i.args[0].ndim == 2 and turns(producers[i.args[0]])


def _source(x: Symbol, producers: Mapping[Symbol, Instruction], program: Program) -> Source | None:
    chain: list[Instruction] = []
    (count, depth), end = x.shape, x
    while end in producers:
        i = producers[end]
        kind = i.primitive.kind
        symbols = {*i.symbols}
        inner = next(iter(symbols), end)
        if isinstance(kind, Loop) and len(symbols) == 1 and inner.shape == end.shape:
            chain.insert(0, i)
        elif isinstance(kind, View) and kind.in_order and inner.shape[:1] == (count,):
            pass
        elif isinstance(kind, Gather) and not kind.add and i.args[2] == 0 and i.args[1].ndim == 1:
            table = i.args[0]
            if table in producers or math.prod(table.shape[1:]) != depth:
                return None
            break
        else:
            return None
        end = inner
    memory = producers[end].args[0] if end in producers else end
    changes = any(memory is target for target, _ in program.updates)
    return None if changes or not _keeps_zero(end.dtype, chain) else Source(memory, end, tuple(chain))


def _keeps_zero(dtype: np.dtype[Any], chain: list[Instruction]) -> bool:
    """Whether functions of one number make zeros of zeros."""
    for zero in (0.0, -0.0) if dtype.kind == "f" else (0,):
        value = np.full(1, zero, dtype)
        for i in chain:
            with np.errstate(all="ignore"):
                found = i.primitive.run(*(value if isinstance(a, Symbol) else a for a in i.args))
            value = np.asarray(found).astype(i.result.dtype).reshape(1)
        if value[0] != 0:
            return False
    return True


def density(array: Array, depth: int) -> float:
    """The share of numbers that are not zero, by a sample of rows of so many."""
    rows = array.reshape(-1, depth)
    count = max(8, min(SAMPLE, (1 << 16) // depth))
    sample = rows[:: max(1, len(rows) // count)][:count]
    return np.count_nonzero(sample) / sample.size if sample.size else 1.0
