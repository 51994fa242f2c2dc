"""Array kernels for the functions of `scalar`: a new C-contiguous array of the same shape and dtype.

Each takes a float32 or float64 array of any shape, strides and alignment. No floating-point
warnings are raised: an infinite or undefined result is the value IEEE 754 gives it.
"""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import ndarray

from tinygrad_mnist.kernels import angles, scalar
from tinygrad_mnist.kernels.arrays import (
    FLOAT64,
    PLAIN,
    Entry,
    accepts,
    data,
    flags,
    is_nothing,
    lock,
    ndim,
    new_like,
    nothing,
    plain,
    same_shape,
    size,
    unlock,
)
from tinygrad_mnist.kernels.policy import kernel_named
from tinygrad_mnist.kernels.simd import use_full_width
from tinygrad_mnist.kernels.tuning import MANY

Array = ndarray[Any, Any]


_one_makes = threading.RLock()


class _Later:
    """A kernel that is made when it is first compiled: importing the package makes none of them."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._kernel: Any = None

    def compile(self, signature: Any) -> None:
        """As a kernel's."""
        with _one_makes:  # another thread's would be without what this one compiles
            self._kernel = self._kernel or self._make()
        self._kernel.compile(signature)

    @property
    def overloads(self) -> Any:
        """As a kernel's that was compiled."""
        return self._kernel and self._kernel.overloads


Formula = Callable[..., Any]


def unary(name: str, doc: str | None, formula: Callable[[], Formula]) -> Callable[[Array], Array]:
    """The array kernel of a scalar formula of one argument, which is asked for when it is needed.

    Its attribute `entry` has the bare entries, which give None for arrays they are not made for.
    """

    def make() -> Any:
        of_number = formula()

        @kernel_named(f"unary_{name}")
        def loop(x: Any) -> Any:
            if not accepts(x) or flags(x) & PLAIN != PLAIN:
                return nothing(x)
            out = new_like(x)
            if is_nothing(out):
                return out
            use_full_width()
            count, source, target = size(x), data(x), data(out)
            state = unlock(count >= MANY)
            for i in range(count):
                target[i] = of_number(source[i])
            lock(state)
            return out

        return loop

    entry = Entry(_Later(make), lambda array: (array,))

    def apply(x: Array) -> Array:
        out = entry.single(x)
        if out is None and getattr(x, "dtype", None) is FLOAT64:
            out = entry.double(x)
        if out is None:
            x = plain(x)
            out = entry.double(x) if x.dtype is FLOAT64 else entry.single(x)
        return out

    apply.__name__ = apply.__qualname__ = name
    apply.__doc__ = doc
    apply.entry = entry  # type: ignore[attr-defined]
    return apply


def binary(name: str, doc: str | None, formula: Callable[[], Formula]) -> Callable[[Array, Array], Array]:
    """As `unary`, of a scalar formula of two arguments, for arrays of one dtype whose shapes broadcast.

    Quick for a second array of the first one's shape, or without axes.
    """

    def make() -> Any:
        of_numbers = formula()

        @kernel_named(f"binary_{name}")
        def loop(x: Any, y: Any) -> Any:
            if not accepts(x) or not accepts(y) or (flags(x) & flags(y)) & PLAIN != PLAIN:
                return nothing(x)
            if ndim(y) != 0 and not same_shape(x, y):
                return nothing(x)
            out = new_like(x)
            if is_nothing(out):
                return out
            use_full_width()
            count, first, second, target = size(x), data(x), data(y), data(out)
            state = unlock(count >= MANY)
            if ndim(y) == 0:
                constant = second[0]
                for i in range(count):
                    target[i] = of_numbers(first[i], constant)
            else:
                for i in range(count):
                    target[i] = of_numbers(first[i], second[i])
            lock(state)
            return out

        return loop

    entry = Entry(_Later(make), lambda array: (array, array))

    def apply(x: Array, y: Array) -> Array:
        out = entry.single(x, y)
        if out is None and getattr(x, "dtype", None) is FLOAT64:
            out = entry.double(x, y)
        if out is None:
            x, y = map(plain, np.broadcast_arrays(x, y))
            out = entry.double(x, y) if x.dtype is FLOAT64 else entry.single(x, y)
        return out

    apply.__name__ = apply.__qualname__ = name
    apply.__doc__ = doc
    apply.entry = entry  # type: ignore[attr-defined]
    return apply


def _of(function: Formula) -> tuple[str, str | None, Callable[[], Formula]]:
    return function.__name__, function.__doc__, lambda: function


exp = unary(*_of(scalar.exp))
expm1 = unary(*_of(scalar.expm1))
log = unary(*_of(scalar.log))
log1p = unary(*_of(scalar.log1p))
tanh = unary(*_of(scalar.tanh))
sigmoid = unary(*_of(scalar.sigmoid))
erf = unary(*_of(scalar.erf))
sin = unary(*_of(angles.sin))
cos = unary(*_of(angles.cos))
atan = unary(*_of(angles.atan))
pow = binary(*_of(scalar.pow))
