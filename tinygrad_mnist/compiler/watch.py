"""Watching a recording: which objects the code that runs reads, instruction by instruction.

Python calls us before every instruction of the code it runs (`sys.settrace`). A stack of our own
beside each frame's holds what the instructions push and pop, as far as it can be known: variables,
globals, constants, and from there attributes and items. What native code computed is not known, but
what it was given is, and counts as read wholly.
"""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import TraceError
from .calls import Calls
from .collection import no_collection
from .instructions import run
from .reads import Reads
from .steps import BRANCHES, Shadow, Step
from .strangers import is_ours, is_traced, module_of
from .values import UNKNOWN

_SUSPENDS = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR

_BLIND = (
    "Python did not tell which instructions it ran, so that what the function reads could not be watched: "
    "something took sys.settrace away, such as a debugger, or tg.jit was never tried on this version of "
    "Python. Call the function itself"
)

_PATIENCE = 100  # so often a function may catch errors of ours before its loops are left


def _first(frame: types.FrameType) -> tuple[Any, ...]:
    """The first argument of a function that begins, if it has one."""
    code = frame.f_code
    if code.co_argcount:
        return (frame.f_locals[code.co_varnames[0]],) if code.co_varnames[0] in frame.f_locals else ()
    if code.co_flags & inspect.CO_VARARGS:
        given: tuple[Any, ...] = frame.f_locals[code.co_varnames[code.co_kwonlyargcount]]
        return given[:1]
    return ()


