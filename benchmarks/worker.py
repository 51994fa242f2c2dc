"""One peer in a process of its own, answering requests: `python -m benchmarks.worker MODULE`.

Requests and answers are lines of JSON on the standard streams. Needs NumPy and the peer only.
"""

from __future__ import annotations

import gc
import importlib
import importlib.metadata
import json
import os
import resource
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from . import whole
from .jobs import Settings, Skip, Task, Work

_SHORT = 0.2  # seconds


class Worker:
    """The works that were prepared in this process, by number."""

    def __init__(self, peer: ModuleType) -> None:
        self.peer = peer
        self.works: dict[int, Work] = {}
        self.lasted: dict[int, float] = {}

    def prepare(self, number: int, kind: str, folder: str, settings: Settings) -> None:
        """Make the work ready to run."""
        make = getattr(self.peer, kind, None) or getattr(whole, kind, None)
        if make is None:
            raise Skip(f"has no {kind}")
        self.works[number] = make(Task.load(Path(folder), {**settings, "module": self.peer.__name__}))

    def check(self, number: int, count: int, path: str) -> None:
        """Run from the start and save the results."""
        work = self.works[number]
        work.reset()
        work.run(0, count)
        results: dict[str, Any] = {**work.result()}
        np.savez(path, **results)

    def time(self, number: int, first: int, count: int) -> tuple[float, float]:
        """Seconds that `count` units take, by the clock and of the processor; or what else is measured.

        What is short runs once before it is timed: this process was stopped, and its caches are another's.
        """
        work = self.works[number]
        if self.lasted.get(number, _SHORT) < _SHORT:
            work.reset()
            work.run(first, count)
        work.reset()
        gc.collect()
        begin, begin_cpu = time.perf_counter(), cpu_seconds()
        work.run(first, count)
        seconds, seconds_cpu = time.perf_counter() - begin, cpu_seconds() - begin_cpu
        self.lasted[number] = seconds
        return getattr(work, "measured", seconds), seconds_cpu

    def drop(self, number: int) -> None:
        """Forget a work."""
        self.works.pop(number, None)
        gc.collect()

    def versions(self) -> dict[str, str]:
        """Versions of the distributions the peer is made of."""
        packages = ["numpy", *getattr(self.peer, "PACKAGES", ())]
        return {"python": sys.version.split()[0], **{p: importlib.metadata.version(p) for p in packages}}


def cpu_seconds() -> float:
    """Processor time of this process and those it started, all threads together."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def main(module: str) -> None:
    """Answer requests until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what frameworks print is no answer

    def answer(**content: Any) -> None:
        print(json.dumps(content), file=answers, flush=True)

    try:
        worker = Worker(importlib.import_module(module if "." in module else f"benchmarks.peers.{module}"))
    except ImportError as error:
        answer(skip=f"not installed: {error}")
        return
    gc.collect()
    gc.freeze()  # else the collection before each timing takes a tenth of a second in a large framework
    answer(value="ready")
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        try:
            answer(value=getattr(worker, name)(*arguments))
        except Skip as skip:
            answer(skip=str(skip))
        except Exception as error:  # whatever a peer does, the others go on without it
            first_line = (str(error).strip().splitlines() or ["no message"])[0]
            answer(skip=f"failed: {type(error).__name__}: {first_line}")


if __name__ == "__main__":
    main(sys.argv[1])
