"""A function of Tensors seen as one from vectors to a vector, at one point, differentiated both ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autodiff import grad, vjp
from ..primitive import Array, Shape
from ..tensor import Tensor, wrap
from .differences import Derivative, derivative
from .errors import GradcheckError, KinkError

Function = Callable[..., Any]


class FlatFunction:
    """`f` at `xs`. The float outputs, one after another, count as one vector.

    Args:
        f: gives a Tensor or nested tuples, lists and dicts of them.
        xs: float64 Tensors.
        name: begins every error message.

    Attributes:
        outputs: the float outputs.

    Raises:
        GradcheckError: if f changes its inputs, gives different values when called again, or values
            that are no finite float64 numbers.
    """

    def __init__(self, f: Function, xs: Sequence[Tensor], name: str) -> None:
        self.f, self.xs, self.name = f, xs, name
        self._given = [x.numpy().copy() for x in xs]
        outputs, self._pull = vjp(f, *xs)
        self._leaves = _leaves(outputs)
        self.outputs = _floats(self._leaves)
        self._refuse_mutation()
        self._refuse_bad_outputs()
        first, again = _vector(self.outputs), self.value(xs)
        if not np.array_equal(first, again):
            raise GradcheckError(
                f"{name}: the function gives different values when called twice on the same inputs; "
                "draw its random numbers outside of it, or from a Generator made inside"
            )
        self._gradients(np.ones(self.size))
        self._refuse_mutation()

    @property
    def size(self) -> int:
        """How many numbers the float outputs hold."""
        return sum(y.size for y in self.outputs)

    def _refuse_mutation(self) -> None:
        for k, (x, given) in enumerate(zip(self.xs, self._given, strict=True)):
            if not np.array_equal(x.numpy(), given):
                raise GradcheckError(
                    f"{self.name}: the function or its derivative changed input {k} in place"
                )

    def _refuse_bad_outputs(self) -> None:
        if not self.outputs:
            raise GradcheckError(f"{self.name}: the function gives no floats, so there is nothing to check")
        for i, y in enumerate(self.outputs):
            if y.dtype != np.float64:
                raise GradcheckError(
                    f"{self.name}: output {i} is {y.dtype} though the inputs are float64: "
                    "look for a cast or a float32 array inside the function"
                )
            if not np.isfinite(y.numpy()).all():
                raise GradcheckError(f"{self.name}: output {i} holds NaN or infinity at these inputs")

    def value(self, xs: Sequence[Tensor]) -> Array:
        """The outputs at other inputs."""
        return _vector(_floats(_leaves(self.f(*xs))))

    def analytic(self, rows: Array) -> list[Array]:
        """By autodiff: for each input a matrix, the cotangents `rows` times the Jacobian."""
        found = [self._gradients(row) for row in rows]
        return [np.array([g[k] for g in found]).reshape(len(rows), x.size) for k, x in enumerate(self.xs)]

    def _gradients(self, row: Array) -> list[Array]:
        ends = np.cumsum([y.size for y in self.outputs])[:-1]
        parts = iter(np.split(row, ends))
        seeds = [
            wrap(next(parts).reshape(y.shape) if y.dtype.kind == "f" else np.zeros(y.shape))
            for y in self._leaves
        ]
        found = self._pull(seeds)
        for k, (g, x) in enumerate(zip(found, self.xs, strict=True)):
            if g.shape != x.shape:
                raise GradcheckError(
                    f"{self.name}: the derivative with respect to input {k} has shape {g.shape}, "
                    f"and not {x.shape}"
                )
        return [g.numpy().ravel() for g in found]

    def numeric(self, k: int, direction: Array, atol: float) -> Derivative:
        """By differences: the derivative of the outputs as input k moves along `direction`, a vector."""
        x = self.xs[k].numpy()
        step = direction.reshape(x.shape)
        scale = max(1.0, float(np.max(np.abs(x[step != 0]), initial=0.0)))

        def line(t: float) -> Array:
            moved = list(self.xs)
            moved[k] = wrap(x + t * step)
            return self.value(moved)

        try:
            return derivative(line, scale, atol)
        except KinkError as error:
            raise KinkError(f"{self.name}, moving {self.input_place(k, direction)}: {error}") from None

    def input_place(self, k: int, direction: Array) -> str:
        """What moves along `direction`, for messages."""
        if np.count_nonzero(direction) != 1:
            return f"input {k} in a random direction"
        return f"input {k}{_index(self.xs[k].shape, int(np.argmax(direction != 0)))}"

    def output_place(self, row: Array) -> str:
        """The first output element with a weight in `row`, for messages."""
        at = int(np.argmax(row != 0))
        i = 0
        while at >= self.outputs[i].size:
            at, i = at - self.outputs[i].size, i + 1
        return f"output {i}{_index(self.outputs[i].shape, at)}"


def gradient_of_weighted_sum(f: Function, weights: Sequence[Array], arity: int) -> Function:
    """The function that gives the gradients of <weights, float outputs of f>, a tuple of `arity`."""

    def weighted_sum(*xs: Tensor) -> Tensor:
        total = wrap(np.zeros(()))
        for y, w in zip(_floats(_leaves(f(*xs))), weights, strict=True):
            total = total + (y * w).sum()
        return total

    return grad(weighted_sum, tuple(range(arity)))


def _leaves(tree: Any) -> list[Tensor]:
    if isinstance(tree, dict):
        tree = list(tree.values())
    if isinstance(tree, tuple | list):
        return [leaf for part in tree for leaf in _leaves(part)]
    return [tree if isinstance(tree, Tensor) else Tensor(tree)]


def _floats(leaves: list[Tensor]) -> list[Tensor]:
    return [y for y in leaves if y.dtype.kind == "f"]


def _vector(leaves: list[Tensor]) -> Array:
    return np.concatenate([np.zeros(0), *(y.numpy().ravel() for y in leaves)])


def _index(shape: Shape, flat: int) -> str:
    return str([int(i) for i in np.unravel_index(flat, shape)]) if shape else ""
