"""The other end of a worker: a process that is stopped whenever it is not being timed."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from .jobs import Skip

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT = 180.0  # seconds after which a peer is given up: a whole run is to take half an hour

# Every library that might start threads is told how many, before it is loaded.
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "TINYGRAD_MNIST_NUM_THREADS",
    "NPROC",  # XLA's pool
)


def environment(threads: int) -> dict[str, str]:
    """The environment of a worker that may use so many threads."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    variables["PYTHONDONTWRITEBYTECODE"] = ""  # what is imported has its bytecode, as what is installed does
    variables |= dict.fromkeys(_THREAD_VARIABLES, str(threads))
    if threads == 1:
        flags = os.environ.get("XLA_FLAGS", "")
        variables["XLA_FLAGS"] = f"{flags} --xla_cpu_multi_thread_eigen=false".strip()
    return variables


class Process:
    """A worker process. Raises Skip when the peer cannot go on, or is not there at all."""

    def __init__(self, module: str, threads: int, python: str = sys.executable) -> None:
        self._process = subprocess.Popen(
            [python, "-m", "benchmarks.worker", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment(threads),
            start_new_session=True,
        )
        self.is_gone = False
        try:
            self._answer()
        except Skip:
            self.close()
            raise
        self._signal("SIGSTOP")

    def ask(self, request: str, *arguments: Any) -> Any:
        """Send a request and wait for its answer; the process runs only in between."""
        assert self._process.stdin is not None
        self._signal("SIGCONT")
        try:
            self._process.stdin.write(json.dumps([request, *arguments]) + "\n")
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):  # ended, or closed
            raise Skip("failed: the process is gone") from None
        value = self._answer()
        self._signal("SIGSTOP")
        return value

    def close(self) -> None:
        """End the process, and those it has started: a job may be a whole process."""
        self.is_gone = True
        with contextlib.suppress(ProcessLookupError, AttributeError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.communicate()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        readable, _, _ = select.select([self._process.stdout], [], [], TIMEOUT)
        line = self._process.stdout.readline() if readable else ""
        if not line:
            self.close()
            raise Skip("failed: the process ended" if readable else f"no answer in {TIMEOUT:.0f} s")
        answer = json.loads(line)
        if "skip" in answer:
            raise Skip(answer["skip"])
        return answer["value"]

    def _signal(self, name: str) -> None:
        """Stopped processes cannot disturb the one being timed, not even with idle threads that spin."""
        with contextlib.suppress(ProcessLookupError, AttributeError):
            os.kill(self._process.pid, getattr(signal, name))
