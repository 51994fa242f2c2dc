"""The way back through a loop, as the step of another loop.

Its states are the cotangents of the loop's states, and the sums of the cotangents of what each step uses; its
elements are the cotangents of what was kept of each step, and what the walk back reads of the step: that, the
loop is told to keep.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .. import ops
from ..core.tape import Node, pull_back, recording, taken
from ..core.tensor import Tensor, filled, wrap
from ..kinds import Repeat
from ..primitive import Value
from .body import Body, chosen, sources
from .trace import Instruction, Symbol

if TYPE_CHECKING:
    from .looping import Loop


class Back:
    """The step of the way back through a loop.

    Attributes:
        body: the step.
        first, elements: what its loop begins with, and what has an axis of steps in front.
        active: the numbers of the states whose cotangents are its first states.
        nodes: what a step of the loop uses, the sums of whose cotangents are its other states.
        outputs: the numbers of the elements whose cotangents it keeps.
    """

    def __init__(self, loop: Loop, parts: dict[int, Value], inputs: Sequence[Any]) -> None:
        self._loop, self._body, self._trace = loop, loop.body, loop.trace
        self._inputs = inputs
        self._last = {k: g for k, g in parts.items() if k < len(loop.first)}
        self._kept: dict[int, list[Any]] = {}  # of what is kept under several numbers: the last one first
        which: dict[Node, int] = {}
        for number in sorted(k for k in parts if k >= len(loop.first)):
            k = which.setdefault(loop.body.kept[number - len(loop.first)][1], number - len(loop.first))
            self._kept.setdefault(k, []).insert(0, parts[number])
        self._states = self._states_kept()
        self.active = self._reached()
        news, kept = loop.body.news, loop.body.kept
        through = [k for k in self._kept if k not in self._states.values()]
        given, nodes = loop.sources([*(news[i][1] for i in self.active), *(kept[k][1] for k in through)])
        self.nodes, self._leaves = nodes, {x.kept(): x for x in given}
        self.first = [*map(self._end, self.active), *(_so_far(inputs[loop.nodes[x]]) for x in nodes)]
        self.elements = [x for i, k in self._states.items() for x in self._before(i, k)]
        self.elements += [g for k in through for g in self._kept[k]]
        with self._trace.aside() as instructions:
            self._record(given, through)
        self._finish(instructions)

    def _states_kept(self) -> dict[int, int]:
        """The states that are kept as they are: of each, as which.

        In the loop written out, the cotangent of what is kept comes first to such a state, and those of what
        the next step does with it are added in order. So they are here, for the same bits.
        """
        news, found = self._body.news, dict[int, int]()
        for k in self._kept if self._loop.count is None else ():
            kept = self._body.kept[k][1]
            i = next((i for i, (_, new) in enumerate(news) if new is kept and i not in found), None)
            if i is not None and kept.requires_grad:
                found[i] = k
        return found

    def _reached(self) -> list[int]:
        """The states whose cotangents are not zero, or not known to be."""
        body = self._body
        active = {*self._last, *self._states}
        ends = [body.kept[k][1] for k in self._kept]
        while True:
            given, _ = self._loop.sources([*ends, *(body.news[i][1] for i in active)])
            symbols = {x.kept() for x in given}
            found = active | {i for i, s in enumerate(body.states) if s in symbols}
            if found == active:
                return sorted(i for i in active if body.states[i].dtype.kind == "f")
            active = found

    def _end(self, i: int) -> Tensor:
        """The cotangent of a state after the last step."""
        g = self._last.get(i)
        for kept in self._kept[self._states[i]] if i in self._states else ():
            end = kept[0 if self._loop.reverse else -1]
            g = end if g is None else g + end
        symbol = self._body.states[i]
        return filled(0.0, symbol.shape, symbol.dtype) if g is None else g

    def _before(self, i: int, k: int) -> Iterator[Tensor]:
        """What each step begins the cotangent of a state with: that of what the step before it kept."""
        row = _so_far(self._inputs[i]).unsqueeze(0)
        for g in self._kept[k]:
            yield ops.concatenate([g[1:], row] if self._loop.reverse else [row, g[:-1]])
            row = filled(-0.0, row.shape, row.dtype)

    def _record(self, given: list[Node], through: list[int]) -> None:
        trace, body = self._trace, self._body
        self._seeds = [_seed(trace, body.news[i][0]) for i in self.active]
        self._seeds += [
            variable(Symbol(trace.name("d_sum"), x.array.shape, x.array.dtype)) for x in self.nodes
        ]
        before = [(i, _seed(trace, body.states[i])) for i, k in self._states.items() for _ in self._kept[k]]
        ends = [(k, _seed(trace, body.kept[k][0])) for k in through for _ in self._kept[k]]
        self._given = [g for _, g in (*before, *ends)]
        pairs = [(self._leaves[body.states[i]], g) for i, g in before if body.states[i] in self._leaves]
        pairs += [(body.news[i][1], g) for i, g in zip(self.active, self._seeds)]
        pairs += zip(self.nodes, self._seeds[len(self.active) :], strict=True)
        pairs += [(body.kept[k][1], g) for k, g in ends]
        pairs = [(y, g) for y, g in pairs if y.requires_grad]
        found = pull_back(
            [y for y, _ in pairs], [g for _, g in pairs], [*given, *self.nodes], record=True, free=False
        )
        own = set(self.nodes)
        cotangents: dict[Any, Tensor] = {}
        for x, g in found:
            key = x if x in own else x.kept()
            cotangents[key] = cotangents[key] + g if key in cotangents else g
        news = []
        for i in self.active:
            s = body.states[i]
            g = cotangents.get(s)
            if g is None:
                found_before = [x for k, x in before if k == i] or [filled(0.0, s.shape, s.dtype)]
                g = functools.reduce(operator.add, found_before)
            news.append(g)
        news += [cotangents[x] for x in self.nodes]
        self.outputs = [k for k, s in enumerate(body.elements) if s in cotangents]
        outputs = [cotangents[body.elements[k]] for k in self.outputs]
        self._news, self._outputs = ([(trace.symbol(g), g) for g in group] for group in (news, outputs))

    def _finish(self, instructions: list[Instruction]) -> None:
        """Find what is read of the steps, and put the body together."""
        loop, body, trace = self._loop, self._body, self._trace
        made = {i.result for i in body.instructions} | {*body.states, *body.elements}
        read = {x for i in instructions for x in i.symbols}
        read |= {x for x, _ in (*self._news, *self._outputs)}
        results = [g for _, g in (*self._news, *self._outputs)]
        seeds = {x.array for x in (*self._seeds, *self._given)}
        keeps: list[Symbol] = []
        wanted = [x for x in body.order() if x in read & made]
        while True:
            keeps, anew = chosen(body, wanted, loop.again)
            stops = {*keeps, *seeds, *body.states, *body.elements}
            nodes = {x.kept(): x for x in sources(body, stops, results)[0]}
            more = [x for x in nodes if x not in keeps and x not in seeds]
            if not more:
                break
            wanted += more
        self.elements += [loop.keep(x, nodes[x] if x in nodes else wrap(x)) for x in keeps]
        for i in anew:
            if isinstance(i.primitive.kind, Repeat):
                trace.loops[i.result].homes.append(instructions)
        instructions[:0] = anew
        self.body = Body(
            [x.array for x in self._seeds],
            [*(x.array for x in self._given), *keeps],
            instructions,
            self._news,
            self._outputs,
            None,
            body.begin,
        )


def _so_far(x: Node) -> Any:
    """What there is of a cotangent already, or a zero that changes no bit of what is added to it."""
    g = taken(x) if x.requires_grad else None
    return filled(-0.0, x.array.shape, x.array.dtype) if g is None else g


def _seed(trace: Any, of: Symbol) -> Tensor:
    """What stands for the cotangent of a value."""
    return variable(Symbol(trace.name(f"d_{of.name}"), of.shape, of.dtype))


def variable(symbol: Symbol) -> Tensor:
    """What stands for a value that a step is given."""
    return wrap(symbol).requires_grad_(symbol.dtype.kind == "f" and recording.get())
