"""JAX: each epoch one compiled loop; where there are convolutions, which are slow in its loops, a step."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..peers.jax_step import FUNCTIONAL as F
from .ways import SIDE, batches, distorted, first

DECAY_1, DECAY_2, TINY = 0.9, 0.999, 1e-8


class Way:
    def __init__(self, recipe: dict[str, Any], data: dict[str, Any], threads: int) -> None:
        # how many threads XLA takes is said in the environment of the process
        self.recipe, self.originals = recipe, data["images"]
        self.labels = jnp.asarray(data["labels"].astype(np.int32))
        self.images = None if recipe["augment"] else as_inputs(self.originals)
        self.step = jax.jit(self.one, donate_argnums=0)
        self.scan = jax.jit(self.several, donate_argnums=0)

    def train(self, seed: int, epochs: int) -> list[Any]:
        random, batch = np.random.default_rng(seed), self.recipe["batch_size"]
        p = [jnp.asarray(x.T if x.ndim == 2 else x) for x in first(self.recipe, random)]
        state = p, [jnp.zeros_like(x) for x in p], [jnp.zeros_like(x) for x in p]
        per_epoch = len(self.originals) // batch
        for number, bent in enumerate(distorted(self.originals, self.recipe, seed, epochs)):
            images = as_inputs(bent) if self.images is None else self.images
            order = batches(len(self.originals), batch, random).astype(np.int32)
            done = np.arange(number * per_epoch, (number + 1) * per_epoch, dtype=np.float32)
            rates = np.float32(self.recipe["rate"]) * (1 - done / np.float32(epochs * per_epoch))
            state = self.epoch(state, order, rates, done + 1, images)
        return list(jax.block_until_ready(state)[0])

    def epoch(self, state: Any, order: Any, rates: Any, numbers: Any, images: Any) -> Any:
        if not self.recipe["filters"]:
            return self.scan(state, (order, rates, numbers), images, self.labels)[0]
        for given in zip(order, rates, numbers):
            state, _ = self.step(state, given, images, self.labels)
        return state

    def one(self, state: Any, given: Any, images: Any, labels: Any) -> tuple[Any, None]:
        decay = self.recipe["weight_decay"]
        index, rate, t = given
        p, m, v = state
        gradients = jax.grad(cost)(p, images[index], labels[index])
        m = [DECAY_1 * x + (1 - DECAY_1) * g for x, g in zip(m, gradients)]
        v = [DECAY_2 * x + (1 - DECAY_2) * g * g for x, g in zip(v, gradients)]
        size, scale = rate / (1 - DECAY_1**t), 1 / jnp.sqrt(1 - DECAY_2**t)
        p = [x * (1 - rate * decay) if x.ndim > 1 else x for x in p]
        p = [x - size * a / (jnp.sqrt(b) * scale + TINY) for x, a, b in zip(p, m, v)]
        return (p, m, v), None

    def several(self, state: Any, given: Any, images: Any, labels: Any) -> Any:
        return jax.lax.scan(lambda state, each: self.one(state, each, images, labels), state, given)

    def outputs(self, trained: list[Any], images: Any) -> Any:
        return forward(trained, as_inputs(images))


def as_inputs(images: Any) -> Any:
    """Bytes as floats from 0 to 1, (N, 784)."""
    return jnp.asarray(images.reshape(-1, 784)).astype(jnp.float32) / 255


def forward(p: list[Any], x: Any) -> Any:
    if p[0].ndim == 4:
        x = x.reshape(-1, 1, SIDE, SIDE)
    for layer in range(0, len(p), 2):
        weight, bias = p[layer], p[layer + 1]
        if weight.ndim == 4:
            x = F.max_pool2d(jax.nn.relu(F.conv2d(x, weight, bias)), 2)
        else:
            x = x.reshape(len(x), -1) @ weight + bias
            if layer < len(p) - 2:
                x = jax.nn.relu(x)
    return x


def cost(p: list[Any], x: Any, labels: Any) -> Any:
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(forward(p, x)), labels[:, None], 1))
