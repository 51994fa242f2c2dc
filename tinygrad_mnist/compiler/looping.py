"""Recording loops: the function of a step runs once, and so does the walk back through it.

The derivative of a loop is a loop in the other direction, see `back`, and so has one itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from ..core.tape import Node, clock, recording
from ..core.tensor import Tensor, filled, wrap
from ..core.together import called, picked
from ..core.tree import flatten
from ..errors import TraceError
from ..kinds import Part, Repeat
from ..ops.views import alias
from ..primitive import Value
from .back import Back, variable
from .body import Body, sources
from .reads import Reads
from .steady import difference
from .trace import Instruction, Internal, Symbol, Trace

_INT64 = np.dtype(np.int64)
Step = Callable[[list[Tensor], list[Tensor]], tuple[list[Tensor], list[Tensor]]]


_RESULT = Internal("result", Part(), 1)


class _Asked(NamedTuple):
    """What `LoopTrace.loop` is given of a step, and with a test the count of steps as one more state."""

    step: Step
    state: list[Tensor]
    elements: list[Tensor]
    names: list[str]
    going: Callable[[list[Tensor]], Tensor] | None


class _Recorded(NamedTuple):
    """A step, and the Tensors from outside that it gives new values, which become states of their own."""

    body: Body
    assigned: list[Tensor]


class LoopTrace(Trace):
    """A recorder that loops ask to be recorded as such.

    Attributes:
        loops: those recorded, by the symbol of their call.
    """

    has_loops = True

    def __init__(self, reads: Reads, paths: Mapping[int, str] = MappingProxyType({})) -> None:
        super().__init__(reads, paths)
        self.loops: dict[Symbol, Loop] = {}
        self._looks_again = False

    def loop(
        self,
        step: Step,
        state: list[Tensor],
        elements: list[Tensor],
        steps: int,
        reverse: bool,
        names: Sequence[str] = (),
        *,
        going: Callable[[list[Tensor]], Tensor] | None = None,
        again: bool = False,
    ) -> tuple[list[Tensor], list[Tensor]]:
        """The last state and what is kept of the steps; see `core.loops`.

        Args:
            step: from the Tensors of a state and of an element to those of the next state and what is kept.
            state, elements: what it begins with, and what has an axis of steps in front.
            steps, reverse: how many, and whether the last element comes first.
            names: of the states and elements, as readers know them.
            going: whether to make another step, from the state; then `steps` is the most there are.
            again: the derivative computes the step again, and nothing is kept.
        """
        first = [*state, filled(0, (), _INT64)] if going else list(state)
        named = [*names[: len(state)], *(["count"] if going else []), *names[len(state) :]]
        body, assigned = self._recorded(_Asked(step, first, elements, named, going), steps)
        first += [wrap(self.symbol(leaf)) for leaf in assigned]
        if not steps and going is None:
            return state, [filled(0.0, (0, *s.shape), s.dtype) for s, _ in body.kept]
        loop = Loop(self, body, first, elements, steps, reverse, again=again)
        last = [loop.result(k) for k in range(len(first))]
        for leaf, value in zip(assigned, last[len(last) - len(assigned) :], strict=True):
            self.assigned[id(leaf)] = leaf, self.symbol(value)
        if going:
            loop.count = last[len(state)]
        return last[: len(state)], [loop.result(len(first) + k) for k in range(len(body.kept))]

    def checkpoint(self, run: Callable[[], Any]) -> Any:
        """The value of a function, as a loop of one step of which nothing is kept."""
        rebuild: Callable[[Sequence[Any]], Any] = lambda leaves: None

        def step(_: list[Tensor], __: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
            nonlocal rebuild
            results, rebuild = flatten(run())
            return [], results

        kept = self.loop(step, [], [], 1, False, again=True)[1]
        return rebuild([y.reshape(y.shape[1:]) for y in kept])

    @contextmanager
    def aside(self) -> Iterator[list[Instruction]]:
        """What is recorded within the block is a list of its own."""
        before, self.instructions = self.instructions, []
        try:
            yield self.instructions
        finally:
            self.instructions = before

    def _recorded(self, asked: _Asked, steps: int) -> _Recorded:
        """A step; TraceError if it is another program the second time."""
        carried = dict[int, tuple[Tensor, Symbol]]()
        on_tape = [x.requires_grad for x in asked.state]
        while True:
            used = self._names.copy(), self._counts.copy()
            body, now = self._once(asked, carried, on_tape)
            found = {key: leaf for key, (leaf, _) in now.items()}
            reached = [has or x.requires_grad for has, (_, x) in zip(on_tape, body.news, strict=False)]
            known = found.keys() <= carried.keys()
            if known and reached == on_tape:
                break
            on_tape = reached
            self._names, self._counts = used  # this recording is dropped
            if not known:
                carried = {key: (x, Symbol(self.name("state"), x.shape, x.dtype)) for key, x in found.items()}
        if steps > 1 and not self._looks_again:
            with self._again():
                other, _ = self._once(asked, carried, on_tape)
            line = difference(body, other, self._from_outside)
            if line is not None:
                raise TraceError(
                    "the step of a loop changes what it reads besides its state, so that the next step would "
                    f"be another program, at {line!r}: make that part of the state"
                )
        return _Recorded(body, [leaf for leaf, _ in carried.values()])

    def _once(
        self, asked: _Asked, carried: dict[int, tuple[Tensor, Symbol]], on_tape: list[bool]
    ) -> tuple[Body, dict[int, tuple[Tensor, Symbol]]]:
        """One recording of a step, and the Tensors from outside that it gave new values.

        Args:
            carried: the Tensors from outside that are known to be such, with what stands for them.
            on_tape: of each state, whether it has a derivative.
        """
        step, state, elements, names, going = asked
        before = self.assigned
        self.assigned, begin = {**before, **carried}, next(clock)
        try:
            with self.aside() as instructions:
                named = iter(names)
                flags = [*on_tape, *(x.requires_grad for x in elements)]
                shapes = [*(x.shape for x in state), *(x.shape[1:] for x in elements)]
                stands = [
                    self._stand_in(x, shape, next(named), has)
                    for x, shape, has in zip([*state, *elements], shapes, flags, strict=True)
                ]
                symbols = [x.array for x in stands]
                instructions.clear()  # the stand-ins are given
                inner, parts = stands[: len(state)], stands[len(state) :]
                counted = [inner.pop()] if going else []
                test = self.symbol(going(inner)) if going else None
                new, kept = step(inner, parts)
                new = [*new, *(n + 1 for n in counted)]
                news, keeps = ([(self.symbol(y), y) for y in group] for group in (new, kept))
            changed = {k: x for k, x in self.assigned.items() if x is not before.get(k, carried.get(k))}
        finally:
            now, self.assigned = self.assigned, before
        for leaf, _ in changed.values():
            if leaf.requires_grad:
                raise TraceError(
                    f"{self.reads.name(leaf)} requires a gradient and is changed in place in a step of a "
                    "loop: make it part of the loop's state"
                )
        news += [(now[key][1], wrap(now[key][1])) for key in carried]
        states = [*symbols[: len(state)], *(symbol for _, symbol in carried.values())]
        return Body(states, symbols[len(state) :], instructions, news, keeps, test, begin), changed

    @contextmanager
    def _again(self) -> Iterator[None]:
        """What is recorded within the block is only looked at: it leaves no names."""
        names, counts = self._names.copy(), self._counts.copy()
        self._looks_again = True
        try:
            yield
        finally:
            self._looks_again = False
            self._names, self._counts = names, counts

    def _from_outside(self, symbol: Symbol) -> Any:
        """The number or array that a symbol of something from outside stands for now."""
        found = next((x for x, s in self.captured.values() if s is symbol), None)
        return found.array if isinstance(found, Tensor) else found

    def _stand_in(self, x: Tensor, shape: tuple[int, ...], name: str, on_tape: bool) -> Tensor:
        """What stands for a state or an element in the step, which may change it in place."""
        symbol = Symbol("given", shape, x.dtype)
        inner: Tensor = alias(variable(symbol) if on_tape else wrap(symbol))
        inner.array.name = self.name(name)
        return inner


class Loop:
    """A loop in a program that is being recorded.

    Args:
        trace: the recorder.
        body: a step.
        first: the first states.
        elements: what has an axis of steps in front.
        steps, reverse: how many, and whether the last element comes first.
        count: how many of them are made, if that is computed.
        again: see `LoopTrace.loop`.

    Attributes:
        count: see above; of a loop with a test, its own result.
    """

    def __init__(
        self,
        trace: LoopTrace,
        body: Body,
        first: list[Tensor],
        elements: list[Tensor],
        steps: int,
        reverse: bool,
        count: Tensor | None = None,
        again: bool = False,
    ) -> None:
        self.trace, self.body, self.first, self.elements = trace, body, first, elements
        self.steps, self.reverse, self.count, self.again = steps, reverse, count, again
        self._numbers = len(first)
        self._parts: dict[int, Symbol] = {}
        kind = Repeat(body, steps, reverse, count is not None)
        given = [trace.symbol(x) for x in (*first, *elements)]
        operands = [*given, *body.others, *([] if count is None else [trace.symbol(count)])]
        self._token = Symbol(trace.name("loop"), (), np.dtype(np.float32))
        call = Internal("loop", kind, len(operands))
        trace.instructions.append(Instruction(call, (*operands, body), self._token, trace.origin()))
        self.homes = [trace.instructions]
        trace.loops[self._token] = self
        self.nodes: dict[Node, int] = {}
        self._note(self.sources(x for _, x in (*body.news, *body.kept))[1])
        inputs = (*first, *elements, *self.nodes)
        self._call: Tensor | None = None
        if recording.get() and any(x.requires_grad for x in inputs):
            self._call = called("loop", inputs, self._pull, self._token)

    def result(self, number: int) -> Tensor:
        """The last state, or what is kept, by number."""
        body = self.body
        if number not in self._parts:
            if number < self._numbers:
                symbol, _ = body.news[number]
                shape = symbol.shape
            else:
                symbol, _ = body.kept[number - self._numbers]
                shape = (self.steps, *symbol.shape)
            name = f"{symbol.name}_all"
            if number < self._numbers:
                name = f"{body.states[number].name}_last"
            part = Symbol(self.trace.name(name), shape, symbol.dtype)
            self._parts[number] = part
            for home in self.homes:
                at = next(k for k, i in enumerate(home) if i.result is self._token)
                home.insert(at + 1, Instruction(_RESULT, (self._token, number), part, home[at].origin))
        array = self._parts[number]
        return wrap(array) if self._call is None else picked(self._call, number, array)

    def sources(self, results: Iterable[Node]) -> tuple[list[Node], list[Node]]:
        """What results of a step depend on: nodes of what it is given, and others."""
        return sources(self.body, {*self.body.states, *self.body.elements}, results)

    def keep(self, symbol: Symbol, node: Node) -> Tensor:
        """A value of every step, from now on kept."""
        body = self.body
        if symbol in body.elements:
            return self.elements[body.elements.index(symbol)]
        known = [x for x, _ in body.kept]
        if symbol not in known:
            known.append(symbol)
            body.kept.append((symbol, node))
            if self._call is not None:
                before = len(self.nodes)
                self._note(self.sources([node])[1])
                self._call.args += tuple(self.nodes)[before:]
        return self.result(self._numbers + known.index(symbol))

    def _note(self, nodes: Iterable[Node]) -> None:
        """Number what a step uses besides what it is given."""
        for x in nodes:
            self.nodes.setdefault(x, len(self.first) + len(self.elements) + len(self.nodes))

    # The way back ---------------------------------------------------------------------------------

    def _pull(self, parts: dict[int, Value], values: Sequence[Any]) -> dict[int, Value]:
        """The cotangents of what the loop was given, by number, from those of its results: another loop."""
        back = Back(self, parts, values)
        loop = Loop(
            self.trace, back.body, back.first, back.elements, self.steps, not self.reverse, self.count
        )
        at = len(back.first)
        found = {
            place: loop.result(k)
            for k, place in enumerate([*back.active, *(self.nodes[x] for x in back.nodes)])
        }
        found |= {self._numbers + k: loop.result(at + n) for n, k in enumerate(back.outputs)}
        return found
