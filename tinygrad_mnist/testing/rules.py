"""Where a function's derivative comes from: the tape, the tape compiled, or a user's own code.

Each rule has the same two methods. `values(arrays)` gives the leaves of the function's value, and
`pullback(arrays)` those and the function from their cotangents to the cotangents of the inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from ..compiler import CompiledFunction, jit
from ..core.autodiff import vjp as taped_vjp
from ..core.tensor import Tensor, wrap
from ..core.tree import unpacked
from ..errors import ShapeError
from ..primitive import Array

Function = Callable[..., Any]
Pull = Callable[[Sequence[Array]], list[Any]]


class Rule(Protocol):
    """A function of arrays with a derivative."""

    #: whether the function may be called with complex arrays
    takes_complex: bool

    def values(self, xs: Sequence[Array]) -> list[Array]:
        """The leaves of the function's value."""

    def pullback(self, xs: Sequence[Array]) -> tuple[list[Array], Pull]:
        """The leaves of the function's value, and the map of cotangents."""


class Taped:
    """A function of Tensors, differentiated by this package."""

    takes_complex = False

    def __init__(self, f: Function) -> None:
        self.f = f

    def values(self, xs: Sequence[Array]) -> list[Array]:
        """See `Rule`."""
        return list(map(_array, unpacked(self.f(*map(wrap, xs)))[0]))

    def pullback(self, xs: Sequence[Array]) -> tuple[list[Array], Pull]:
        """See `Rule`."""
        value, pull = taped_vjp(self.f, *map(wrap, xs))
        outputs, rebuild = unpacked(value)

        def pulled(seeds: Sequence[Array]) -> list[Any]:
            return [g.numpy() for g in pull(rebuild(list(map(wrap, seeds))))]

        return [y.numpy() for y in outputs], pulled


class Compiled(Taped):
    """A function behind `tg.jit`: its values and its derivatives are those of compiled programs."""

    def __init__(self, f: CompiledFunction) -> None:
        super().__init__(f)
        self._pull = jit(lambda xs, seeds: taped_vjp(f, *xs)[1](seeds))

    def pullback(self, xs: Sequence[Array]) -> tuple[list[Array], Pull]:
        """See `Rule`."""
        outputs, rebuild = unpacked(self.f(*map(wrap, xs)))

        def pulled(seeds: Sequence[Array]) -> list[Any]:
            return [g.numpy() for g in self._pull(list(map(wrap, xs)), rebuild(list(map(wrap, seeds))))]

        return list(map(_array, outputs)), pulled


class Supplied:
    """A function with a derivative written by hand: `vjp(cotangent, *inputs)`, or the gradient of one number.

    Args:
        f: called with an array or Tensor per input, as `tensors` says.
        vjp, gradient: one of them; gives a cotangent per input, alone if there is one input.
        tensors: per input whether f and its derivative expect a Tensor.
    """

    def __init__(
        self, f: Function, vjp: Function | None, gradient: Function | None, tensors: Sequence[bool]
    ) -> None:
        self.f, self._vjp, self._gradient, self._tensors = f, vjp, gradient, tensors
        self.takes_complex = not any(tensors)

    def values(self, xs: Sequence[Array]) -> list[Array]:
        """See `Rule`."""
        return list(map(_array, unpacked(self.f(*self._given(xs)))[0]))

    def pullback(self, xs: Sequence[Array]) -> tuple[list[Array], Pull]:
        """See `Rule`."""
        given = self._given(xs)
        values, rebuild = unpacked(self.f(*given))

        def pulled(seeds: Sequence[Array]) -> list[Any]:
            if self._vjp is None:
                assert self._gradient is not None
                found = _per_input(self._gradient(*given), len(xs))
                return [np.asarray(seeds[0]).reshape(()) * _array(g) for g in found]
            like = [wrap(s) if isinstance(y, Tensor) else s for s, y in zip(seeds, values, strict=True)]
            return [_array(g) for g in _per_input(self._vjp(rebuild(like), *given), len(xs))]

        outputs = list(map(_array, values))
        if self._gradient is not None and [y.size for y in outputs] != [1]:
            raise ShapeError(
                "gradcheck: gradient= is for a function whose value is one number, and this one has "
                f"the shapes {[y.shape for y in outputs]}; supply vjp=, of the cotangent and the inputs"
            )
        return outputs, pulled

    def _given(self, xs: Sequence[Array]) -> list[Any]:
        return [wrap(x) if tensor else x for x, tensor in zip(xs, self._tensors, strict=True)]


def _per_input(found: Any, count: int) -> list[Any]:
    """A derivative for each input out of what a user's function gave."""
    several = list(found) if isinstance(found, tuple | list) else [found]
    if len(several) != count:
        raise ShapeError(
            f"gradcheck: the supplied derivative gives {len(several)} arrays for {count} inputs; "
            "it must give one for each, as a tuple"
        )
    return several


def _array(x: Any) -> Array:
    if isinstance(x, Tensor):
        return x.numpy()
    return x if isinstance(x, np.ndarray) else np.asarray(x)
