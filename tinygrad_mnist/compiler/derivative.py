"""The derivative of a compiled function: a node on the tape whose vjp is another compiled program.

While a function is recorded, the tape in the trace says what its results were computed from. Walked back
there, on symbols, it gives a program from the function's inputs and the cotangents of its results to the
cotangents of its inputs. That program computes the function's values anew. It was recorded on the tape as
well, and so it has a derivative in its turn: to any order, each compiled when it is first needed.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..core.interpreter import interpreter
from ..core.tape import check, pull_back, recording, set_recording
from ..core.tensor import Tensor, wrap
from ..core.together import NOTHING, Call, Part, on_tape
from ..errors import GraphError
from ..primitive import Array, Value
from .native import Native
from .program import Program, simplified
from .trace import Symbol, Trace

_NAME = "compiled function"


class Place(NamedTuple):
    """Something that a recorded computation is given.

    Attributes:
        symbol: of its value; None: the computation gives it a value of its own before it reads it.
        leaf: what stands for it on the tape of the trace, if a derivative may be asked with respect to it.
    """

    symbol: Symbol | None
    leaf: Tensor | None


class Computation:
    """Part of a trace, from places to results, that can be differentiated.

    Args:
        trace: where it was recorded; its derivatives are recorded behind it.
        places: what it is given.
        results: Tensors of the trace; those that require a gradient lead to leaves of the places, and
            to nothing outside the trace.
        count: how many arguments the trace has had.

    Attributes:
        tracked: the numbers of the results that a derivative may be asked of.
    """

    def __init__(self, trace: Trace, places: Sequence[Place], results: Sequence[Tensor], count: int) -> None:
        self.trace, self.places, self.results, self.count = trace, list(places), list(results), count
        self._native: Native | None = None
        self._derivatives: dict[tuple[int, ...], tuple[Computation, list[int]]] = {}
        self.tracked = [k for k, y in enumerate(results) if y.requires_grad]
        self._call = Call(_NAME, self.pull, self.tracked[0] if len(self.tracked) == 1 else None)
        self._parts = [Part(_NAME, k) for k in self.tracked]

    def program(self) -> Program:
        """From the places to the results, without what is not needed for them."""
        captured = [s for _, s in self.trace.captured.values()]
        outside = set(captured)
        arguments = [p.symbol for p in self.places if p.symbol is not None and p.symbol not in outside]
        outputs = [y.array for y in self.results]
        program = simplified(self.trace.instructions, arguments, captured, outputs, [])
        used = program.uses()
        return dataclasses.replace(program, arguments=tuple(s for s in program.arguments if used[s]))

    def run(self, values: Sequence[Array | None]) -> list[Array]:
        """The results, for the values of the places."""
        with _RECORDING:
            if self._native is None:
                self._native = Native(self.program())
        program = self._native.program
        known = {s: x.array if isinstance(x, Tensor) else x for x, s in self.trace.captured.values()}
        known.update((p.symbol, x) for p, x in zip(self.places, values, strict=True) if p.symbol is not None)
        return self._native([known[s] for s in program.arguments], [known[s] for s in program.captured])

    def apply(self, values: Sequence[Tensor | None]) -> list[Tensor]:
        """The results on the tape, for Tensors in the places; None where nothing is read."""
        interpreter.get().refuse(
            "the derivative of a compiled function that was called outside cannot be recorded: call that "
            "function inside as well"
        )
        results = [wrap(x) for x in self.run([None if x is None else x.array for x in values])]
        if recording.get() and any(x is not None and x.requires_grad for x in values):
            self.attach(results, tuple(values))
        return results

    def attach(self, results: Sequence[Tensor], args: tuple[Tensor | None, ...]) -> None:
        """Put results on the tape; `args` are in the places."""
        if len(self.tracked) == 1:
            on_tape(results[self.tracked[0]], self._call, args)
        elif self.tracked:
            call = wrap(NOTHING)
            on_tape(call, self._call, args)
            for k, part in zip(self.tracked, self._parts, strict=True):
                on_tape(results[k], part, (call,))

    def derivative(self, numbers: tuple[int, ...]) -> tuple[Computation, list[int]]:
        """From the places and cotangents of some results to cotangents of places, and of which."""
        with _RECORDING:
            if numbers not in self._derivatives:
                self._derivatives[numbers] = self._pulled([self.results[k] for k in numbers])
            return self._derivatives[numbers]

    def _pulled(self, results: Sequence[Tensor]) -> tuple[Computation, list[int]]:
        trace = self.trace
        symbols = [trace.argument(f"d_result_{k}", y.shape, y.dtype) for k, y in enumerate(results)]
        seeds = [wrap(s).requires_grad_() for s in symbols]
        leaves = {id(p.leaf): k for k, p in enumerate(self.places) if p.leaf is not None}
        targets = [p.leaf for p in self.places if p.leaf is not None]
        token = interpreter.set(trace)
        try:
            with set_recording(True):
                found = pull_back(results, seeds, targets, record=True, free=False)
                gradients = [g if isinstance(g.array, Symbol) else wrap(trace.symbol(g)) for _, g in found]
        finally:
            interpreter.reset(token)
        places = [*self.places, *map(Place, symbols, seeds)]
        whole = Computation(trace, places, gradients, self.count + len(symbols))
        return whole, [leaves[id(leaf)] for leaf, _ in found]

    def pull(self, parts: dict[int, Value], values: Sequence[Any]) -> dict[int, Value]:
        """Cotangents by place from those of results: arrays, or Tensors on the tape if those are."""
        derivative, where = self.derivative(tuple(sorted(parts)))
        given = [*values, *(parts[k] for k in sorted(parts))]
        run: Callable[..., list[Any]] = derivative.apply if isinstance(given[-1], Tensor) else derivative.run
        return dict(zip(where, run(given), strict=True))


class _Refused:
    """Stands on the tape for results whose derivative cannot be had; says why when it is asked for."""

    name = _NAME

    def __init__(self, reason: str) -> None:
        self._reason = reason

    @property
    def vjps(self) -> tuple[()]:
        """Raises GraphError."""
        raise GraphError(self._reason)


_RECORDING = threading.RLock()  # a trace is recorded into by one thread at a time
_IN_SCAN = (
    "backward through the results of scan, whose steps are not kept: call the compiled function step by "
    "step, or call backward inside it"
)


class Differentiable:
    """A recorded function whose results stand on the tape of its caller.

    To be made in the trace.

    Args:
        trace: of the function.
        variables: the Tensors it was given there.
        results: those it gave.
    """

    def __init__(self, trace: Trace, variables: Sequence[Tensor], results: Sequence[Tensor]) -> None:
        inside = _Inside(trace)
        refused: dict[int, _Refused] = {}
        own: list[Tensor] = []
        for k, y in enumerate(results):
            y = inside.stand_in(y)
            try:
                inside.cut(y)
            except GraphError as error:
                refused[k] = _Refused(str(error))
                y = wrap(y.array)
            own.append(y)
        self._required = tuple(x for x, _ in inside.leaves)
        self._refused = list(refused.items())
        self._in_scan = [k for k, y in enumerate(results) if y.requires_grad]
        places = [Place(x.array, x if x.requires_grad else None) for x in variables]
        leaves = {id(x): leaf for x, leaf in inside.leaves}
        for key, (_, symbol) in trace.captured.items():
            places.append(Place(symbol, None if key in trace.assigned else leaves.get(key)))
        updated = [key for key in trace.captured if key in trace.assigned and key in leaves]
        places += [Place(None, leaves[key]) for key in updated]
        self._computation = Computation(trace, places, own, len(variables))
        needed = self._needed()
        # what is in the places of a call: arguments, what is captured, copies of it from before the call
        self._arguments = [k for k in range(len(variables)) if k in needed]
        self._fixed: list[Tensor | None] = [None] * len(places)
        self._copied: list[tuple[int, Tensor | Array]] = []
        for k, (key, (x, _)) in enumerate(list(trace.captured.items()), len(variables)):
            if k not in needed:
                continue
            moving = key in trace.assigned or trace.floats.name(x) is not None
            if isinstance(x, Tensor) and not moving:
                self._fixed[k] = x
            else:
                self._copied.append((k, x))
        first = len(places) - len(updated)
        for k, key in enumerate(updated, first):
            x = trace.captured[key][0]
            assert isinstance(x, Tensor)
            self._fixed[k] = x

    def __bool__(self) -> bool:
        """Whether any result requires a gradient."""
        return bool(self._in_scan)

    def _needed(self) -> set[int]:
        """The places that the derivatives read, or that they give a cotangent of."""
        whole = self._computation
        if not whole.tracked:
            return set()
        derivative, where = whole.derivative(tuple(whole.tracked))
        used = derivative.program().uses()
        return {k for k, p in enumerate(whole.places) if p.symbol in used} | set(where)

    @property
    def copies(self) -> bool:
        """Whether something is copied before a call, which must not change until the call begins."""
        return bool(self._copied)

    def before(self) -> list[Tensor | None]:
        """What a call that is about to begin is given, save arguments: keep it for `attach`."""
        if not self._copied:
            return self._fixed
        args = list(self._fixed)
        for k, x in self._copied:
            args[k] = wrap(np.array(x.array if isinstance(x, Tensor) else x))
        return args

    def attach(
        self, results: list[Tensor], before: list[Tensor | None], given: Sequence[Tensor | Array]
    ) -> None:
        """Put the results of a call on the tape."""
        if self._computation.tracked:
            args = list(before)
            for k in self._arguments:
                x = given[k]
                args[k] = x if isinstance(x, Tensor) else wrap(x.copy())
            self._computation.attach(results, tuple(args))
        for k, refused in self._refused:
            on_tape(results[k], refused, self._required)

    def refuse(self, results: Sequence[Tensor]) -> None:
        """Say of the results of a scan that they have no derivative."""
        for k in self._in_scan:
            on_tape(results[k], _Refused(_IN_SCAN), self._required)


class _Inside:
    """Cuts the graph in a trace off from what is outside it.

    Attributes:
        leaves: Tensors from outside that require a gradient, each with what stands for it.
    """

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._stand_ins: dict[int, Tensor] = {}
        self._seen: set[Tensor] = set()
        self.leaves: list[tuple[Tensor, Tensor]] = []

    def stand_in(self, x: Tensor) -> Tensor:
        """The Tensor itself if it is of the trace, else a leaf with its symbol."""
        if isinstance(x.array, Symbol):
            return x
        if id(x) not in self._stand_ins:
            self._stand_ins[id(x)] = leaf = wrap(self._trace.symbol(x))
            if x.requires_grad:
                self.leaves.append((x, leaf.requires_grad_()))
        return self._stand_ins[id(x)]

    def cut(self, y: Tensor) -> None:
        """Put stand-ins behind a Tensor of the trace; GraphError if its derivative cannot be had."""
        stack = [y]
        while stack:
            node = stack.pop()
            if node.primitive is None or not node.requires_grad or node in self._seen:
                continue
            check(node)
            self._seen.add(node)
            node.args = tuple(self.stand_in(x) if isinstance(x, Tensor) else x for x in node.args)
            stack += [x for x in node.args if isinstance(x, Tensor)]
