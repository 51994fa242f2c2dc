"""What registering a hook gives."""

from __future__ import annotations

from collections.abc import Callable


class Removable:
    """A hook that can be taken away again, by `remove()` or at the end of a `with` block."""

    def __init__(self, take_away: Callable[[], object]) -> None:
        self._take_away = take_away

    def remove(self) -> None:
        """Take the hook away."""
        self._take_away()

    def __enter__(self) -> Removable:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()
