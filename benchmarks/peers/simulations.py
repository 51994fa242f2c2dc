"""Loops whose gradients the peers compute: the same step for every library, which is given as `lib`.

A library has tanh, sin, sigmoid and concatenate; parameters and states are tuples of its arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..jobs import Array

State = tuple[Any, ...]


class Simulation(NamedTuple):
    """A loop, and a number made of its last state.

    Attributes:
        step: (library, parameters, state, element or None) -> state.
        parameters, state: what it begins with, in float64.
        elements: with an axis of steps in front, or None.
        steps: how many.
    """

    step: Callable[[Any, State, State, Any], State]
    parameters: tuple[Array, ...]
    state: tuple[Array, ...]
    elements: Array | None
    steps: int


def oscillator(steps: int) -> Simulation:
    """A damped pendulum: two numbers."""

    def step(lib: Any, p: State, s: State, _: Any) -> State:
        speed = s[1] - 0.01 * (p[0] * lib.sin(s[0]) + p[1] * s[1])
        return s[0] + 0.01 * speed, speed

    return Simulation(step, _numbers(2.0, 0.1), _numbers(1.0, 0.0), None, steps)


def lorenz(steps: int) -> Simulation:
    """Lorenz's attractor: three numbers."""

    def step(lib: Any, p: State, s: State, _: Any) -> State:
        x, y, z = s
        return (
            x + 0.001 * p[0] * (y - x),
            y + 0.001 * (x * (p[1] - z) - y),
            z + 0.001 * (x * y - p[2] * z),
        )

    return Simulation(step, _numbers(10.0, 28.0, 8 / 3), _numbers(1.0, 1.0, 1.0), None, steps)


def chain(steps: int) -> Simulation:
    """Thirty oscillators, coupled by a matrix."""

    def step(lib: Any, p: State, s: State, _: Any) -> State:
        speed = s[1] - 0.01 * (lib.sin(s[0]) + p[0] @ s[0])
        return s[0] + 0.01 * speed, speed

    return Simulation(step, (_some(30, 30) * 0.1,), (_some(30), _some(30)), None, steps)


def leaves(steps: int) -> Simulation:
    """Sixty numbers, each a leaf of its own, in a ring."""

    def step(lib: Any, p: State, s: State, _: Any) -> State:
        return tuple(x + 0.01 * lib.tanh(p[0] * s[k - 1] - x) for k, x in enumerate(s))

    return Simulation(step, _numbers(1.5), _numbers(*_some(60)), None, steps)


def gru(steps: int, size: int = 32) -> Simulation:
    """A gated recurrent unit over rows of 28 numbers, 64 at a time."""

    def step(lib: Any, p: State, s: State, x: Any) -> State:
        (h,) = s
        z = lib.sigmoid(x @ p[0] + h @ p[1] + p[2])
        r = lib.sigmoid(x @ p[3] + h @ p[4] + p[5])
        n = lib.tanh(x @ p[6] + r * (h @ p[7]) + p[8])
        return ((1 - z) * n + z * h,)

    weights = [_some(*shape) * 0.2 for _ in range(3) for shape in ((28, size), (size, size), (size,))]
    return Simulation(step, tuple(weights), (_some(64, size) * 0,), _some(steps, 64, 28), steps)


def ode(steps: int, size: int = 64) -> Simulation:
    """A neural ODE by the method of Runge and Kutta."""

    def step(lib: Any, p: State, s: State, _: Any) -> State:
        def slope(y: Any) -> Any:
            return lib.tanh(y @ p[0] + p[1]) @ p[2]

        (y,) = s
        a = slope(y)
        b = slope(y + 0.005 * a)
        c = slope(y + 0.005 * b)
        d = slope(y + 0.01 * c)
        return (y + (0.01 / 6) * (a + 2 * b + 2 * c + d),)

    scale = 1 / np.sqrt(size)
    weights = _some(size, size) * scale, _some(size) * 0.1, _some(size, size) * scale
    return Simulation(step, weights, (_some(16, size),), None, steps)


SIMULATIONS: dict[str, Callable[..., Simulation]] = {
    f.__name__: f for f in (oscillator, lorenz, chain, leaves, gru, ode)
}


def _numbers(*values: float) -> tuple[Array, ...]:
    return tuple(np.asarray(x, np.float64) for x in values)


def _some(*shape: int) -> Array:
    return np.random.default_rng(sum(shape)).normal(size=shape)


def flat(value: Any, gradients: Any) -> Array:
    """A number and gradients, as one array."""
    return np.concatenate([np.ravel(np.asarray(x)) for x in (value, *gradients)])
