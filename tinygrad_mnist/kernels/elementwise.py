"""Array kernels for the functions of `scalar`: a new C-contiguous array of the same shape and dtype.

Each takes a float32 or float64 array of any shape, strides and alignment. No floating-point
warnings are raised: an infinite or undefined result is the value IEEE 754 gives it.
"""
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import empty, ndarray

from tinygrad_mnist.kernels import scalar
from tinygrad_mnist.kernels.buffer import CONTIGUOUS_AND_ALIGNED, Compiled, lock, size, unlock
from tinygrad_mnist.kernels.policy import kernel, kernel_named
from tinygrad_mnist.kernels.simd import use_full_width

Array = ndarray[Any, Any]

MANY = 1 << 14            # elements that keep a kernel busy for long enough to let other threads run


def unary(formula: Callable[[Any], Any]) -> Callable[[Array], Array]:
    """The array kernel of a scalar formula of one argument."""
    @kernel_named(f"unary_{formula.__name__}")
    def loop(x: Any, out: Any) -> bool:
        if x.flags & CONTIGUOUS_AND_ALIGNED != CONTIGUOUS_AND_ALIGNED:
            return False
        use_full_width()
        count, source, target = size(x), x.data, out.data
        state = unlock(count >= MANY)
        for i in range(count):
            target[i] = formula(source[i])
        lock(state)
        return True

    compiled = Compiled(loop, lambda buffer, number: (buffer, buffer))

    def apply(x: Array) -> Array:
        if type(x) is not ndarray:
            x = np.asarray(x)
        dtype = x.dtype
        out = empty(x.shape, dtype)
        if not compiled[dtype](x, out):
            compiled[dtype](x.copy(), out)
        return out

    apply.__name__ = apply.__qualname__ = formula.__name__
    apply.__doc__ = formula.__doc__
    return apply


exp = unary(scalar.exp)
expm1 = unary(scalar.expm1)
log = unary(scalar.log)
log1p = unary(scalar.log1p)
tanh = unary(scalar.tanh)
sigmoid = unary(scalar.sigmoid)
erf = unary(scalar.erf)
sin = unary(scalar.sin)
cos = unary(scalar.cos)


@kernel
def _pow_loop(x: Any, y: Any, out: Any) -> None:
    use_full_width()
    count, base, exponent, target = size(out), x.data, y.data, out.data
    state = unlock(count >= MANY)
    if y.ndim == 0:
        constant = exponent[0]
        for i in range(count):
            target[i] = scalar.pow(base[i], constant)
    else:
        for i in range(count):
            target[i] = scalar.pow(base[i], exponent[i])
    lock(state)


_pow = Compiled(_pow_loop, lambda buffer, number: (buffer, buffer, buffer))


def pow(x: Array, y: Array) -> Array:
    """x ** y for arrays of one dtype whose shapes broadcast; IEEE 754's special cases, no warnings."""
    x, y = np.asarray(x), np.asarray(y)
    shape = np.broadcast_shapes(x.shape, y.shape)
    out = empty(shape, x.dtype)
    _pow[x.dtype](_packed(x, shape), _packed(y, () if y.ndim == 0 else shape), out)
    return out


def _packed(x: Array, shape: tuple[int, ...]) -> Array:
    """The array broadcast to this shape, with its elements one after the other."""
    return np.require(np.broadcast_to(x, shape), requirements=("C", "A"))
