"""Whether operations are recorded for `backward`: as a block, as a decorator, for generator functions too."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Self, TypeVar, cast

from .tape import set_recording

__all__ = ["enable_grad", "no_grad"]

_F = TypeVar("_F", bound=Callable[..., Any])


class _Mode:
    """A block in which operations are recorded, or not; also the decorator of a function.

    A generator function is decorated as a whole: the mode holds within each of its steps, not between them.
    """

    _records = False

    def __new__(cls, function: Callable[..., Any] | None = None) -> Self:
        """The mode; of a function, the function in it (`@tg.no_grad` without parentheses)."""
        mode = object.__new__(cls)
        mode._entered = []
        return mode if function is None else mode(function)  # type: ignore[return-value]

    _entered: list[AbstractContextManager[None]]

    def __enter__(self) -> None:
        block = set_recording(self._records)
        block.__enter__()
        self._entered.append(block)

    def __exit__(self, *error: Any) -> None:
        self._entered.pop().__exit__(*error)

    def __call__(self, function: _F) -> _F:
        """The function in this mode."""
        mode = type(self)

        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            with mode():
                return function(*args, **kwargs)

        @functools.wraps(function)
        def steps(*args: Any, **kwargs: Any) -> Any:
            with mode():
                inside = function(*args, **kwargs)
            return (yield from _Steps(inside, mode))

        return cast(_F, steps if inspect.isgeneratorfunction(function) else called)


class _Steps:
    """A generator, each step of which is taken in a mode."""

    def __init__(self, inside: Any, mode: type[_Mode]) -> None:
        self._inside, self._mode = inside, mode

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return self._step(self._inside.__next__)

    def send(self, value: Any) -> Any:
        return self._step(self._inside.send, value)

    def throw(self, *error: Any) -> Any:
        return self._step(self._inside.throw, *error)

    def close(self) -> None:
        self._step(self._inside.close)

    def _step(self, take: Callable[..., Any], *args: Any) -> Any:
        with self._mode():
            return take(*args)


class no_grad(_Mode):
    """Within the block (or the function it decorates) nothing is recorded for `backward`."""


class enable_grad(_Mode):
    """Within the block (or the function it decorates) operations are recorded, even inside `no_grad`."""

    _records = True
