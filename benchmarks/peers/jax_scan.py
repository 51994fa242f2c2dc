"""JAX, a whole epoch compiled into one loop."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from ..jobs import Array
from . import fits, jax_step
from .network import named

PACKAGES = jax_step.PACKAGES


class Scan(jax_step.Epoch):
    def compile(self) -> None:
        def steps(state: Any, order: Any, images: Any, targets: Any) -> Any:
            return jax.lax.scan(lambda s, index: self.pure_step(s, index, images, targets), state, order)

        self.steps = jax.jit(steps, donate_argnums=0)

    def run(self, first: int, count: int) -> None:
        order = self.order[first : first + count]
        self.state, self.all_costs = jax.block_until_ready(
            self.steps(self.state, order, self.images, self.targets)
        )


class Epoch(Scan):
    def result(self) -> dict[str, Array]:
        return named(self.state[0], np.asarray(self.all_costs))


class Fit(Scan, jax_step.Fit):
    def result(self) -> dict[str, Array]:
        return fits.named(self.state[0], self.all_costs[-1])


epoch, fit = Epoch, Fit
