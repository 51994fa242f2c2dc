"""Derivatives against differences: is what autodiff, or a derivative written by hand, says true?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..compiler import CompiledFunction, jit
from ..core.creation import tensor
from ..core.tensor import Tensor
from ..errors import DTypeError
from ..primitive import Array
from .causes import likely_cause
from .errors import Disagreement, GradcheckError, KinkError
from .flat import FlatFunction, gradient_of_weighted_sum
from .rules import Compiled, Function, Rule, Supplied, Taped

__all__ = ["Report", "gradcheck", "gradgradcheck"]


class Report(NamedTuple):
    """What a check that found nothing wrong found.

    Attributes:
        worst: the largest disagreement, in units of what was allowed for it (at most 1).
        entries: how many derivatives were compared.
        order: up to which order.
        cases: at how many points, or in how many cases of an operation.
        redrawn: how many further points turned out to be kinks, and others were taken instead.
    """

    worst: float
    entries: int
    order: int = 1
    cases: int = 1
    redrawn: int = 0


class Settings(NamedTuple):
    """How closely to look; the arguments of `gradcheck` of the same names."""

    rtol: float = 1e-6
    atol: float = 1e-9
    full: int = 64
    directions: int = 4
    seed: int = 0

    def bound(self, analytic: Array, numeric: Array, error: Array) -> Array:
        """The largest difference between a derivative and a measured one that is no mistake."""
        return self.atol + self.rtol * np.maximum(np.abs(analytic), np.abs(numeric)) + 10 * error

    def directions_of(self, n: int, rng: np.random.Generator) -> Array:
        """The unit vectors of n elements if they are few, else random vectors of unit length, as rows."""
        if n <= self.full:
            return np.eye(n)
        rows = rng.standard_normal((self.directions, n))
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


DEFAULT = Settings()


def gradcheck(
    f: Function,
    inputs: Sequence[Tensor | Array],
    *,
    order: int = 1,
    gradient: Function | None = None,
    vjp: Function | None = None,
    rtol: float = 1e-6,
    atol: float = 1e-9,
    full: int = 64,
    directions: int = 4,
    seed: int = 0,
) -> Report:
    """Compare the derivatives of `f` with extrapolated central differences.

    Order 1 checks the Jacobian of f, order 2 also the Jacobian of the gradient of a random weighted
    sum of f's outputs, and so on. Of a function behind `tg.jit` the compiled values and the compiled
    derivatives are checked.

    Args:
        f: takes Tensors, gives a Tensor or nested tuples, lists and dicts of them; deterministic.
            Outputs that are integers or bools are left out.
        inputs: float64 Tensors or arrays of any shape, at a point where f is smooth. Tensors keep their
            strides.
        order: how often to differentiate.
        gradient: derivative of f written by hand, where f gives one number: of the same arguments,
            gives an array per input (a tuple for several). f and it are then called with what
            `inputs` holds, arrays if they are arrays, so that both may be plain NumPy code; where f
            takes complex arrays, complex steps measure its derivatives to full precision.
        vjp: the same for any f: `vjp(cotangent, *inputs)`, the cotangent having the structure of
            f's value.
        rtol, atol: what may be wrong with a derivative, beyond 10 times the error estimated for
            the differences.
        full: an input (or output) of up to so many elements is checked element by element, a larger
            one in random directions.
        directions: how many of those.
        seed: of the directions and weights.

    Raises:
        GradcheckError: (an AssertionError) if a derivative is wrong, f changes its inputs, is not
            deterministic, or gives NaN, infinities or another float dtype than float64.
        KinkError: if there is no derivative at this point that could be measured.
        DTypeError: for inputs that are not float64.
        ValueError: for order > 1 of a derivative written by hand; check that as a function itself.

    Example:
        gradcheck(lambda x, w: (x @ w).softmax(), [np.eye(2), np.ones((2, 3))], order=2)
        gradcheck(lambda x: np.sum(x**3), [np.ones(4)], gradient=lambda x: 3 * x**2)
    """
    names = [f"input {k}" for k in range(len(inputs))]
    arrays = [_checked(name, x) for name, x in zip(names, inputs, strict=True)]
    if gradient is None and vjp is None:
        rule: Rule = Compiled(f) if isinstance(f, CompiledFunction) else Taped(f)
    elif order != 1 or (gradient is not None and vjp is not None):
        raise ValueError("gradcheck: give one of gradient= and vjp=, and with it no order but 1")
    else:
        rule = Supplied(f, vjp, gradient, [isinstance(x, Tensor) for x in inputs])
    return check_rule(rule, f, arrays, names, order, Settings(rtol, atol, full, directions, seed))


def gradgradcheck(f: Function, inputs: Sequence[Tensor | Array], **options: Any) -> Report:
    """`gradcheck` to second order, under PyTorch's name for it."""
    return gradcheck(f, inputs, order=2, **options)


