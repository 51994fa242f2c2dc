"""Whether operations are recorded for derivatives: the modes of a block, a function, or from here on."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..core.modes import no_grad
from ..core.tape import recording

__all__ = ["inference_mode", "is_grad_enabled", "set_grad_enabled"]


class set_grad_enabled:
    """From here on, or within the block or the function it decorates, record operations or not."""

    def __init__(self, mode: bool) -> None:
        if not isinstance(mode, bool):
            raise TypeError(f"set_grad_enabled: takes True or False, not {mode!r}")
        self.mode, self._before = mode, recording.get()
        recording.set(mode)

    def __enter__(self) -> None:
        recording.set(self.mode)

    def __exit__(self, *_: Any) -> None:
        recording.set(self._before)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, called in this mode."""
        recording.set(self._before)
        mode = self.mode

        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            with set_grad_enabled(mode):
                return function(*args, **kwargs)

        return decorated


def inference_mode(mode: Any = True) -> Any:
    """Within the block, or the function it decorates, nothing is recorded; with False all stays as it was."""
    if callable(mode):  # written without parentheses above a function
        return no_grad()(mode)
    return no_grad() if mode else set_grad_enabled(recording.get())


def is_grad_enabled() -> bool:
    """Whether operations are recorded here."""
    return recording.get()
