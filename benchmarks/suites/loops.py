"""Gradients through loops: what one call costs that goes through all steps of a loop and back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import tinygrad_mnist as tg

from ..jobs import Job
from ..peers import COMPILED, EAGER
from ..peers.simulations import SIMULATIONS, Simulation, flat
from . import Suite

#: name -> (simulation, its settings)
LOOPS = {
    "an oscillator, two numbers": ("oscillator", {"steps": 1000}),
    "Lorenz, three numbers": ("lorenz", {"steps": 1000}),
    "30 oscillators and a matrix": ("chain", {"steps": 1000}),
    "60 numbers, each a leaf": ("leaves", {"steps": 1000}),
    "GRU of 32 over 28 rows, batch 64": ("gru", {"steps": 28, "size": 32}),
    "neural ODE of width 64": ("ode", {"steps": 1000, "size": 64}),
    "GRU of 256 over 28 rows, batch 64": ("gru", {"steps": 28, "size": 256}),
    "neural ODE of width 256": ("ode", {"steps": 100, "size": 256}),
}
QUICK = 5
#: Of the largest number: hundreds of rounded steps in float32 on the way there and back.
BOUND = 1e-3


def jobs(quick: bool) -> Iterator[Job]:
    """One for each loop."""
    for name, (simulation, settings) in list(LOOPS.items())[: QUICK if quick else None]:
        expected = right(SIMULATIONS[simulation](**settings))
        yield Job(
            kind="loop",
            name=name,
            options={"simulation": simulation, "settings": settings, "dtype": "float32"},
            arrays={},
            expected={"y": expected},
            scales={"y": float(np.abs(expected).max())},
            bound=BOUND,
            threads=1,
            seconds=0.3,
        )


def right(simulation: Simulation) -> np.ndarray:
    """The value and the gradients, in float64, by a loop of Python on the tape."""
    p, s = ([tg.tensor(x) for x in part] for part in (simulation.parameters, simulation.state))

    def cost(p: tuple[tg.Tensor, ...], s: tuple[tg.Tensor, ...]) -> tg.Tensor:
        for t in range(simulation.steps):
            x = None if simulation.elements is None else tg.tensor(simulation.elements[t])
            s = simulation.step(tg, p, s, x)
        return sum(((x * x).sum() for x in s), start=tg.tensor(0.0))

    value, gradients = tg.value_and_grad(cost, (0, 1))(tuple(p), tuple(s))
    return flat(value, [*gradients[0], *gradients[1]])


SUITE = Suite(
    "loops",
    "The gradient through a loop, one thread",
    (COMPILED, EAGER, "torch_eager", "torch_compiled", "jax_step"),
    jobs,
)
