"""Ctrl-C, and the signals that ask a program to end, for a command that first keeps what it has."""

from __future__ import annotations

import signal
import threading
from typing import Any

INTERRUPTED = 130  # exit status after Ctrl-C
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Stopping:
    """`with Stopping() as stopping:` the first of the signals raises KeyboardInterrupt, further ones nothing.

    What is ignored outside stays so (nohup, a shell's background). Outside the main thread nothing changes.

    Attributes:
        number: the signal that came first; 0: none.
        patient: whether signals are only noted, since what would be lost is not yet kept.
    """

    def __init__(self) -> None:
        self.number, self.patient = 0, False
        self._before: dict[int, Any] = {}

    @property
    def status(self) -> int:
        """The exit status of a program that the signal has ended, as shells give it."""
        return 128 + self.number

    def __enter__(self) -> Stopping:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                before = signal.getsignal(number)
                if before is not None and before != signal.SIG_IGN:
                    self._before[number] = before
                    signal.signal(number, self._stop)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def check(self) -> None:
        """Raise KeyboardInterrupt if a signal has come: its own may have been lost where it was raised."""
        if self.number and not self.patient:
            raise KeyboardInterrupt

    def _stop(self, number: int, frame: object) -> None:
        first = not self.number
        self.number = self.number or number
        if first:
            self.check()