def check_rule(
    rule: Rule,
    f: Function,
    arrays: Sequence[Array],
    names: Sequence[str],
    order: int,
    settings: Settings = DEFAULT,
) -> Report:
    """See `gradcheck`; with `names` for the inputs, and `rule` to say what the derivative of `f` is."""
    rng = np.random.default_rng(settings.seed)
    worst, entries = 0.0, 0
    for level in range(1, order + 1):
        of_gradients = f", order {level} (output k is the gradient by input k)" if level > 1 else ""
        flat = FlatFunction(rule, arrays, "gradcheck" + of_gradients, names)
        rows = settings.directions_of(flat.size, rng)
        for k, gradients in enumerate(flat.analytic(rows)):
            columns = settings.directions_of(arrays[k].size, rng)
            if len(rows) and len(columns):
                ratio = _compare(flat, k, rows, columns, gradients @ columns.T, settings, level)
                worst, entries = max(worst, float(ratio.max())), entries + ratio.size
        if level < order:
            weights = [rng.standard_normal(y.shape) for y in flat.outputs]
            f = gradient_of_weighted_sum(f, weights, len(arrays))
            rule = Compiled(jit(f)) if isinstance(rule, Compiled) else Taped(f)
    return Report(worst, entries, order)


def _checked(name: str, x: Tensor | Array) -> Array:
    array: Array = (x if isinstance(x, Tensor) else tensor(x)).array
    if array.dtype != np.float64:
        raise DTypeError(
            f"gradcheck: {name} is {array.dtype}, and differences are only precise enough in float64: "
            "convert it with .double(), and close over inputs that are no floats"
        )
    if not np.isfinite(array).all():
        raise GradcheckError(f"gradcheck: {name} holds NaN or infinity")
    return array


def _compare(
    flat: FlatFunction,
    k: int,
    rows: Array,
    columns: Array,
    analytic: Array,
    settings: Settings,
    order: int,
) -> Array:
    """Disagreement, in units of what is allowed, for output directions `rows` and directions of input k."""
    measured = flat.numeric(k, columns, settings.atol)
    numeric, error = rows @ measured.value.T, np.abs(rows) @ measured.error.T
    bound = settings.bound(analytic, numeric, error)
    ratio = np.abs(analytic - numeric) / bound
    if np.all(ratio <= 1):
        return ratio
    worst = int(np.argmax(np.where(np.isnan(ratio), np.inf, ratio)))
    row, column = _narrowed(flat, k, rows[worst // len(columns)], columns[worst % len(columns)], settings)

    def others() -> Iterator[tuple[str, Array]]:
        for j, x in enumerate(flat.xs):
            if j != k and x.shape == flat.xs[k].shape:
                yield flat.inputs[j], rows @ flat.numeric(j, columns, settings.atol).value.T

    shape = flat.xs[k].shape
    lengths = {n for x in (*flat.xs, *flat.outputs) for n in (*x.shape, x.size)}
    cause = likely_cause(analytic, numeric, bound, shape, sorted(lengths), others)
    at_fault = flat.numeric(k, column[None], settings.atol)
    wrong = Disagreement(
        order,
        flat.output_place(row),
        flat.input_place(k, column),
        float(flat.analytic(row[None])[k][0] @ column),
        float(row @ at_fault.value[0]),
        float(np.abs(row) @ at_fault.error[0]),
        cause,
    )
    raise GradcheckError(
        f"{flat.name}: the derivative of {wrong.output} with respect to {wrong.input} is wrong: "
        f"analytic {wrong.analytic:.10g}, numeric {wrong.numeric:.10g} with an estimated error of "
        f"{wrong.error:.2g}" + (f"; likely cause: {cause}" if cause else ""),
        wrong,
    )


def _narrowed(
    flat: FlatFunction, k: int, row: Array, column: Array, settings: Settings
) -> tuple[Array, Array]:
    """Both directions cut down to one element: of the halves always the one that disagrees more."""

    def disagreement(row: Array, column: Array) -> float:
        try:
            numeric = row @ flat.numeric(k, column[None], settings.atol).value[0]
        except KinkError:
            return -1.0
        gap = float(np.abs(flat.analytic(row[None])[k][0] @ column - numeric))
        return gap if gap == gap else np.inf

    while np.count_nonzero(column) > 1:
        column = max(_halves(column), key=lambda half: disagreement(row, half))
    while np.count_nonzero(row) > 1:
        row = max(_halves(row), key=lambda half: disagreement(half, column))
    return row, column


def _halves(vector: Array) -> list[Array]:
    """Two vectors that add up to this one, each with half of its elements."""
    halves = []
    for part in np.array_split(np.flatnonzero(vector), 2):
        half = np.zeros_like(vector)
        half[part] = vector[part]
        halves.append(half)
    return halves
