"""Options of a training by several processes."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from typing import Annotated, Any

from cyclopts import Parameter

from ..cluster import RanksError, communicator
from ..cluster.plan import plan
from ..cluster.ranks import MpiRanks
from ..cluster.training import Together
from ..train import Recipe
from .settings import whole_numbers
from .stopping import Stopping
from .terminal import say


@Parameter(name="*")
@dataclasses.dataclass(frozen=True)
class Ranks:
    """Whether the processes that a launcher has started train together, and how."""

    ranks: Annotated[
        bool,
        Parameter(
            help="Train by all processes of an MPI launcher: mpiexec -n 4 tinygrad-mnist train --ranks."
        ),
    ] = False
    shards: Annotated[
        int | None,
        Parameter(
            help="With --ranks: parts of a batch whose gradients are added in one fixed order, so that the "
            "number of ranks, at most this, changes no bit [default: 8].",
            converter=whole_numbers,
        ),
    ] = None
    average_every: Annotated[
        int | None,
        Parameter(
            help="With --ranks: train apart, and take the mean of the parameters after so many steps. "
            "Another algorithm, whose numbers depend on the number of ranks.",
            converter=whole_numbers,
        ),
    ] = None
    plan: Annotated[
        bool,
        Parameter(
            negative="", help="With --ranks: measure, and tell from where more ranks pay; train nothing."
        ),
    ] = False

    def begun(self) -> Together | None:
        """The processes that train together; None for this one alone. RanksError for what does not fit."""
        given = {"--shards": self.shards, "--average-every": self.average_every, "--plan": self.plan}
        if not self.ranks:
            for option, value in given.items():
                if value:
                    raise RanksError(f"{option} needs --ranks")
            return None
        if self.shards == 0 or self.average_every == 0:
            raise RanksError("--shards and --average-every are at least 1")
        return Together(communicator(), self.shards or 8, self.average_every)


@contextlib.contextmanager
def ending_together(together: Together | None) -> Iterator[None]:
    """What ends this rank within the block ends the others too."""
    if together is None or not isinstance(together.ranks, MpiRanks):
        yield
        return
    with together.ranks.ending_together():
        yield


def follow(together: Together, recipe: Recipe, images: Any, labels: Any, **options: Any) -> int:
    """Train as another rank than the first, which says nothing and writes nothing; gives the exit status."""
    with Stopping() as stopping:
        stopping.patient = True
        with_me = dataclasses.replace(together, asked_to_stop=asked(stopping))
        network = with_me.run(recipe, images, labels, **options)
    return stopping.status if network.history.interrupted else 0


def asked(stopping: Stopping) -> Callable[[], bool]:
    """Whether a signal has come."""
    return lambda: stopping.number != 0


def tell_plan(together: Together, recipe: Recipe, images: Any, labels: Any, compiled: bool) -> int:
    """Measure on all ranks, and tell on the first."""
    text = plan(together, recipe, images, labels, compiled)
    if together.ranks.rank == 0:
        say(text)
    return 0
