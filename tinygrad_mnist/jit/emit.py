"""A program as readable Python source: buffers, loop nests, matrix products, and the loop over steps."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..primitive import REGISTRY, Shape
from .contractions import Contractions, inputs_by_columns
from .expression import Nest
from .nests import AXES, INDENT
from .program import Program
from .reductions import Reductions
from .sections import EVERYONE, shared_out, shares
from .trace import Instruction, Symbol
from .updates import accumulated

_WORTH_SHARING = 20_000  # work of a step from which on several workers are faster than one
#: Where the names in a program come from.
_MODULES = {
    "numpy": "bool_ uint8 uint16 uint32 uint64 int8 int16 int32 int64 float32 float64 "
    "empty floor rint sqrt sign inf nan",
    "tinygrad_mnist.kernels.runtime": "accumulate accumulate_columns argsort fetch_row greater "
    "less matmul matmul_columns matmul_part maximum meet minimum position quotient share span",
    "tinygrad_mnist.kernels.convolve": "convolution convolution_input convolution_weight",
    "tinygrad_mnist.kernels.philox": "normal_at_float32 normal_at_float64 "
    "uniform_at_float32 uniform_at_float64",
    "tinygrad_mnist.kernels.policy": "program_kernel",
    "tinygrad_mnist.kernels.bits": "add_loosely copysign some",
    "tinygrad_mnist.kernels.sums": "add_exactly whole",
    "tinygrad_mnist.kernels.scalar": "atan cos erf exp expm1 log log1p pow sigmoid sin tanh",
}


class Source(NamedTuple):
    """A program as text.

    Attributes:
        text: a module whose function `program` runs the steps from `first` up to `last`.
        shared: whether several workers can run it together. Then the function takes, after the
            steps, the number of a worker (from 0), how many there are, and an array where they meet.
        buffers: room to work in.

    The array arguments in any case are the program's arguments, each with an axis of steps in front;
    the captured arrays, which it updates in place; the outputs, again with an axis of steps; and the
    buffers: a program that ends by an error could not give back what it had allocated.
    """

    text: str
    shared: bool
    buffers: tuple[Symbol, ...]


def source(program: Program) -> Source:
    """Print a program."""
    return _Emitter(program).module()


class _Emitter(Reductions, Contractions):
    """Writes one program.

    Every value is either a buffer, filled by a loop nest or a product of its own, or an
    expression that joins the nests that use it. Buffers are: what reductions and contractions
    give, what contractions take, and what is expensive and used more than once.
    """

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.inputs = inputs_by_columns(program, self.producers)
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
        again = self._use_again(shared)
        own = [s for s in self.allocated if s.name not in again]
        body = self._shared_body() if shared else self._body()
        names = ["first", "last", *(["worker", "workers", "meeting"] if shared else [])]
        names += [s.name for s in (*program.arguments, *program.captured)]
        names += [f"o{k}" for k in range(len(program.outputs))]
        names += [s.name for s in own]
        lines = ["@program_kernel", f"def program({', '.join(names)}):"]
        before = shares(body) if shared else []
        before += [f"{name} = {other}  # which is no longer needed" for name, other in again.items()]
        lines += [INDENT + line for line in (*before, *self.views)]
        lines += [f"{INDENT}for step in range(first, last):"]
        lines += [INDENT * 2 + line for line in body or ["pass"]]
        text = "\n".join([*_imports(lines), "", "", *lines, ""])
        return Source(text, shared, tuple(own))

    def _use_again(self, shared: bool) -> dict[str, str]:
        """Let buffers live in the memory of earlier ones whose numbers nobody needs any more: these by those.

        Where workers share a step, only among buffers of which each touches its own rows: others would have
        to meet once more.
        """
        used: dict[str, list[int]] = {}
        own: dict[str, set[int]] = {}
        for n, section in enumerate(self.sections):
            for name, rows in section.reads | section.writes:
                used.setdefault(name, []).append(n)
                own.setdefault(name, set()).add(rows)
        again: dict[str, str] = {}
        until: dict[str, tuple[Symbol, int]] = {}
        for x in sorted(self.allocated, key=lambda x: used.get(x.name, [0])[0]):
            if x.name not in used or (shared and own[x.name] != {x.shape[0]}):
                continue
            first, last = used[x.name][0], used[x.name][-1]
            for name, (other, end) in until.items():
                if (other.shape, other.dtype) == (x.shape, x.dtype) and end < first:
                    again[x.name], until[name] = name, (other, last)
                    break
            else:
                until[x.name] = x, last
        for section in self.sections:
            section.reads = {(again.get(name, name), rows) for name, rows in section.reads}
            section.writes = {(again.get(name, name), rows) for name, rows in section.writes}
        return again

    def _body(self) -> list[str]:
        return [_plain(line) for section in self.sections for line in section.text(False)]

    def _shared_body(self) -> list[str]:
        """The sections as workers do them, who meet once more at the end of each step."""
        meet = ["if not meet(meeting, workers):", f"{INDENT}return"]
        lines: list[str] = []
        before = EVERYONE
        for by, section in shared_out(self.sections):
            if by != EVERYONE and by != before:
                lines.append(f"if {by}:")
            before = by
            text = meet if section is None else section.text(True)
            lines += [INDENT * (by != EVERYONE) + _plain(line) for line in text]
        return [*lines, *meet]

    def _place(self, instruction: Instruction) -> None:
        """Give an instruction's result a buffer now, or leave it to the nests that use it."""
        y, primitive = instruction.result, instruction.primitive
        if y in self.onto:
            for x in instruction.args:
                self._matrix(x, 0)
        elif primitive.kind == "contract":
            self._contract(instruction)
        elif primitive.name == "argsort":
            self._sort(instruction)
        elif primitive.name == "cumsum":
            self._cumulate(instruction)
        elif primitive.kind == "reduce":
            self._reduce(instruction)
        elif primitive.name == "scatter_add":
            self._scatter(instruction)
        elif primitive.name == "reshape" and instruction.args[0] in self.buffers:
            self._same_memory(instruction)
        elif self._deserves_buffer(y):
            self._fill(y)

    def _outputs(self) -> None:
        for k, x in enumerate(self.program.outputs):
            self._store(x, f"o{k}", "step")

    def _updates(self) -> None:
        """Write the new values, after everything that reads the old ones has been computed."""
        onto = {update.target: update for update in self.onto.values()}
        rest = [(target, value) for target, value in self.program.updates if target not in onto]
        alone: list[tuple[Symbol, Symbol]] = []
        together: dict[Shape, list[tuple[Symbol, Symbol]]] = {}
        for target, value in rest:
            flat = value.ndim > 0 and self._expressions(value, flat=True).is_flat(value, value.shape)
            (together.setdefault(value.shape, []) if flat else alone).append((target, value))
        updated = {target.name for target, _ in self.program.updates}
        for target, value in alone:
            axes = tuple(AXES[: value.ndim])
            self._keep_apart(value, axes, False, updated, {(target.name, axes)})
        for pairs in together.values():
            for _, value in pairs:
                own = {(target.name, ("i",)) for target, _ in pairs}
                self._keep_apart(value, ("i",), True, updated, own)
        for update in onto.values():
            self._accumulate(update)
        for pairs in together.values():
            self._store_together(pairs)
        for target, value in alone:
            self._store(value, target.name)

    def _keep_apart(
        self, x: Symbol, index: tuple[str, ...], flat: bool, updated: set[str], own: Collection[Any]
    ) -> None:
        """Compute a new value now if it reads what will have changed by then, besides the elements `own`."""
        nest = Nest(x.ndim)
        self._expressions(x, flat).at(x, index, nest)
        if any(name in updated and (name, at) not in own for name, at in nest.reads):
            self._copy(x)

    def _copy(self, x: Symbol) -> None:
        if x in self.buffers:  # somebody else's buffer, about to be updated
            copy = Symbol(f"{x.name}_before", x.shape, x.dtype)
            self.producers[copy] = Instruction(REGISTRY["alias"], (x,), copy)
            name = self._allocate(copy)
            self._store(x, name)
            self.buffers[x] = name
        else:
            self._fill(x)


def _imports(lines: Sequence[str]) -> list[str]:
    words = set(re.findall(r"\w+", "\n".join(lines)))
    found = {module: [n for n in names.split() if n in words] for module, names in _MODULES.items()}
    return [f"from {module} import {', '.join(names)}" for module, names in found.items() if names]


def _plain(line: str) -> str:
    """`range` as people write it."""
    return line.replace("range(0, ", "range(")


def _dtype(dtype: np.dtype[Any]) -> str:
    return "bool_" if dtype.kind == "b" else dtype.name
