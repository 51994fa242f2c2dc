"""The suites: what is measured, and which peers take part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..jobs import Job


@dataclass(frozen=True)
class Suite:
    """A named group of jobs and the modules of the peers that run them.

    `jobs(quick)` gives the jobs; fewer of them if quick.
    """

    name: str
    title: str
    peers: tuple[str, ...]
    jobs: Callable[[bool], Iterator[Job]]
