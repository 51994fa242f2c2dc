"""Derivatives against differences: is what autodiff says about a function true?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..errors import DTypeError
from ..primitive import Array
from ..tensor import Tensor
from .causes import likely_cause
from .errors import GradcheckError, KinkError
from .flat import FlatFunction, Function, gradient_of_weighted_sum


class Report(NamedTuple):
    """What a check that found nothing wrong found.

    Attributes:
        worst: the largest disagreement, in units of what was allowed for it (at most 1).
        entries: how many derivatives were compared.
    """

    worst: float
    entries: int


class Allowance(NamedTuple):
    """How far a derivative may be from the differences, beyond 10 times their estimated error."""

    rtol: float
    atol: float

    def bound(self, analytic: Array, numeric: Array, error: Array) -> Array:
        """The largest difference between the two that is no mistake."""
        return self.atol + self.rtol * np.maximum(np.abs(analytic), np.abs(numeric)) + 10 * error


def gradcheck(
    f: Function,
    inputs: Sequence[Tensor | Array],
    *,
    order: int = 1,
    rtol: float = 1e-6,
    atol: float = 1e-9,
    full: int = 64,
    directions: int = 4,
    seed: int = 0,
) -> Report:
    """Compare the derivatives of `f` with extrapolated central differences.

    Order 1 checks the Jacobian of f, order 2 also the Jacobian of the gradient of a random weighted
    sum of f's outputs, and so on.

    Args:
        f: takes Tensors, gives a Tensor or nested tuples, lists and dicts of them; deterministic.
            Outputs that are integers or bools are left out.
        inputs: float64 Tensors or arrays, at a point where f is smooth. Tensors keep their strides.
        order: how often to differentiate.
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

    Example:
        gradcheck(lambda x, w: (x @ w).softmax(), [np.eye(2), np.ones((2, 3))], order=2)
    """
    xs = [_checked(k, x) for k, x in enumerate(inputs)]
    rng = np.random.default_rng(seed)
    allowance = Allowance(rtol, atol)
    worst, entries = 0.0, 0
    for level in range(1, order + 1):
        of_gradients = f", order {level} (output k is the gradient by input k)" if level > 1 else ""
        flat = FlatFunction(f, xs, "gradcheck" + of_gradients)
        rows = _directions(flat.size, rng, full, directions)
        for k, gradients in enumerate(flat.analytic(rows)):
            columns = _directions(xs[k].size, rng, full, directions)
            if len(rows) and len(columns):
                ratio = _compare(flat, k, rows, columns, gradients @ columns.T, allowance)
                worst, entries = max(worst, float(ratio.max())), entries + ratio.size
        f = gradient_of_weighted_sum(f, [rng.standard_normal(y.shape) for y in flat.outputs], len(xs))
    return Report(worst, entries)


def _checked(k: int, x: Tensor | Array) -> Tensor:
    tensor = x.detach() if isinstance(x, Tensor) else Tensor(x)
    if tensor.dtype != np.float64:
        raise DTypeError(
            f"gradcheck: input {k} is {tensor.dtype}, and differences are only precise enough in float64: "
            "convert it with .double(), and close over inputs that are no floats"
        )
    if not np.isfinite(tensor.numpy()).all():
        raise GradcheckError(f"gradcheck: input {k} holds NaN or infinity")
    return tensor


def _directions(n: int, rng: np.random.Generator, full: int, count: int) -> Array:
    """The unit vectors of n elements if they are few, else random vectors of unit length, as rows."""
    if n <= full:
        return np.eye(n)
    rows = rng.standard_normal((count, n))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _compare(
    flat: FlatFunction, k: int, rows: Array, columns: Array, analytic: Array, allowance: Allowance
) -> Array:
    """Disagreement, in units of what is allowed, for output directions `rows` and directions of input k."""
    measured = [flat.numeric(k, column, allowance.atol) for column in columns]
    numeric = rows @ np.stack([m.value for m in measured], 1)
    error = np.abs(rows) @ np.stack([m.error for m in measured], 1)
    bound = allowance.bound(analytic, numeric, error)
    ratio = np.abs(analytic - numeric) / bound
    if np.all(ratio <= 1):
        return ratio
    worst = int(np.argmax(np.where(np.isnan(ratio), np.inf, ratio)))
    row, column = _narrowed(flat, k, rows[worst // len(columns)], columns[worst % len(columns)], allowance)
    cause = likely_cause(analytic, numeric, bound, flat.xs[k].shape)
    at_fault = flat.numeric(k, column, allowance.atol)
    raise GradcheckError(
        f"{flat.name}: the derivative of {flat.output_place(row)} with respect to "
        f"{flat.input_place(k, column)} is wrong: analytic {flat.analytic(row[None])[k][0] @ column:.10g}, "
        f"numeric {row @ at_fault.value:.10g} with an estimated error of {np.abs(row) @ at_fault.error:.2g}"
        + (f"; likely cause: {cause}" if cause else "")
    )


def _narrowed(
    flat: FlatFunction, k: int, row: Array, column: Array, allowance: Allowance
) -> tuple[Array, Array]:
    """Both directions cut down to one element: of the halves always the one that disagrees more."""

    def disagreement(row: Array, column: Array) -> float:
        try:
            numeric = row @ flat.numeric(k, column, allowance.atol).value
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
