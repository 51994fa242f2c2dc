"""The suites: what is measured, and which peers take part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..jobs import Job


@dataclass(frozen=True)
class Suite:
    """A named group of jobs and the modules of the peers that run them.

    Attributes:
        jobs: the function that gives the jobs; fewer of them if quick.
        grid: whether tables have a row per job rather than a table per job.
    """

    name: str
    title: str
    peers: tuple[str, ...]
    jobs: Callable[[bool], Iterator[Job]]
    grid: bool = False
