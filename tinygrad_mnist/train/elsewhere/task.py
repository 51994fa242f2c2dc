"""What is sent to another process, what that does, and what it sends back."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import socket
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from ... import __version__
from ...errors import DataError
from ...kernels.cache_folder import held
from ...kernels.threads import alone
from ..recipes import Recipe
from ..trained import run
from ..workbench import Workbenches, kind_of
from .source import Source, found

_warmed: set[Recipe] = set()  # whose programs this process has


@dataclasses.dataclass(frozen=True)
class Task:
    """Some jobs, for one worker one after the other.

    Attributes:
        jobs: each with its number among all.
        function: what is done with each: (job, images, labels) -> what is sent back.
        source: of the images and labels.
        version: of the package that is to do it.
    """

    jobs: tuple[tuple[int, Any], ...]
    function: Callable[[Any, Any, Any], Any]
    source: Source
    version: str = __version__


@dataclasses.dataclass(frozen=True)
class Report:
    """What became of a job.

    Attributes:
        number: of the job.
        value: what the function gave.
        error: what it raised instead.
        seconds: that it took.
    """

    number: int
    value: Any = None
    error: Exception | None = None
    seconds: float = 0.0


def carry_out(task: Task) -> list[Report]:
    """Do a task, by the thread that calls, with no other's help: as many run on a node as it has cores.

    Raises nothing: what goes wrong is in the reports.
    """
    alone()
    try:
        if task.version != __version__:
            raise DataError(
                f"on {socket.gethostname()}: tinygrad_mnist is of version {__version__}, the task is of "
                f"version {task.version}"
            )
        images, labels = found(task.source)
    except Exception as error:
        return [Report(number, error=_sendable(error)) for number, _ in task.jobs]
    finally:
        alone(False)
    return [_report(task, number, job, images, labels) for number, job in task.jobs]


def _report(task: Task, number: int, job: Any, images: Any, labels: Any) -> Report:
    begin = time.perf_counter()
    alone()
    try:
        value, error = task.function(job, images, labels), None
    except Exception as raised:
        value, error = None, _sendable(raised)
    finally:
        alone(False)
    return Report(number, value, error, time.perf_counter() - begin)


def trained(recipe: Recipe, images: Any, labels: Any, **options: Any) -> Any:
    """What `run` gives; of the processes of a node one compiles a program while the others wait for it."""
    on_step = options.pop("on_step", None)
    with contextlib.ExitStack() as until_compiled:
        until_compiled.enter_context(_first_of_the_node(kind_of(recipe)))

        def begun(*where: int) -> None:
            until_compiled.close()
            if on_step:
                on_step(*where)

        return run(recipe, images, labels, on_step=begun, benches=_benches(images, labels), **options)


def _benches(images: Any, labels: Any) -> Workbenches:
    """Those of this process for these very images."""
    global _latest
    benches = _latest  # which another thread may replace
    if benches is None or not benches.are_for(images, labels):
        benches = _latest = Workbenches(images, labels)
    return benches


_latest: Workbenches | None = None


@contextlib.contextmanager
def _first_of_the_node(kind: Recipe) -> Iterator[None]:
    if kind in _warmed:
        yield
        return
    with held(hashlib.sha256(repr(kind).encode()).hexdigest()[:24]):
        yield
    _warmed.add(kind)


def _sendable(error: Exception) -> Exception:
    """The error itself if it survives the way back, else one that says the same."""
    cls = type(error)
    plain = all(isinstance(x, str | int | float) for x in error.args) and not vars(error)
    if plain and getattr(sys.modules.get(cls.__module__), cls.__qualname__, None) is cls:
        with contextlib.suppress(Exception):
            if str(cls(*error.args)) == str(error):
                return error
    return RuntimeError(f"{type(error).__name__}: {error}")
