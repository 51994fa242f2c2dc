"""One peer in a process of its own, answering requests: `python -m benchmarks.worker MODULE`.

Requests and answers are lines of JSON on the standard streams. Needs NumPy and the peer only.
"""

from __future__ import annotations

import gc
import importlib
import importlib.metadata
import json
import os
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from .jobs import Settings, Skip, Task, Work


class Worker:
    """The works that were prepared in this process, by number."""

    def __init__(self, peer: ModuleType) -> None:
        self.peer = peer
        self.works: dict[int, Work] = {}

    def prepare(self, number: int, kind: str, folder: str, settings: Settings) -> None:
        """Make the work ready to run."""
        make = getattr(self.peer, kind, None)
        if make is None:
            raise Skip(f"has no {kind}")
        self.works[number] = make(Task.load(Path(folder), settings))

    def check(self, number: int, count: int, path: str) -> None:
        """Run from the start and save the results."""
        work = self.works[number]
        work.reset()
        work.run(0, count)
        results: dict[str, Any] = {**work.result()}
        np.savez(path, **results)

    def time(self, number: int, first: int, count: int) -> tuple[float, float]:
        """Seconds that `count` units take: by the clock on the wall, and of this process on all cores."""
        work = self.works[number]
        work.reset()
        gc.collect()
        begin, begin_cpu = time.perf_counter(), time.process_time()
        work.run(first, count)
        return time.perf_counter() - begin, time.process_time() - begin_cpu

    def drop(self, number: int) -> None:
        """Forget a work."""
        self.works.pop(number, None)
        gc.collect()

    def versions(self) -> dict[str, str]:
        """Versions of the distributions the peer is made of."""
        packages = ["numpy", *getattr(self.peer, "PACKAGES", ())]
        return {"python": sys.version.split()[0], **{p: importlib.metadata.version(p) for p in packages}}

    def memory(self) -> int:
        """Most bytes of memory this process ever had."""
        status = Path("/proc/self/status")
        if status.exists():
            return next(int(x.split()[1]) for x in status.read_text().splitlines() if "VmHWM" in x) * 1024
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def main(module: str) -> None:
    """Answer requests until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what frameworks print is no answer

    def answer(**content: Any) -> None:
        print(json.dumps(content), file=answers, flush=True)

    try:
        worker = Worker(importlib.import_module(f"benchmarks.peers.{module}"))
    except ImportError as error:
        answer(skip=f"not installed: {error}")
        return
    answer(value="ready")
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        try:
            answer(value=getattr(worker, name)(*arguments))
        except Skip as skip:
            answer(skip=str(skip))
        except Exception as error:  # whatever a peer does, the others go on without it
            answer(skip=f"failed: {type(error).__name__}: {str(error).strip().splitlines()[:1]}")


if __name__ == "__main__":
    main(sys.argv[1])
