"""Jobs that are a whole process each: an import, the way to the first step, the peak of memory."""

from __future__ import annotations

import importlib
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from .jobs import Array, Settings, Skip, Task, Work

# Where frameworks keep what they compiled.
_CACHES = (
    "TINYGRAD_MNIST_CACHE",
    "NUMBA_CACHE_DIR",
    "TORCHINDUCTOR_CACHE_DIR",
    "JAX_COMPILATION_CACHE_DIR",
    "XDG_CACHE_HOME",
)


def environment(cache: str) -> dict[str, str]:
    """An environment in which every framework keeps what it compiles in this folder."""
    return {**os.environ, **caches(cache)}


def caches(cache: str) -> dict[str, str]:
    """What that environment has besides."""
    return {
        **dict.fromkeys(_CACHES, cache),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "PYTENSOR_FLAGS": f"base_compiledir={cache}",
    }


class Import:
    """A process that imports the peer."""

    def __init__(self, task: Task) -> None:
        self.command = [sys.executable, "-c", f"import {task.settings['module']}"]

    def reset(self) -> None:
        """Nothing to do."""

    def run(self, first: int, count: int) -> None:
        """Start it and wait for its end."""
        subprocess.run(self.command, check=True)

    def result(self) -> dict[str, Array]:
        """Nothing."""
        return {}


class Training:
    """A process that imports the peer, prepares a training job, and does some steps."""

    def __init__(self, task: Task) -> None:
        self.scratch = tempfile.TemporaryDirectory(prefix="benchmarks-")
        self.results = Path(self.scratch.name) / "results.npz"
        self.cold = task.options["cold"]
        self.command = [sys.executable, "-m", __name__, task.settings["module"], task.folder]
        self.command += [json.dumps(task.settings), str(task.options["steps"]), str(self.results)]

    def reset(self) -> None:
        """A cold process finds an empty cache, others what the first one left."""
        if self.cold or not hasattr(self, "cache"):
            self.cache = tempfile.mkdtemp(dir=self.scratch.name)

    def run(self, first: int, count: int) -> None:
        """Start it and wait for its end; raises Skip, with the last it said, if it fails."""
        done = subprocess.run(
            self.command, check=False, env=environment(self.cache), stderr=subprocess.PIPE, text=True
        )
        if done.returncode:
            said = done.stderr.strip().splitlines() or [f"the process ended with {done.returncode}"]
            raise Skip(said[-1].removeprefix(f"{Skip.__module__}.{Skip.__name__}: "))

    def result(self) -> dict[str, Array]:
        """What it computed."""
        with np.load(self.results) as results:
            return {name: results[name] for name in results if name != "peak"}


class Memory(Training):
    """The same; but what counts is the peak of its memory."""

    @property
    def measured(self) -> float:
        """Bytes."""
        with np.load(self.results) as results:
            return float(results["peak"])


def peak_memory() -> int:
    """Most bytes of memory this process ever had."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would count what the parent had, too
        return (
            next(int(line.split()[1]) for line in status.read_text().splitlines() if "VmHWM" in line) * 1024
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main(module: str, folder: str, settings: str, steps: str, path: str) -> None:
    """Be the process."""
    chosen: Settings = json.loads(settings)
    work: Work = importlib.import_module(module).epoch(Task.load(Path(folder), chosen))
    work.reset()
    work.run(0, int(steps))
    results: dict[str, Any] = {**work.result(), "peak": peak_memory()}
    np.savez(path, **results)


importing, first_steps, memory = Import, Training, Memory

if __name__ == "__main__":
    main(*sys.argv[1:])
