"""Making the next thing while the present one is in use."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def made_ahead(make: Callable[[int], T], first: int, end: int) -> Generator[T]:
    """make(first), make(first + 1), ... make(end - 1), each by another thread while the one before is in use.

    That gains time where `make` lets other Python threads run. What it raises is raised when its
    result is due. Closing the generator waits for the call that is under way.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="made_ahead") as pool:
        upcoming = pool.submit(make, first)
        for following in range(first + 1, end + 1):
            made = upcoming.result()
            if following < end:
                upcoming = pool.submit(make, following)
            yield made
