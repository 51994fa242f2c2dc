"""Garbage collection waits while functions are recorded, in whatever threads.

A collection can run anybody's code (callbacks, finalisers) in the middle of any instruction, where a
recording would take it for the function's. Collection is one switch for the whole process: the first
recording turns it off, and the last one that ends turns it on again, if it was.
"""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..kernels.forks import held_at_fork

_LOCK = threading.RLock()
_waiting: dict[object, int] = {}  # the recordings that go on, and their threads
_was_on = False  # before the first of them


@contextmanager
def no_collection() -> Iterator[None]:
    """Within the block, nothing is collected."""
    global _was_on
    token = object()
    try:
        with _LOCK:
            if not _waiting:
                _was_on = gc.isenabled()
            _waiting[token] = threading.get_ident()
            gc.disable()
        yield
    finally:
        with _LOCK:
            if _waiting.pop(token, None) is not None:
                _end()


def _end() -> None:
    if _was_on and not _waiting:
        gc.enable()


def _in_child() -> None:
    """A child process has none of its parent's threads but the one that made it."""
    others = [token for token, thread in _waiting.items() if thread != threading.get_ident()]
    for token in others:
        del _waiting[token]
    if others:
        _end()


held_at_fork(_LOCK)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
