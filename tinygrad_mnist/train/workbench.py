"""Where networks of one kind are trained one after the other, so that their step is recorded once.

A step is recorded with the tensors of its model and optimiser. These stay, and get the numbers of each new
network before its training; what has become of them is its result. The numbers are those of a step recorded
for it alone: `tg.jit` watches all else that the step reads.
"""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..nn import Module
from ..optim import Optimizer
from ..optim.schedules import renumber
from .divergence import DivergenceError
from .identity import generators_of
from .prepared import Prepared, prepared
from .recipes import Recipe

_KEPT = 64  # workbenches that nobody uses; the oldest goes first


def kind_of(recipe: Recipe) -> Recipe:
    """The same recipe for all whose trainings are one program, which reads their numbers."""
    return dataclasses.replace(
        recipe,
        seed=0,
        rate=1.0,
        epochs=1,
        first_gain=1.0,
        gain=1.0,
        validation=0.0,
        momentum=0.5 if recipe.momentum else 0.0,
        weight_decay=1.0 if recipe.weight_decay else 0.0,
    )


@dataclasses.dataclass(frozen=True)
class Workbench:
    """A model and an optimiser, with their steps."""

    model: Module
    optimiser: Optimizer
    ready: Prepared

    def begin(self, model: Module, optimiser: Optimizer) -> None:
        """Be what a new model and its optimiser are."""
        _give(model, self.model)
        self.optimiser.load_state_dict(optimiser.state_dict())
        for group, new in zip(self.optimiser.param_groups, optimiser.param_groups, strict=True):
            renumber(group["lr"], new["lr"])

    def hand_over(self, model: Module) -> None:
        """Let a model, which is used from now on, be what this one has become."""
        _give(self.model, model)
        model.eval()


def _give(source: Module, target: Module) -> None:
    values = source.state_dict(keep_vars=True)
    for name, x in target.state_dict(keep_vars=True).items():
        x.assign_(values[name].detach())
    generators = generators_of(source)
    for name, generator in generators_of(target).items():
        if generator is not generators[name]:
            generator.state.assign_(generators[name].state)


class Workbenches:
    """Those for some images, for as many threads as come.

    Args:
        images: (N, height, width), uint8.
        labels: (N,), integers.
    """

    def __init__(self, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> None:
        self._images, self._labels = images, labels
        self._targets: dict[str, Any] = {}  # by the cost that takes them
        self._free: list[tuple[Recipe, Workbench]] = []
        self._lock = threading.Lock()

    def are_for(self, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> bool:
        """Whether these arrays are theirs, and not only equal ones."""
        return images is self._images and labels is self._labels

    @contextlib.contextmanager
    def one(self, recipe: Recipe, model: Module, optimiser: Optimizer) -> Iterator[Workbench]:
        """A workbench for the block alone.

        Args:
            recipe: which does not change the images.
            model, optimiser: new, as the recipe builds them.
        """
        kind = kind_of(recipe)
        bench = self._taken(kind) or self._made(recipe)
        bench.begin(model, optimiser)
        try:
            yield bench
        except DivergenceError:
            self._put_back(kind, bench)
            raise
        self._put_back(kind, bench)

    def _taken(self, kind: Recipe) -> Workbench | None:
        with self._lock:
            for k in reversed(range(len(self._free))):
                if self._free[k][0] == kind:
                    return self._free.pop(k)[1]
        return None

    def _put_back(self, kind: Recipe, bench: Workbench) -> None:
        with self._lock:
            self._free.append((kind, bench))
            del self._free[:-_KEPT]

    def _made(self, recipe: Recipe) -> Workbench:
        classes = int(self._labels.max()) + 1
        with self._lock:
            if recipe.cost not in self._targets:
                self._targets[recipe.cost] = recipe.targets(self._labels, classes)
        rows = self._images.reshape(len(self._images), -1)
        model = recipe.build_model(rows.shape[1], classes)
        optimiser = recipe.build_optimiser(model, 1)
        targets = self._targets[recipe.cost]
        ready = prepared(model, optimiser, recipe.cost_function, rows, targets, scale=recipe.scale)
        return Workbench(model, optimiser, ready)
