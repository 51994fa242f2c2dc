"""Optimiser updates as one pass over memory.

Each kernel takes a parameter, its gradient and what the optimiser remembers of it, all
contiguous and of one shape, and changes the parameter and what is remembered in place. It gives 1,
or 0 without a change if the arrays are not such. The operations and their order are those of the
rules in `optim`, so that the bits are too.
"""

import math
from typing import Any

from tinygrad_mnist.kernels.arrays import (
    PLAIN,
    Entry,
    accepts,
    data,
    flags,
    lock,
    same_shape,
    size,
    unlock,
)
from tinygrad_mnist.kernels.elementwise import MANY
from tinygrad_mnist.kernels.policy import kernel, scalar
from tinygrad_mnist.kernels.simd import use_full_width
from tinygrad_mnist.kernels.untyped import types

WRITEABLE = PLAIN | 0x0400  # NPY_ARRAY_WRITEABLE


@scalar
def _alike(p: Any, x: Any, wanted: Any) -> Any:
    """Whether x is an array like p with these flags."""
    return accepts(x) and flags(x) & wanted == wanted and same_shape(p, x)


@kernel
def _sgd(p: Any, g: Any, lr: Any, weight_decay: Any) -> int:
    if not accepts(p) or not _alike(p, p, WRITEABLE) or not _alike(p, g, PLAIN):
        return 0
    use_full_width()
    count, x, slope = size(p), data(p), data(g)
    state = unlock(count >= MANY)
    if weight_decay == 0:
        for i in range(count):
            x[i] = x[i] - lr * slope[i]
    else:
        for i in range(count):
            x[i] = x[i] - lr * (slope[i] + weight_decay * x[i])
    lock(state)
    return 1


@kernel
def _momentum(p: Any, g: Any, velocity: Any, lr: Any, momentum: Any, nesterov: Any, weight_decay: Any) -> int:
    if not accepts(p) or not _alike(p, p, WRITEABLE) or not _alike(p, g, PLAIN):
        return 0
    if not _alike(p, velocity, WRITEABLE):
        return 0
    use_full_width()
    count, x, slope, v = size(p), data(p), data(g), data(velocity)
    state = unlock(count >= MANY)
    for i in range(count):
        d = slope[i] + weight_decay * x[i] if weight_decay != 0 else slope[i]
        v[i] = momentum * v[i] + d
        x[i] = x[i] - lr * (d + momentum * v[i] if nesterov else v[i])
    lock(state)
    return 1


@kernel
def _adam(
    p: Any,
    g: Any,
    mean: Any,
    square: Any,
    b1: Any,
    rest1: Any,
    b2: Any,
    rest2: Any,
    rate: Any,
    scale: Any,
    eps: Any,
    weight_decay: Any,
    shrinkage: Any,
) -> int:
    if not accepts(p) or not _alike(p, p, WRITEABLE) or not _alike(p, g, PLAIN):
        return 0
    if not _alike(p, mean, WRITEABLE) or not _alike(p, square, WRITEABLE):
        return 0
    use_full_width()
    count, x, slope, m, s = size(p), data(p), data(g), data(mean), data(square)
    state = unlock(count >= MANY)
    for i in range(count):
        start = x[i] - shrinkage * x[i] if shrinkage != 0 else x[i]
        d = slope[i] + weight_decay * start if weight_decay != 0 else slope[i]
        m[i] = b1 * m[i] + rest1 * d
        s[i] = b2 * s[i] + rest2 * (d * d)
        x[i] = start - rate * m[i] / (math.sqrt(s[i]) * scale + eps)
    lock(state)
    return 1


@kernel
def _rmsprop(p: Any, g: Any, square: Any, lr: Any, alpha: Any, rest: Any, eps: Any, weight_decay: Any) -> int:
    if not accepts(p) or not _alike(p, p, WRITEABLE) or not _alike(p, g, PLAIN):
        return 0
    if not _alike(p, square, WRITEABLE):
        return 0
    use_full_width()
    count, x, slope, s = size(p), data(p), data(g), data(square)
    state = unlock(count >= MANY)
    for i in range(count):
        d = slope[i] + weight_decay * x[i] if weight_decay != 0 else slope[i]
        s[i] = alpha * s[i] + rest * (d * d)
        x[i] = x[i] - lr * (d / (math.sqrt(s[i]) + eps))
    lock(state)
    return 1


#: (p, g, lr, weight_decay)
sgd = Entry(_sgd, lambda array: (array,) * 2 + (array.number,) * 2)
#: (p, g, velocity, lr, momentum, nesterov, weight_decay)
momentum = Entry(_momentum, lambda array: (array,) * 3 + (array.number,) * 2 + (types.boolean, array.number))
#: (p, g, mean, square, b1, 1 - b1, b2, 1 - b2, rate, scale, eps, weight_decay, shrinkage)
adam = Entry(_adam, lambda array: (array,) * 4 + (array.number,) * 9)
#: (p, g, square, lr, alpha, 1 - alpha, eps, weight_decay); there is none with momentum
rmsprop = Entry(_rmsprop, lambda array: (array,) * 3 + (array.number,) * 5)