class Watcher:
    """Follows the code that runs in this thread, and notes in `reads` what it reads and writes."""

    def __init__(self, reads: Reads) -> None:
        self.reads = reads
        self.calls = Calls(reads, self.where)
        self._shadows: dict[types.FrameType, Shadow] = {}
        self._frame: types.FrameType | None = None
        self.failure: TraceError | None = None
        self._refusals = 0
        self._made: dict[int, types.CodeType] = {}  # of functions that the recorded code made
        self._cells: dict[int, types.CellType] = {}  # what functions that were there before close over

    def makes(self, code: types.CodeType) -> None:
        """The code that runs makes a function."""
        self._made[id(code)] = code

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Within the block, watch; whoever traced before, such as a debugger, does so again after it."""
        before = sys.gettrace()
        sys._getframe().f_trace_opcodes = True  # Python 3.12 tells of opcodes if some frame asked before
        with no_collection():
            try:
                sys.settrace(self._enter)
                yield
                if sys.gettrace() != self._enter:
                    self._refused(TraceError(_BLIND))
            except Exception as error:
                if self.failure not in (None, error):
                    raise self.failure from error  # it made another error of ours
                raise
            finally:
                sys.settrace(before)
                self._shadows.clear()
                self._frame = None
        if self.failure is not None:  # the function took it for an error of its own
            raise self.failure

    def where(self) -> str:
        """The line that runs, for messages."""
        frame = self._frame
        if frame is None:
            return "an unknown line"
        return f"{frame.f_code.co_filename}:{frame.f_lineno}, in {frame.f_code.co_name}"

    def cell(self, frame: types.FrameType, name: str) -> Any:
        """The cell of a variable that was there before the recording, or None."""
        at: types.FrameType | None = frame
        while at is not None:
            shadow = self._shadows.get(at)
            if shadow is not None and name in at.f_code.co_cellvars:
                return None
            function = shadow.function if shadow is not None else None
            if function is not None and name in function.__code__.co_freevars:
                assert function.__closure__ is not None
                cell = function.__closure__[function.__code__.co_freevars.index(name)]
                return None if self._is_own(function) and id(cell) not in self._cells else cell
            at = at.f_back
        return None

    def variable(self, frame: types.FrameType, name: str) -> Any:
        """The value of a global variable, or of a builtin that no global hides."""
        space = frame.f_globals
        if is_ours(space.get("__name__")):
            return space.get(name, frame.f_builtins.get(name, UNKNOWN))
        found = self.reads.item(self.reads.mark(space, "globals()"), name, name)
        if name in space:
            return found
        return self.reads.item(self.reads.mark(frame.f_builtins, "the builtins"), name, name)

    def _refused(self, error: TraceError) -> None:
        """Remember an error of ours: the function may catch it, and go where it does not go otherwise."""
        self._refusals += 1
        self.failure = self.failure or error

    # Python's events ----------------------------------------------------------------------------

    def _enter(self, frame: types.FrameType, event: str, argument: Any) -> Callable[..., Any] | None:
        if not is_traced(frame.f_globals.get("__name__")):
            return None
        frame.f_trace = self._event  # Python 3.13.0 needs it there before it is told of opcodes
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if frame not in self._shadows:
            self._shadows[frame] = Shadow(frame, self._function(frame))
        return self._event

    def _function(self, frame: types.FrameType) -> types.FunctionType | None:
        """The function that a frame runs, if it was there before; its class is watched if it is a method."""
        code, called = frame.f_code, self.calls.called
        self.calls.called = None
        if called is not None and called.__code__ is code:
            found: types.FunctionType | None = called
        else:  # called by native code
            for x in _first(frame):
                self.reads.lookups.method(x, code)
            known = self.reads.functions.get(code, [])
            found = known[-1] if known else None
            for other in known[:-1]:  # it may be any of those that have this code
                self.reads.function(other, closure=True)
                self._closes_over(other)
        if found is not None and self.reads.is_outside(found) and not is_ours(module_of(found)):
            self.reads.function(found)
        if found is not None and not self._is_own(found):
            self._closes_over(found)
        return found

    def _is_own(self, function: types.FunctionType) -> bool:
        """Whether the recorded code made a function: one of before is met where it lies, and so outside."""
        return id(function.__code__) in self._made and not self.reads.is_outside(function)

    def _closes_over(self, function: types.FunctionType) -> None:
        self._cells.update((id(cell), cell) for cell in function.__closure__ or ())

    def _event(self, frame: types.FrameType, event: str, argument: Any) -> Any:
        shadow = self._shadows.get(frame)
        if shadow is None:
            return None
        self._frame = frame
        if event == "opcode":
            shadow.seen = True
            step = shadow.steps.get(frame.f_lasti)
            if step is not None:
                self._before(shadow, step, frame.f_lasti)
        elif event == "exception":
            if isinstance(argument[1], TraceError):
                self._refused(argument[1])
            if shadow.last is not None and shadow.last.name != "FOR_ITER":
                shadow.stack.clear()  # how much of it is left is not known
                shadow.last = None
        elif event == "return":
            caller = self._shadows.get(frame.f_back) if frame.f_back is not None else None
            if caller is not None and caller.fills and caller.stack:
                caller.stack[-1] = argument
            if not shadow.seen:
                self._refused(TraceError(_BLIND))
            if not frame.f_code.co_flags & _SUSPENDS:
                self._shadows.pop(frame, None)
        return self._event

    def _before(self, shadow: Shadow, step: Step, offset: int) -> None:
        """An instruction is about to run."""
        last = shadow.last
        if last is not None and last.name in BRANCHES:
            shadow.height(BRANCHES[last.name] if offset == last.following else last.jump)
        if shadow.stored is not None:
            shadow.stack[-1:] = [shadow.frame.f_locals.get(shadow.stored, UNKNOWN)]
        shadow.last, shadow.fills, shadow.stored = step, False, None
        if self._refusals > _PATIENCE and "BACKWARD" in step.name:
            assert self.failure is not None
            raise self.failure
        self.calls.called, self.reads.ours = None, shadow.ours
        try:
            run(self, shadow, step)
        except TraceError as error:
            refusal = TraceError(f"{error} ({self.where()})")
            self._refused(refusal)
            raise refusal from None
