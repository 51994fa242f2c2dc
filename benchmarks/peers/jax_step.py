"""JAX, a compiled training step called from Python."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..jobs import Array, Task
from . import fits
from .calls import Calls, operands
from .network import images, named, parameters
from .simulations import SIMULATIONS, State, flat

PACKAGES = ("jax", "jaxlib")


class Epoch:
    def __init__(self, task: Task) -> None:
        self.task, options = task, task.options
        self.images, self.targets = jnp.asarray(images(task)), jnp.asarray(task["targets"])
        self.order = task["order"].astype("int32")
        self.classifier, self.adam, self.lr = options["classifier"], options["adam"], options["lr"]
        self.compile()

    def compile(self) -> None:
        self.step = jax.jit(self.pure_step, donate_argnums=0)

    def reset(self) -> None:
        self.state = self.first_state([jnp.array(p) for p in parameters(self.task)])

    def first_state(self, p: list[Any]) -> Any:
        if not self.adam:
            return (p,)
        return p, [jnp.zeros_like(x) for x in p], [jnp.zeros_like(x) for x in p], jnp.zeros((), jnp.int32)

    def cost(self, p: list[Any], x: Any, target: Any) -> Any:
        for layer in range(0, len(p), 2):
            x = x @ p[layer].T + p[layer + 1]
            if not self.classifier:
                x = jax.nn.sigmoid(x)
            elif layer < len(p) - 2:
                x = jax.nn.relu(x)
        if self.classifier:
            return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(x), target[:, None], 1))
        return jnp.sum((x - target) ** 2) / len(x)

    def pure_step(self, state: Any, index: Any, images: Any, targets: Any) -> tuple[Any, Any]:
        x = images[index]
        if x.dtype == jnp.uint8:
            x = x.astype(jnp.float32) / 255
        cost, gradients = jax.value_and_grad(self.cost)(state[0], x, targets[index])
        return (self.update_adam if self.adam else self.update_sgd)(state, gradients), cost

    def update_sgd(self, state: Any, gradients: list[Any]) -> Any:
        return ([p - self.lr * g for p, g in zip(state[0], gradients, strict=True)],)

    def update_adam(self, state: Any, gradients: list[Any]) -> Any:
        p, m, v, t = state
        t = t + 1
        m = [0.9 * m + 0.1 * g for m, g in zip(m, gradients, strict=True)]
        v = [0.999 * v + 0.001 * g * g for v, g in zip(v, gradients, strict=True)]
        rate = -self.lr / jnp.expm1(t * math.log(0.9))
        scale = 1 / jnp.sqrt(-jnp.expm1(t * math.log(0.999)))
        p = [p - rate * m / (jnp.sqrt(v) * scale + 1e-8) for p, m, v in zip(p, m, v, strict=True)]
        return p, m, v, t

    def run(self, first: int, count: int) -> None:
        self.costs = []
        for index in self.order[first : first + count]:
            self.state, cost = self.step(self.state, index, self.images, self.targets)
            self.costs.append(cost)
        jax.block_until_ready((self.state, self.costs))

    def result(self) -> dict[str, Array]:
        return named(self.state[0], self.costs)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": jnp.exp,
    "tanh": jnp.tanh,
    "sigmoid": jax.nn.sigmoid,
    "softmax": jax.nn.softmax,
}


def call(task: Task) -> Calls:
    function = jax.jit(FUNCTIONS[task.options["function"]])
    return Calls(lambda *x: function(*x).block_until_ready(), operands(task, jnp.asarray))


def predict(task: Task) -> Calls:
    p = [jnp.array(x) for x in parameters(task)]

    def model(x: Any) -> Any:
        for layer in range(0, len(p), 2):
            x = jax.nn.sigmoid(x @ p[layer].T + p[layer + 1])
        return x

    compiled = jax.jit(model)
    return Calls(lambda x: np.asarray(compiled(x)), [task["x"]])


def loop(task: Task) -> Calls:
    simulation = SIMULATIONS[task.options["simulation"]](**task.options["settings"])
    p, s = (
        tuple(jnp.asarray(x, jnp.float32) for x in part) for part in (simulation.parameters, simulation.state)
    )
    xs = None if simulation.elements is None else jnp.asarray(simulation.elements, jnp.float32)
    library = SimpleNamespace(sin=jnp.sin, tanh=jnp.tanh, sigmoid=jax.nn.sigmoid)

    def cost(p: State, s: State, xs: Any) -> Any:
        last, _ = jax.lax.scan(
            lambda s, x: (simulation.step(library, p, s, x), None), s, xs, length=simulation.steps
        )
        return sum((x * x).sum() for x in last)

    gradient = jax.jit(jax.value_and_grad(cost, (0, 1)))
    return Calls(
        lambda *given: jax.block_until_ready(gradient(*given)),
        [p, s, xs],
        lambda found: flat(found[0], [*found[1][0], *found[1][1]]),
    )


def _convolution(x: Any, w: Any, bias: Any) -> Any:
    numbers = ("NCHW", "OIHW", "NCHW")
    return (
        jax.lax.conv_general_dilated(x, w, (1, 1), "VALID", dimension_numbers=numbers) + bias[:, None, None]
    )


def _maxima(x: Any, size: int) -> Any:
    window = (1, 1, size, size)
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, window, "VALID")


def _cross_entropy(y: Any, target: Any) -> Any:
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(y), target[:, None], 1))


FUNCTIONAL = SimpleNamespace(
    conv2d=_convolution,
    max_pool2d=_maxima,
    linear=lambda x, w, bias: x @ w.T + bias,
    relu=jax.nn.relu,
    tanh=jnp.tanh,
    cross_entropy=_cross_entropy,
    mse_loss=lambda y, target: jnp.mean((y - target) ** 2),
)


class Fit(Epoch):
    def __init__(self, task: Task) -> None:
        self.task, self.adam, self.lr = task, True, task.options["lr"]
        self.images, self.targets = jnp.asarray(task["x"]), jnp.asarray(task["targets"])
        self.full, self.order = task.options["full"], task["order"].astype("int32")
        if self.full:  # a row for each step, of nothing
            self.order = np.empty((1 << 16, 0), np.int32)
        self.compile()

    def reset(self) -> None:
        self.state = self.first_state([jnp.array(p) for p in fits.first_parameters(self.task)])

    def pure_step(self, state: Any, index: Any, images: Any, targets: Any) -> tuple[Any, Any]:
        batch = (images, targets) if self.full else (images[index], targets[index])
        cost, gradients = jax.value_and_grad(lambda p: fits.cost(FUNCTIONAL, self.task, p, *batch))(state[0])
        return self.update_adam(state, gradients), cost

    def result(self) -> dict[str, Array]:
        return fits.named(self.state[0], self.costs[-1])


epoch, fit = Epoch, Fit
