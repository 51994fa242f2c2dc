"""Engines that others have made and maintain, which carry out tasks: joblib, dask.distributed, submitit."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import tempfile
import time
from collections.abc import Generator, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from ...errors import MissingExtraError
from .dealing import Engine, EngineError
from .source import Examples, Source, source_of
from .task import Report, Task, carry_out

_LOOK = 0.05  # seconds between looks at what is done
_PATIENCE = 10.0  # seconds in which a scheduler answers
_AHEAD = 2  # tasks that wait for each worker
_THREADS = dict.fromkeys(("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "TINYGRAD_MNIST_NUM_THREADS"), "1")

_News = Generator[tuple[Task, list[Report] | None] | None]


@contextlib.contextmanager
def using(
    name: str,
    workers: int | None,
    examples: Examples,
    path: str | os.PathLike[str] | None,
    folder: Path | None = None,
) -> Iterator[tuple[Engine, Source]]:
    """The engine of a name, and where its workers find the examples.

    Args:
        name: "joblib", "dask://HOST:PORT", "submitit:PARTITION" or "submitit:local".
        workers: how many tasks at a time; None for as many as the engine finds.
        examples: images and labels.
        path: where they were read from, if it was not the package.
        folder: where submitit keeps what it sends, which every node sees; by default "submitit" in this one.

    Raises EngineError for another name and where nobody answers, MissingExtraError without its package.
    """
    with tempfile.TemporaryDirectory(prefix="tinygrad_mnist-") as temporary:
        spool = (folder or Path("submitit")) if name.startswith("submitit:") else Path(temporary)
        with _opened(name, workers, spool) as engine:
            yield engine, source_of(examples, path, spool)


@contextlib.contextmanager
def _opened(name: str, workers: int | None, folder: Path) -> Iterator[Engine]:
    kind, address = kind_and_address(name)
    if kind == "joblib":
        yield _Joblib(workers)
    elif kind == "dask":
        with _client(address) as client:
            yield _Dask(client, address)
    else:
        yield _Submitit(address, workers, folder)


def kind_and_address(name: str) -> tuple[str, str]:
    """Which engine a name means, and where it is; EngineError where it means none."""
    for kind, mark in (("dask", "://"), ("submitit", ":")):
        if name.startswith(kind + mark) and len(name) > len(kind + mark):
            return kind, name[len(kind + mark) :]
    if name != "joblib":
        raise EngineError(
            f"there is no engine {name!r}; there are joblib, dask://HOST:PORT, submitit:PARTITION and "
            "submitit:local"
        )
    return name, ""


def _imported(package: str, extra: str) -> Any:
    try:
        return importlib.import_module(package)
    except ImportError:
        raise MissingExtraError(
            f'training elsewhere by {package} needs it installed: pip install "tinygrad_mnist[{extra}]"'
        ) from None


class _Joblib:
    """joblib's processes on this machine, or what `joblib.parallel_config` has put in their place."""

    seconds = 1.0

    def __init__(self, workers: int | None) -> None:
        self._joblib = _imported("joblib", "dask")
        self._broken = importlib.import_module("concurrent.futures.process").BrokenProcessPool
        self._workers = workers or -1

    def finished(self, tasks: Iterable[Task]) -> _News:
        joblib, given = self._joblib, []

        def handed() -> Iterator[Any]:
            for task in tasks:
                given.append(task)
                yield joblib.delayed(_placed)(len(given) - 1, task)

        done: set[int] = set()
        with contextlib.ExitStack() as stack:
            active, _ = joblib.parallel.get_active_backend()
            if type(active).__name__ == "LokyBackend":
                stack.enter_context(joblib.parallel_config("loky", inner_max_num_threads=1))
            run = joblib.Parallel(self._workers, return_as="generator_unordered", batch_size=1)
            try:
                with contextlib.closing(run(handed())) as results:
                    for place, reports in results:
                        done.add(place)
                        yield given[place], reports
            except self._broken:
                pass
        given += tasks  # those that nobody had asked for yet
        for place, task in enumerate(given):
            if place not in done:
                yield task, None


