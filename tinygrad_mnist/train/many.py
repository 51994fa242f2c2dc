"""Many networks trained in one process, as many at a time as there are cores."""

from __future__ import annotations

import contextlib
import dataclasses
import operator
import os
import sys
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from ..errors import DataError
from ..kernels.threads import get_num_threads
from .crew import Crew
from .elsewhere.dealing import EngineError, dealt
from .elsewhere.engines import using
from .elsewhere.source import Examples, read
from .elsewhere.task import trained
from .recipes import Recipe

__all__ = ["Result", "train_many"]

#: A recipe, or a function of images and labels that trains something and gives it.
Job: TypeAlias = Recipe | Callable[[Any, Any], Any]


@dataclasses.dataclass(frozen=True)
class Result:
    """What became of one job.

    Attributes:
        job: the recipe or function.
        value: the `TrainedNetwork`, or what the function gave; None where it failed or was not done.
        error: why it failed; None where it did not.
        seconds: that it took, compilation included.
        done: False where Ctrl-C came first.
    """

    job: Job
    value: Any = None
    error: Exception | None = None
    seconds: float = 0.0
    done: bool = True


def train_many(
    jobs: Iterable[Job],
    data: Examples | str | os.PathLike[str],
    *,
    workers: int | None = None,
    on_result: Callable[[Result], None] | None = None,
    progress: bool = False,
    compiled: bool = True,
    backend: str | None = None,
) -> list[Result]:
    """Train any mix of networks side by side; each gives the bits that it gives alone.

    Args:
        jobs: recipes, and functions (images, labels) -> anything. A function computes by this thread alone;
            what it draws at random should come from a Generator of its own.
        data: images (N, height, width), uint8, and labels (N,), int64, which all share; or the path of a
            folder of IDX files, whose training part is meant, or of an .npz file with images and labels.
        workers: trainings at a time; None: one for each core, as `get_num_threads` says.
        on_result: called in this thread with each result as it comes.
        progress: whether a line on standard error says how many are done.
        compiled: as in `fit`, for recipes.
        backend: who trains instead of this process's threads: "joblib" (processes here, or what
            `joblib.parallel_config` says), "dask://HOST:PORT", "submitit:PARTITION" (Slurm) or
            "submitit:local". Their workers find data in the package, or at the path, which all see; arrays
            of your own are put into a temporary file, which other machines do not see.

    Returns:
        A result for each job, in their order. What fails, as by divergence, is a result and stops no other.
        Ctrl-C ends those that are running, and the results so far are returned, the others with `done` False;
        so it is when the backend ends before them, and then they have its error.

    Raises ValueError for fewer than one worker, TypeError for a job that is neither recipe nor function and
    for other arguments of a wrong kind, DataError for images and labels of other shapes, kinds or number or a
    path without, EngineError for a backend
    that is unknown or not there, MissingExtraError for one whose package is not. What `on_result` raises
    ends everything.
    """
    if isinstance(jobs, Recipe) or not isinstance(jobs, Iterable):
        raise TypeError(
            f"train_many: takes a sequence of jobs, as in [recipe], not one {type(jobs).__name__}"
        )
    jobs = list(jobs)
    for job in jobs:
        if not isinstance(job, Recipe) and not callable(job):
            raise TypeError(f"train_many: a job is a Recipe or a function, not a {type(job).__name__}")
    if on_result is not None and not callable(on_result):
        raise TypeError(f"train_many: on_result is a function, not a {type(on_result).__name__}")
    count = None if workers is None else _count(workers)
    path = data if isinstance(data, str | os.PathLike) else None
    images, labels = read(data) if isinstance(data, str | os.PathLike) else _pair(data)
    if any(isinstance(job, Recipe) for job in jobs):
        _check(images, labels)
    if len(images) != len(labels):
        raise DataError(f"train_many: {len(images)} images and {len(labels)} labels")
    results = [Result(job, done=False) for job in jobs]
    if not results:
        return results
    if backend is None:
        news = _here(jobs, Crew(images, labels, compiled), count, results)
    else:
        news = _elsewhere(jobs, (images, labels), path, backend, count, compiled, results)
    done = 0
    try:
        with contextlib.suppress(KeyboardInterrupt), contextlib.closing(news):
            for i in news:
                if i is not None:
                    done += 1
                    if on_result:
                        on_result(results[i])
                if progress:
                    _tell(done, len(jobs))
    except EngineError as error:
        if not done:
            raise
        results = [one if one.done else dataclasses.replace(one, error=error) for one in results]
    return results


def _count(workers: Any) -> int:
    try:
        count = operator.index(workers)
    except TypeError:
        count = None
    if count is None or isinstance(workers, bool):
        raise TypeError(f"train_many: workers is a whole number, not {workers!r}")
    if count < 1:
        raise ValueError(f"train_many: needs at least one worker, not {count}")
    return count


def _pair(data: Any) -> Examples:
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise TypeError(
            "train_many: data is images and labels, such as tg.data.mnist()[0], or a path, not "
            f"a {type(data).__name__}"
        )
    return data[0], data[1]


def _check(images: Any, labels: Any) -> None:
    """DataError for what no recipe can be trained on."""
    if getattr(images, "ndim", 0) != 3 or getattr(labels, "ndim", 0) != 1:
        raise DataError(
            "train_many: recipes take images (N, height, width) and labels (N,), such as tg.data.mnist()[0]"
        )
    if images.dtype != np.uint8 or labels.dtype.kind not in "iu":
        raise DataError(
            "train_many: recipes take images of bytes (uint8) and labels that are integers, not "
            f"{images.dtype} and {labels.dtype}"
        )
    if not len(images):
        raise DataError("train_many: there are no images")
    if len(labels) and labels.min() < 0:
        raise DataError(f"train_many: labels count from 0, and there is a {labels.min()}")


def _here(
    jobs: Sequence[Job], crew: Crew, workers: int | None, results: list[Result]
) -> Generator[int | None]:
    """Puts results in their places, and tells which."""

    def do(i: int) -> None:
        results[i] = _result(crew, jobs[i])

    yield from crew.side_by_side(do, len(jobs), min(workers or get_num_threads(), len(jobs)))


def _elsewhere(
    jobs: Sequence[Job],
    examples: Examples,
    path: str | os.PathLike[str] | None,
    backend: str,
    workers: int | None,
    compiled: bool,
    results: list[Result],
) -> Generator[int | None]:
    """As `_here`."""
    function = partial(_done, compiled=compiled)
    with using(backend, workers, examples, path) as (engine, source):
        for report in dealt(list(enumerate(jobs)), examples, engine, lambda: function, source):
            if report is not None:
                i = report.number
                results[i] = Result(jobs[i], report.value, report.error, report.seconds)
            yield None if report is None else report.number


def _done(job: Job, images: Any, labels: Any, compiled: bool) -> Any:
    return trained(job, images, labels, compiled=compiled) if isinstance(job, Recipe) else job(images, labels)


def _result(crew: Crew, job: Job) -> Result:
    begin = time.perf_counter()
    try:
        value = crew.train(job) if isinstance(job, Recipe) else job(crew.images, crew.labels)
    except KeyboardInterrupt:
        return Result(job, done=False)
    except Exception as error:
        return Result(job, error=error, seconds=time.perf_counter() - begin)
    return Result(job, value, seconds=time.perf_counter() - begin)


def _tell(done: int, count: int) -> None:
    end = "\n" if done == count else ""
    print(f"\r{done:,} of {count:,} trained\x1b[K", end=end, file=sys.stderr, flush=True)
