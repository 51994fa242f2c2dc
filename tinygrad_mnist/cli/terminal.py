"""What reaches the terminal: text without control characters, on a terminal of any width and encoding."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import warnings
from typing import Any

from rich.console import Console, ConsoleDimensions

_LEAST_COLUMNS, _MOST_COLUMNS = 40, 1000
_MESSAGE = 500  # characters
_NUMBER = re.compile("[0-9]{1,9}")


def printable(text: str) -> str:
    """The text, with escapes in place of what could steer a terminal or cannot be seen; lines stay."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def say(text: object = "") -> None:
    """Print, at once even into a pipe."""
    print(printable(str(text)), flush=True)


def complain(kind: str, message: str) -> None:
    """Print a message on standard error as one line, "error: ..." say; a long one without its middle."""
    line = " ".join(printable(" ".join(message.split())).split())
    if len(line) > _MESSAGE:
        half = (_MESSAGE - len(kind) - 10) // 2
        line = f"{line[:half]} ... {line[-half:]}"
    with contextlib.suppress(OSError, ValueError):  # nobody reads it
        print(f"{kind}: {line}", file=sys.stderr, flush=True)


class Screen(Console):
    """Rich's console, on terminals of any width: below 40 columns lines are wrapped by the terminal.

    Rich never ends where a word of help does not fit into two columns.
    """

    def __init__(self, **options: Any) -> None:
        wrong = {name for name in ("COLUMNS", "LINES") if not _NUMBER.fullmatch(os.environ.get(name, ""))}
        usable = {name: value for name, value in os.environ.items() if name not in wrong}
        super().__init__(_environ=usable, **options)

    @property
    def size(self) -> ConsoleDimensions:
        """Columns and lines."""
        width, height = Console.size.fget(self)  # type: ignore[attr-defined]
        return ConsoleDimensions(min(max(width, _LEAST_COLUMNS), _MOST_COLUMNS), height)

    @size.setter
    def size(self, new_size: tuple[int, int]) -> None:
        Console.size.fset(self, new_size)  # type: ignore[attr-defined]

    def on_broken_pipe(self) -> None:
        """Nobody reads any more: for `main` to know, as if rich had not been there."""
        raise BrokenPipeError


def prepare_streams() -> None:
    """Have three standard streams, whatever the caller has closed, that take every character."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            with contextlib.suppress(OSError):
                os.fstat(descriptor)
                continue  # somebody else's by now
            os.open(os.devnull, os.O_RDWR)  # takes the lowest descriptor that is free: this one
            setattr(sys, name, os.fdopen(descriptor, "r" if name == "stdin" else "w"))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def silence_output() -> None:
    """Let standard output go nowhere: Python flushes it once more at its end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def show_warnings_in_a_line() -> None:
    """Within `warnings.catch_warnings`: a warning is a line as an error is."""

    def show(message: Any, category: Any, *rest: Any) -> None:
        complain("warning", str(message))

    warnings.showwarning = show  # type: ignore[assignment]