def _placed(place: int, task: Task) -> tuple[int, list[Report]]:
    return place, carry_out(task)


@contextlib.contextmanager
def _client(address: str) -> Iterator[Any]:
    distributed = _imported("distributed", "dask")
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # we say it ourselves
    try:
        client = distributed.Client(f"tcp://{address}", timeout=_PATIENCE, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise EngineError(f"no dask scheduler answers at {address} ({error})") from None
    try:
        yield client
    finally:
        with contextlib.suppress(Exception):
            client.close(timeout=1)


class _Dask:
    """The workers of a dask scheduler, which deals out again what a lost one had."""

    seconds = 1.0

    def __init__(self, client: Any, address: str) -> None:
        self._client, self._address = client, address
        self._distributed = importlib.import_module("distributed")

    def finished(self, tasks: Iterable[Task]) -> _News:
        waiting = iter(tasks)
        under_way: dict[str, tuple[Any, Task]] = {}
        completed = self._distributed.as_completed(loop=self._client.loop)
        silent_since = None
        try:
            while True:
                for task in islice(waiting, max(0, self._most() - len(under_way))):
                    future = self._client.submit(carry_out, task, pure=False)
                    under_way[future.key] = (future, task)
                    completed.add(future)
                if not under_way:
                    return
                for future in completed.next_batch(block=False):
                    self._check()
                    if future.status in ("finished", "error"):
                        _, task = under_way.pop(future.key)
                        yield task, future.result() if future.status == "finished" else None
                self._check()
                silent_since = None if self._client.nthreads() else silent_since or time.monotonic()
                if silent_since and time.monotonic() - silent_since > 6 * _PATIENCE:
                    raise EngineError(f"the dask scheduler at {self._address} has had no worker for a minute")
                yield None
                time.sleep(_LOOK)
        except OSError as error:  # a connection that ended in the middle of a question
            raise self._gone() from error
        finally:
            with contextlib.suppress(Exception):
                self._client.cancel([future for future, _ in under_way.values()], asynchronous=False)

    def _most(self) -> int:
        return max(1, _AHEAD * sum(self._client.nthreads().values()))

    def _check(self) -> None:
        if self._client.status != "running":
            raise self._gone()

    def _gone(self) -> EngineError:
        return EngineError(f"the dask scheduler at {self._address} does not answer any more")


class _Submitit:
    """Jobs of Slurm, or with submitit's local executor processes here."""

    def __init__(self, partition: str, workers: int | None, folder: Path) -> None:
        self._submitit = _imported("submitit", "slurm")
        self.seconds = 1.0 if partition == "local" else 60.0  # a job has to wait for its turn
        self._most = workers or (os.cpu_count() or 1 if partition == "local" else 64)
        setup = [f"export {name}={value}" for name, value in _THREADS.items()]
        self._executor = self._submitit.AutoExecutor(folder, "local" if partition == "local" else "slurm")
        if partition == "local":
            self._executor.update_parameters(local_setup=setup)
        else:
            self._executor.update_parameters(slurm_partition=partition, cpus_per_task=1, slurm_setup=setup)

    def finished(self, tasks: Iterable[Task]) -> _News:
        waiting = iter(tasks)
        under_way: list[tuple[Any, Task]] = []
        try:
            while True:
                for task in islice(waiting, self._most - len(under_way)):
                    under_way.append((self._executor.submit(carry_out, task), task))
                if not under_way:
                    return
                for job, task in [pair for pair in under_way if pair[0].done()]:
                    under_way.remove((job, task))
                    yield task, self._reports(job)
                yield None
                time.sleep(_LOOK)
        finally:
            for job, _ in under_way:
                job.cancel(check=False)

    def _reports(self, job: Any) -> list[Report] | None:
        try:
            reports: list[Report] = job.result()
            return reports
        except (self._submitit.core.utils.UncompletedJobError, self._submitit.core.utils.FailedJobError):
            return None
