"""Processes that train networks for a sweep."""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import numpy as np
from numpy.typing import NDArray

from ..errors import TinygradMnistError
from ..kernels.threads import get_num_threads, set_num_threads
from ..train import Recipe
from .outcome import Outcome, outcome_of
from .shelf import Shelf

# Not forked: a copy of a process with threads is not sound. Each inherits nothing but its arguments.
_CONTEXT = multiprocessing.get_context("spawn")


class SweepError(TinygradMnistError, RuntimeError):
    """There are no processes to train networks, or one of them ended by itself."""


class Worker:
    """A process that trains by one recipe after another, seen from the process that started it.

    Attributes:
        connection: where `news` comes from, for waiting until there is some.
        recipe: the last one it was given.
    """

    recipe: Recipe

    def __init__(self) -> None:
        self.connection, theirs = _CONTEXT.Pipe()
        self.process: BaseProcess = _CONTEXT.Process(target=_work, args=(theirs,), name="sweep", daemon=True)
        with _interrupts_held():
            self.process.start()
        theirs.close()  # so that the end of the process is the end of what can be read here

    def equip(self, images: NDArray[np.uint8], labels: NDArray[np.int64], shelf: Shelf, threads: int) -> None:
        """Give it what it trains on, where outcomes go, and how many threads it may use; once."""
        self._send((images, labels, shelf, threads))

    def start(self, recipe: Recipe) -> None:
        """Have it train by a recipe; its last one is done."""
        self.recipe = recipe
        self._send(recipe)

    def _send(self, message: object) -> None:
        with contextlib.suppress(ConnectionError):  # `news` says what has happened
            self.connection.send(message)

    def news(self) -> Outcome | float:
        """The outcome, which is on the shelf, or how much is done, 0 to 1; waits for it.

        Raises what the training raised, and SweepError if the process is no more.
        """
        try:
            news: Outcome | float | Exception = self.connection.recv()
        except (EOFError, ConnectionResetError):
            self.process.join()
            sizes = "-".join(map(str, self.recipe.hidden))
            raise SweepError(
                f"the process that trained hidden layers {sizes or 'none'}, seed {self.recipe.seed}, ended "
                f"with status {self.process.exitcode}; was there too little memory? What was finished is kept"
            ) from None
        if isinstance(news, Exception):
            raise news
        return news

    def stop(self) -> None:
        """End the process, whatever it is doing; outcomes are written whole or not at all."""
        self.process.terminate()
        self.process.join()
        self.connection.close()


@contextlib.contextmanager
def working(
    count: int, images: NDArray[np.uint8], labels: NDArray[np.int64], shelf: Shelf
) -> Iterator[list[Worker]]:
    """Within the block there are so many workers, who share the threads that this process may use."""
    threads = max(1, get_num_threads() // max(1, count))
    with contextlib.ExitStack() as stack:
        workers = []
        for _ in range(count):
            workers.append(Worker())
            stack.callback(workers[-1].stop)
        for worker in workers:  # which have all begun to start: this waits for them
            worker.equip(images, labels, shelf, threads)
        yield workers


def _end_with_parent() -> None:
    """End this process as soon as the one that has started it is no more, whatever it is doing."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(connection: Connection) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # What is compiled is said on standard error, which is no place for many processes at once.
    silence = contextlib.redirect_stderr(io.StringIO())
    # When the process that has started this one is no more, so is the work.
    with silence, contextlib.suppress(EOFError, ConnectionError):
        images, labels, shelf, threads = connection.recv()
        set_num_threads(threads)
        while True:
            recipe = connection.recv()
            try:
                outcome = outcome_of(recipe, images, labels, connection.send)
                shelf.put(outcome)
            except ConnectionError:
                raise
            except Exception as error:
                connection.send(error)
            else:
                connection.send(outcome)


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Within the block Ctrl-C waits, and on processes started there it has no effect: we end them."""
    resource_tracker.ensure_running()  # at the first process it would let Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
