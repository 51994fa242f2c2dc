"""A dask scheduler and workers as processes of their own on this machine, which can be killed."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator


class Cluster:
    """Attributes:
    address: HOST:PORT of the scheduler.
    scheduler, workers: the processes.
    """

    def __init__(self, folder: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        self._folder = folder
        self.scheduler = self._started(
            "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--no-show"
        )
        self._wait(port)
        self.workers = [self.worker() for _ in range(2)]

    def worker(self) -> subprocess.Popen[bytes]:
        return self._started(
            "worker", f"tcp://{self.address}", "--nthreads", "1", "--no-nanny", "--no-dashboard",
            "--local-directory", self._folder, "--host", "127.0.0.1", "--death-timeout", "60",
        )  # fmt: skip

    def _started(self, *words: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *words],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _wait(self, port: int) -> None:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            time.sleep(0.05)
        raise TimeoutError("the scheduler does not start")

    def end(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
        for process in (*self.workers, self.scheduler):
            process.wait()


@contextlib.contextmanager
def cluster(folder: str) -> Iterator[Cluster]:
    """A scheduler and two workers of a thread each; they are gone after the block."""
    made = Cluster(folder)
    try:
        yield made
    finally:
        made.end()
