"""Exceptions that come while code is compiled reach whoever asked for it.

LLVM calls Python back, and objects are collected: an exception that a signal's handler raises there, such
as KeyboardInterrupt, is printed and forgotten. So signals wait while code is compiled, at most until the next
pass of the compiler begins, and what a callback lets go is raised behind it.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tinygrad_mnist.kernels.numba_door import event


class _Stopped(BaseException):
    """What a handler raised, on its way through the compiler, which would take an Exception for its own."""


class _Signals:
    """The signals that came while none may be answered, and the handlers they came for."""

    def __init__(self) -> None:
        self._handlers: dict[int, Callable[[int, Any], Any]] = {}
        self._came: list[int] = []
        self._holding = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within the block, handlers run at safe places only: `answered`, and the end."""
        if self._holding or threading.current_thread() is not threading.main_thread():
            yield  # handlers run in the main thread
            return
        self._holding = True
        try:
            for number in map(int, signal.valid_signals()):
                handler = signal.getsignal(number)
                if callable(handler) and handler != self._note:
                    self._handlers[number] = handler
                    signal.signal(number, self._note)
            yield
        except _Stopped as stopped:
            raise stopped.args[0] from None
        finally:
            self._holding = False  # from here on `_note` passes on what comes
            for number, handler in self._handlers.items():
                if signal.getsignal(number) == self._note:
                    signal.signal(number, handler)
            while self._came:
                self._answer()

    def _note(self, number: int, frame: Any) -> None:
        self._came.append(number)
        if not self._holding:
            self._answer()

    def _answer(self) -> None:
        number = self._came.pop(0)
        self._handlers[number](number, None)

    def answered(self) -> None:
        """Let the handlers run for what came so far: here an exception may pass."""
        if not self._came or threading.current_thread() is not threading.main_thread():
            return
        try:
            while self._came:
                self._answer()
        except BaseException as error:
            raise _Stopped(error) from None


class _BetweenPasses(event.Listener):  # type: ignore[misc]
    def on_start(self, _: Any) -> None:
        _signals.answered()

    def on_end(self, _: Any) -> None:
        pass


_signals = _Signals()
signals_held = _signals.held
event.register("numba:run_pass", _BetweenPasses())


@contextmanager
def nothing_ignored() -> Iterator[None]:
    """Raise at the end of the block what a callback from native code in it has raised."""
    before, thread = sys.unraisablehook, threading.get_ident()
    ignored: list[BaseException] = []

    def note(what: Any) -> None:
        ours = "ctypes callback" in (what.err_msg or "") and threading.get_ident() == thread
        if ours and what.exc_value is not None:
            ignored.append(what.exc_value)
        else:
            before(what)

    sys.unraisablehook = note
    try:
        yield
    finally:
        sys.unraisablehook = before
    if ignored:
        raise ignored[0]
