"""The recorded program of a loop's step, and what of it is needed for some of the loop's results."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from ..core.tape import Node, check
from ..kinds import Loop, Part, Repeat, View
from .program import Program, simplified
from .trace import Instruction, Symbol


class Needs(NamedTuple):
    """What of a body some results of its loop need.

    Attributes:
        program: of a step: from states, elements and what it uses besides, to what is kept (its outputs) and
            the new states (its updates). With a test, that is the last output.
        states, elements, others: the numbers of those that it reads, or changes.
    """

    program: Program
    states: list[int]
    elements: list[int]
    others: list[int]


class Body:
    """A step of a loop.

    Attributes:
        states, elements: the symbols of what it is given.
        instructions: the calls; what loops within keep for a derivative is added later.
        news: the new states, on the tape of the recording.
        kept: what is kept of each step, likewise; a derivative adds to them.
        test: the symbol of whether the step is made, or None.
        others: the symbols of what it uses besides.
        begin: when on the tape's clock its recording began.
    """

    def __init__(
        self,
        states: Sequence[Symbol],
        elements: Sequence[Symbol],
        instructions: list[Instruction],
        news: Sequence[tuple[Symbol, Node]],
        kept: Sequence[tuple[Symbol, Node]],
        test: Symbol | None,
        begin: int,
    ) -> None:
        self.states, self.elements, self.instructions = list(states), list(elements), instructions
        self.news, self.kept, self.test, self.begin = list(news), list(kept), test, begin
        self.others = list(self._free())

    def __repr__(self) -> str:
        given = ", ".join(s.name for s in (*self.states, *self.elements))
        lines = "; ".join(map(repr, self.instructions))
        return f"({given}) -> ({', '.join(s.name for s, _ in (*self.news, *self.kept))}): {lines}"

    def _free(self) -> Iterator[Symbol]:
        """What is read and not made here, in order."""
        seen = {*self.states, *self.elements}
        reads: list[Iterable[Symbol]] = []
        for i in self.instructions:
            reads.append(i.symbols)
            seen.add(i.result)
        results = [x for x, _ in (*self.news, *self.kept)]
        for group in (*reads, results, [self.test] if self.test else []):
            for x in group:
                if x not in seen:
                    seen.add(x)
                    yield x

    def order(self) -> list[Symbol]:
        """What a step is given and computes, in order."""
        return [*self.states, *self.elements, *(i.result for i in self.instructions)]

    def needs(self, numbers: Collection[int]) -> Needs:
        """What is needed for some results: the last states, then what is kept, by their numbers."""
        first = len(self.states)
        outputs = [self.kept[k - first][0] for k in sorted(numbers) if k >= first]
        outputs += [self.test] if self.test else []
        states = {k for k in numbers if k < first}
        given = [*self.states, *self.elements]
        while True:
            updates = [(self.states[k], self.news[k][0]) for k in sorted(states)]
            program = simplified(self.instructions, given, self.others, outputs, updates)
            used = program.uses()
            more = {k for k, s in enumerate(self.states) if used[s]} - states
            if not more:
                elements = [k for k, s in enumerate(self.elements) if used[s]]
                others = [k for k, s in enumerate(self.others) if used[s]]
                return Needs(program, sorted(states), elements, others)
            states |= more

    def operands(self, kind: Repeat, numbers: Collection[int]) -> Iterator[int]:
        """The positions of the loop's operands that are needed for some results."""
        needs, first, second = self.needs(numbers), len(self.states), len(self.states) + len(self.elements)
        yield from needs.states
        yield from (first + k for k in needs.elements)
        yield from (second + k for k in needs.others)
        if kind.counted:
            yield second + len(self.others)


def is_cheap(instruction: Instruction) -> bool:
    """Whether its result is made anew rather than kept: a view, or arithmetic of one value."""
    kind = instruction.primitive.kind
    simple = isinstance(kind, Loop) and kind.work <= 1 and len(instruction.symbols) <= 1
    return isinstance(kind, View) or simple


def chosen(body: Body, wanted: Iterable[Symbol], again: bool) -> tuple[list[Symbol], list[Instruction]]:
    """Of what a derivative reads of a step: what is kept of it, and what is made anew of that, in order.

    With `again` everything is made anew of what the step is given.
    """
    producers = {i.result: i for i in body.instructions}
    given = {*body.states, *body.elements}
    kept: dict[Symbol, None] = {}
    anew: set[Symbol] = set()
    stack = list(wanted)
    while stack:
        x = stack.pop()
        if x in anew or x in kept:
            continue
        if x in given or (x in producers and not again and not is_cheap(producers[x])):
            kept[x] = None
        elif x in producers:
            anew.add(x)
            stack += producers[x].symbols
    return list(kept), [i for i in body.instructions if i.result in anew]


def sources(body: Body, given: Collection[Symbol], results: Iterable[Node]) -> tuple[list[Node], list[Node]]:
    """What results were computed from: nodes of what a step is given, and others from before it."""
    own = {i.result for i in body.instructions}
    inside: dict[Node, None] = {}
    before: dict[Node, None] = {}
    seen: set[Node] = set()
    stack = [y for y in results if y.requires_grad]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        symbol = node.kept()
        if isinstance(symbol, Symbol) and symbol in given:
            inside[node] = None
        elif node.primitive is not None and node.number > body.begin:
            check(node, strict=False)
            stack += [x for x in node.args if isinstance(x, Node) and x.requires_grad]
        elif symbol not in own if isinstance(symbol, Symbol) else True:
            before[node] = None
    return list(inside), list(before)


def parts_of(instructions: Iterable[Instruction], call: Symbol) -> dict[int, Symbol]:
    """The results of a loop that are used, by their numbers."""
    return {
        i.args[1]: i.result for i in instructions if isinstance(i.primitive.kind, Part) and i.args[0] is call
    }
