"""A function seen as one from vectors to a vector, at one point, differentiated both ways."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from ..core.autodiff import grad
from ..core.tensor import Tensor, wrap
from ..core.tree import unpacked
from ..primitive import Array, Shape
from .differences import Derivatives, NotSmoothError, derivatives
from .errors import GradcheckError, KinkError
from .rules import Function, Pull, Rule

#: How far a complex step goes: so short that its truncation error is nothing beside rounding.
IMAGINARY = 2.0**-100


class FlatFunction:
    """A rule at `xs`. The float outputs, one after another, count as one vector.

    Args:
        rule: the function and its derivative.
        xs: float64 arrays.
        name: begins every error message.
        inputs: what to call each input in messages.

    Attributes:
        outputs: the float outputs.

    Raises:
        GradcheckError: if the function changes its inputs, gives different values when called again,
            or values that are no finite float64 numbers; if a derivative has another shape or dtype
            than its input.
    """

    def __init__(self, rule: Rule, xs: Sequence[Array], name: str, inputs: Sequence[str]) -> None:
        self.rule, self.xs, self.name, self.inputs = rule, list(xs), name, inputs
        self._given = [x.copy() for x in xs]
        self._leaves, self._pull = self._pullback()
        self.outputs = [y for y in self._leaves if y.dtype.kind == "f"]
        self._refuse_mutation()
        self._refuse_bad_outputs()
        self._centre = _vector(self.outputs)
        if not np.array_equal(self._centre, self.value(self.xs)):
            raise GradcheckError(
                f"{name}: the function gives different values when called twice on the same inputs; "
                "draw its random numbers outside of it, or from a Generator made inside, and put modules "
                "with such layers in eval()"
            )
        self._gradients(np.ones(self.size))
        self._refuse_mutation()

    @property
    def size(self) -> int:
        """How many numbers the float outputs hold."""
        return self._centre.size

    def _pullback(self) -> tuple[list[Array], Pull]:
        found, pull = self.rule.pullback(self.xs)
        return [y.copy() for y in found], pull

    def _refuse_mutation(self) -> None:
        for name, x, given in zip(self.inputs, self.xs, self._given, strict=True):
            if not np.array_equal(x, given):
                raise GradcheckError(f"{self.name}: the function or its derivative changed {name} in place")

    def _refuse_bad_outputs(self) -> None:
        if not self.outputs:
            raise GradcheckError(f"{self.name}: the function gives no floats, so there is nothing to check")
        for i, y in enumerate(self.outputs):
            if y.dtype != np.float64:
                raise GradcheckError(
                    f"{self.name}: output {i} is {y.dtype} though the inputs are float64: "
                    "look for a cast or a float32 array inside the function"
                )
            if not np.isfinite(y).all():
                raise GradcheckError(f"{self.name}: output {i} holds NaN or infinity at these inputs")

    def value(self, xs: Sequence[Array]) -> Array:
        """The outputs at other inputs."""
        return _vector([y for y in self.rule.values(xs) if y.dtype.kind == "f"])

    def analytic(self, rows: Array) -> list[Array]:
        """By the rule: for each input a matrix, the cotangents `rows` times the Jacobian."""
        found = [self._gradients(row) for row in rows]
        return [np.array([g[k] for g in found]).reshape(len(rows), x.size) for k, x in enumerate(self.xs)]

    def _gradients(self, row: Array) -> list[Array]:
        ends = np.cumsum([y.size for y in self.outputs])[:-1]
        parts = iter(np.split(row, ends))
        seeds = [
            next(parts).reshape(y.shape) if y.dtype.kind == "f" else np.zeros(y.shape) for y in self._leaves
        ]
        found = self._pull(seeds)
        for name, g, x in zip(self.inputs, found, self.xs, strict=True):
            if g.shape != x.shape:
                raise GradcheckError(
                    f"{self.name}: the derivative with respect to {name} has shape {g.shape}, "
                    f"and not {x.shape}" + _why_shape(g.shape, x.shape)
                )
            if g.dtype != np.float64:
                raise GradcheckError(
                    f"{self.name}: the derivative with respect to {name} is {g.dtype} and not float64"
                )
        return [g.ravel() for g in found]

    def numeric(self, k: int, directions: Array, atol: float) -> Derivatives:
        """By differences: the derivatives of the outputs as input k moves along each direction, a row."""
        x = self.xs[k]
        steps = [row.reshape(x.shape) for row in directions]
        scales = [max(1.0, float(np.max(np.abs(x[step != 0]), initial=0.0))) for step in steps]
        moved = list(self.xs)

        def move(line: int, t: float) -> Array:
            moved[k] = x + t * steps[line]
            return self.value(moved)

        try:
            return derivatives(move, self._centre, scales, atol, self._complex_steps(k, steps))
        except NotSmoothError as error:
            place = self.input_place(k, directions[error.line])
            raise KinkError(f"{self.name}, moving {place}: {error}; check it at other inputs") from None

    def _complex_steps(self, k: int, steps: Sequence[Array]) -> Array | None:
        """Imaginary parts of f(x + ih step) / h (Squire and Trapp 1998), or None where f takes no such x.

        They have no rounding error of a difference, and are wrong for what is not analytic, such as abs:
        whoever uses them compares them with differences.
        """
        if not self.rule.takes_complex:
            return None
        moved, slopes = list(self.xs), []
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            for step in steps:
                moved[k] = self.xs[k] + 1j * IMAGINARY * step
                try:
                    found = [y for y in self.rule.values(moved) if y.dtype.kind in "fc"]
                except Exception:  # whatever somebody's function does with numbers it was not made for
                    return None
                if sum(y.size for y in found) != self.size:
                    return None
                slopes.append(np.concatenate([y.imag.ravel() for y in found]) / IMAGINARY)
        return np.array(slopes).reshape(len(steps), self.size)

    def input_place(self, k: int, direction: Array) -> str:
        """What moves along `direction`, for messages."""
        if np.count_nonzero(direction) != 1:
            return f"{self.inputs[k]} in a random direction"
        return f"{self.inputs[k]}{_index(self.xs[k].shape, int(np.argmax(direction != 0)))}"

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
        floats = [y for y in unpacked(f(*xs))[0] if y.dtype.kind == "f"]
        for y, w in zip(floats, weights, strict=True):
            total = total + (y * w).sum()
        return total

    return grad(weighted_sum, tuple(range(arity)))


def _why_shape(found: Shape, wanted: Shape) -> str:
    if sorted(found) == sorted(wanted):
        return "; likely cause: the derivative is transposed"
    if len(found) >= len(wanted) and all(n in (1, m) for n, m in zip(wanted[::-1], found[::-1])):
        return "; likely cause: a missing sum over the axes along which the input was broadcast"
    return ""


def _vector(arrays: Sequence[Array]) -> Array:
    """One after another, copied."""
    return arrays[0].flatten() if len(arrays) == 1 else np.concatenate([y.ravel() for y in arrays])


def _index(shape: Shape, flat: int) -> str:
    return str([int(i) for i in np.unravel_index(flat, shape)]) if shape else ""
