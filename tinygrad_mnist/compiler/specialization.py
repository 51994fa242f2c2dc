"""One recorded form of a function: its program, the memory it works on, and how it is run."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from typing import Any

import numpy as np

from ..core.inplace import leave_memory
from ..core.interpreter import EAGER, interpreter
from ..core.loops import unfinished
from ..core.tape import clock, recording
from ..core.tensor import Tensor, wrap
from ..core.tree import Tree
from ..errors import TraceError, UnfinishedError
from ..kernels.headers import READABLE
from ..kernels.runtime import NO_SUCH_POSITION, UNFINISHED
from ..kernels.threads import get_num_threads
from ..kinds import Gather, Loop, Repeat
from ..primitive import Array, check_dtype
from . import direct
from .build import MachineCode, compiled
from .direct import Around, Plan, Straight, can_go_straight, straight
from .guards import Guard
from .memory import Bound, Cell, as_step, is_alone, ready, separate
from .naming import argument_names
from .pace import Pace
from .places import bits
from .program import Program
from .recording import Recording
from .runner import ALONE, Runner, Skipping
from .share import MOST_WORKERS
from .stages import Form
from .structure import is_common
from .trace import Symbol

_OUTDATED = (
    "the compiled program is not what the function is now: {}. Nothing that is watched has changed; "
    "pass what differs as an argument"
)


class Specialization:
    """One compiled form of a function, for arguments of one structure, shape and dtype.

    Attributes:
        program: what was recorded.
        form: what it became, for single calls and for numbers without zeros.
        latest_form: that of the last scan, if there was one.
        given: the floats among the arguments of the present call, in their order.
        result: the structure of the function's value.
        derivative: what puts results on the tape; None under `no_grad`.
        on_arguments: `backward` inside leaves gradients on arguments: only the function itself can do that.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        structure: Any,
        arrays: Sequence[Array],
        require: tuple[bool, ...] | None,
        numbers: list[float],
        lock: Any,
        siblings: Collection[Specialization] = (),
    ) -> None:
        """`siblings` are for arguments of other kinds, and never run while this does."""
        self.given, self._lock = numbers, lock
        self._recording = found = self.record(function, structure, arrays, require, numbers)
        self._floats = found.trace.floats
        trace, self.result = found.trace, found.result
        self.derivative, self.on_arguments, self._grads = found.derivative, found.on_arguments, found.grads
        captured = {symbol: x for x, symbol in trace.captured.values()}
        self.program: Program = found.program()
        del found.trace  # it holds arrays, which can then not be updated in place
        title = getattr(function, "__name__", "a function")
        self.form = self.latest_form = Form(self.program, title)
        self._runner = Runner(self.program, self.form, compiled)
        self._pace = Pace()
        self._skipping = Skipping(self.program, title, compiled)
        self._captured = [_tensor(captured[s]) for s in self.program.captured]
        assigned = {trace.captured[key][1]: leaf for key, (leaf, _) in trace.assigned.items()}
        self._updated = [assigned[target] for target, _ in self.program.updates]
        self._owned = [any(x is y for y in self._updated) for x in self._captured]
        cells = {id(x): cell for other in siblings for x, cell in zip(other._captured, other._bound.cells)}
        pairs = zip(self._captured, self.program.captured)
        self._bound: Bound = Bound([cells.get(id(x)) or Cell(np.empty(s.shape, s.dtype)) for x, s in pairs])
        for cell in self._bound.cells:
            cell.users.add(self)
        self._moved = True  # some captured data is not what it was at the last call
        self.places = found.places
        states: list[tuple[ContextVar[Any], Any]] = [(interpreter, EAGER), (recording, require is not None)]
        self._guard = Guard(self.places.all, self._captured, self._bound, states)
        self._structure = structure
        self._plain = can_go_straight(structure) and not found.reassigned
        self._require = require
        self._results = [(s.shape, s.dtype) for s in self.program.outputs]
        arguments = [(s.shape, s.dtype) for s in found.arguments]
        self._rivals = [[x for x in found.known if (x.shape, x.dtype) == kind] for kind in arguments]
        self._plan: Plan | None = None
        self._patience = direct.PATIENCE
        self.straight: Straight | None = None

    @staticmethod
    def record(
        function: Callable[..., Any],
        structure: Any,
        arrays: Sequence[Array],
        require: tuple[bool, ...] | None,
        numbers: list[float],
    ) -> Recording:
        """Run the function on symbols for arrays like these, whose first axis is steps."""
        named = zip(argument_names(function, structure), arrays, strict=True)
        arguments = [Symbol(name, x.shape[1:], check_dtype(x.dtype)) for name, x in named]
        return Recording(function, structure, arguments, require, numbers)

    def check(self, again: Recording) -> None:
        """TraceError if another recording of the function is not what was compiled."""
        program = again.program()
        before, now = str(self.program).splitlines(), str(program).splitlines()
        captured = {symbol: _tensor(x) for x, symbol in again.trace.captured.values()}
        for old, new in itertools.zip_longest(before, now, fillvalue="nothing"):
            if old != new:
                raise TraceError(_OUTDATED.format(f"it has `{old}`, and recorded now `{new}`"))
        for x, symbol in zip(self._captured, program.captured):
            y = captured[symbol]
            if x is not y and bits(x.array) != bits(y.array):
                raise TraceError(_OUTDATED.format(f"{symbol} is captured, and was another tensor"))
        if again.result != self.result:
            raise TraceError(_OUTDATED.format(f"it gives {self.result}, and recorded now {again.result}"))

    def change(self) -> str | None:
        """What has changed since the recording, or None: then the program still is the function."""
        self._moved = False
        changed = self._floats.change()
        if changed is None and self._guard.unchanged():
            return None
        changed = changed or self.places.change(self._guard.note)
        if changed is not None:
            return f"{changed} has changed"
        for x, symbol in zip(self._captured, self.program.captured):
            data = x.array
            if data.shape != symbol.shape or check_dtype(data.dtype) != symbol.dtype:
                return f"a captured tensor was {symbol}, now it is {data.dtype}{list(data.shape)}"
        self._moved = True
        return None

    @property
    def tells_apart(self) -> bool:
        """See `Recording`."""
        return self._recording.tells_apart

    def also_captured(self, leaves: Sequence[Tensor]) -> list[Tensor]:
        """The Tensors among the arguments that the function also has from elsewhere: they are not two."""
        return [x for x, rivals in zip(leaves, self._rivals) if any(x is y for y in rivals)]

    def call(self, arrays: Sequence[Array], given: Sequence[Tensor | Array]) -> Tree:
        """Run one step; arguments have an axis of one step in front, and are `given` without."""
        self._recording.overlaps.refuse(given)
        derivative = self.derivative
        outputs = [np.empty(shape, dtype) for shape, dtype in self._results]
        steps = [*map(as_step, outputs)]
        runner = self._runner
        run = runner.run()
        with self._elsewhere():
            before = derivative.before() if derivative else None
            self._bind()
            try:
                run(*runner.arguments(0, 1, ALONE, arrays, self._bound, steps))
            except (IndexError, RuntimeError) as error:
                raise self._explained(error) from None
            finally:
                self._after()
        if self.straight is None:
            self._prepare()
        results = list(map(wrap, outputs))
        if derivative and before is not None:
            derivative.attach(results, before, given)
        return self._recording.left(results, given)

    def _elsewhere(self) -> AbstractContextManager[None]:
        return nullcontext() if self._plan is None else self._plan.elsewhere()

    def _prepare(self) -> None:
        """Make straight calls possible, once there have been some."""
        self._patience -= 1
        run, recording = self._runner.run(), self._recording
        if self._patience >= 0 or not (self._plain and READABLE and isinstance(run, MachineCode)):
            return
        updated = [k for k, owned in enumerate(self._owned) if owned]
        self._plan = Plan(self.program, self._runner, run.address, updated)
        self._plan.hold(self._bound, self._guard)
        around = Around(
            arguments=self._structure,
            floats=self._floats,
            given=self.given,
            require=self._require,
            rivals=self._rivals if self.tells_apart else None,
            overlaps=recording.overlaps,
            changes_arguments=bool(recording.reassigned),
            outputs=len(self.program.outputs),
            result=self.result,
            left=recording.left if recording.leaves_something or not is_common(self.result) else None,
            updated=self._updated,
            gradients=self._grads,
            derivative=self.derivative or None,
            failed=self._explained,
            lock=self._lock,
        )
        self.straight = straight(self._plan, self._guard, around)

    def after_fork(self, lock: Any) -> None:
        """Whoever was calling in another thread is not there in the child: begin anew, with this lock."""
        self._lock, self._plan, self.straight = lock, None, None

    def scan(self, steps: int, arrays: Sequence[Array], given: Sequence[Tensor | Array]) -> Tree:
        """Run so many steps; arguments, which are `given`, and outputs have an axis of steps in front."""
        self._recording.overlaps.refuse_steps(given)
        if self._recording.unsteady is not None:
            raise TraceError(
                f"scan: {self._recording.unsteady} is read and changed by the function, so that each step "
                "would be another program: keep the number in a Tensor and use assign_, or call step by step"
            )
        with self._elsewhere():
            self._bind()
            runner = self._skipping.runner(arrays, self._bound) or self._runner
            runner.run()
            if runner.form is not self.latest_form:
                self.latest_form, self._pace = runner.form, Pace()
            most = min(get_num_threads(), MOST_WORKERS) if runner.shared else 1
            outputs = [np.empty((steps, *s.shape), s.dtype) for s in self.program.outputs]
            try:
                bound = runner.take(self._bound)
                try:
                    runner.steps(steps, (arrays, bound, outputs), self._pace, most)
                finally:
                    try:
                        runner.give_back(self._bound)
                    finally:  # Ctrl-C may have come in between
                        runner.give_back(self._bound)
            except (IndexError, RuntimeError) as error:
                raise self._explained(error) from None
            finally:
                self._after()
        shown = self._recording.shown
        results = [wrap(y if k < shown else y[-1].copy()) for k, y in enumerate(outputs)]
        if self.derivative:
            self.derivative.refuse(results)
        return self._recording.left(results, None)

    def _explained(self, error: Exception) -> Exception:
        """What a program says of a loop that is not at its end, or of a position outside its axis."""
        if error.args == (UNFINISHED,):
            most = sorted({n for i in self.program.instructions for n in _most(i.primitive.kind)})
            return UnfinishedError(unfinished(*most))
        if error.args != (NO_SUCH_POSITION,):
            return error
        kinds = [(i.primitive.kind, i.origin[1]) for i in self.program.instructions]
        lines = dict.fromkeys(textwrap.shorten(s, 60) for kind, s in kinds if _looks_up(kind) and s)
        return IndexError(
            f"{NO_SUCH_POSITION}: an index or a label names an element or a class that is not there, in "
            f"{' or in '.join(map(repr, list(lines)[:3])) or 'the function'}. Without tg.jit the function "
            "says which it is; where labels of -100 mark what does not count, a compiled function wants it "
            "said: write ignore_index=-100"
        )

    def _bind(self) -> None:
        """Find the present numbers of what is captured."""
        if not (self._moved or self._updated):
            return
        bound = self._bound
        shared = {k for k, x in enumerate(self._captured) if self._owned[k] and not is_alone(x, bound, k)}
        if not (self._moved or shared):
            return
        self.let_go()
        for k, x in enumerate(self._captured):
            if k in shared:
                separate(x, bound, k)
            elif self._moved and not self._owned[k]:
                bound[k] = ready(x.array)
        self._guard.hold(bound)
        if self._plan is not None:
            self._plan.hold(bound, self._guard)

    def let_go(self) -> None:
        """No straight calls until captured arrays are bound anew: some are about to be exchanged."""
        self._guard.let_go()
        if self._plan is not None:
            self._plan.let_go()

    def _after(self) -> None:
        """Note that leaves have new values, and put gradients back that the function replaces inside."""
        for leaf in self._updated:
            if leaf.memory is not None:
                leave_memory(leaf, leaf.array)
            leaf.assigned = next(clock)
        for leaf, grad in self._grads:
            leaf._grad = grad


def _most(kind: Any) -> Iterator[int]:
    """The most steps of the loops with a test that there are in a loop."""
    if isinstance(kind, Repeat):
        if kind.body.test is not None:
            yield kind.steps
        for i in kind.body.instructions:
            yield from _most(i.primitive.kind)


def _looks_up(kind: Any) -> bool:
    """Whether a primitive of this kind finds elements by number, and fails where there are none."""
    return isinstance(kind, Gather) or (isinstance(kind, Loop) and "position(" in kind.formula.text)


def _tensor(x: Tensor | Array) -> Tensor:
    return x if isinstance(x, Tensor) else wrap(x)
