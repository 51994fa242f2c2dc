"""Costs of numbers that should be other numbers.

`reduction` is "mean" or "sum" of all elements, or "none" for each element's own; ValueError for
anything else. (`size_average` and `reduce` are PyTorch's old words for it.)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ... import ops
from ...errors import ShapeError
from ...ops.floats import as_float, in_floats
from ...primitive import Case, Value, composite
from .examples import per_example
from .targets import beside, broadcast, cast, like, reduced, reduction_of, values, weighted, weighted_mean

__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "gaussian_nll_loss", "huber_loss", "kl_div",
    "l1_loss", "mse_loss", "poisson_nll_loss", "smooth_l1_loss",
]  # fmt: skip

_SHARES = np.array([[0.2, 0.0, 1.0], [0.7, 0.5, 0.1]])
_CASE: Case = (((2, 3),), {"target": _SHARES})


def _weights(given: Mapping[str, Any]) -> Value | None:
    """What each element counts in a mean that is divided by the sum of its weights."""
    weight, output = given["weight"], given["input"]
    return None if weight is None else cast(values(weight), as_float(output).dtype)


@per_example(_weights)
@composite((((2, 3),), {"target": _SHARES}))
@in_floats
def mse_loss(
    input: Value,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Any = None,
) -> Value:
    """Mean over all elements of (input - target)^2, weighted if `weight` (of input's shape) is given."""
    parts = ops.square(input - broadcast(input, target, "mse_loss"))
    return weighted_mean(parts, weight, input, reduction_of(size_average, reduce, reduction), "mse_loss")


@per_example()
@composite((((2, 3),), {"target": _SHARES}))
@in_floats
def quadratic_cost(output: Value, target: Any, reduction: str = "mean") -> Value:
    """The article's cost: mean over the examples of the sum over the outputs of (output - target)^2.

    Examples lie along the first axis. Nothing cancels the 2 in the gradient, 2 (output - target)
    / examples; textbooks that want it gone put 1/2 before the sum.

    Raises ShapeError unless the shapes are equal and have an axis of examples.
    """
    difference = output - like(output, target, "quadratic_cost")
    if difference.ndim == 0:
        raise ShapeError("quadratic_cost: the first axis counts examples, but the shapes are ()")
    parts = ops.square(difference)
    if reduction == "mean":
        return ops.sum(parts) / (output.shape[0] or math.nan)
    each = ops.sum(parts, tuple(range(1, parts.ndim))) if parts.ndim > 1 else parts
    return reduced(each, reduction, "quadratic_cost")


@per_example(_weights)
@composite(_CASE)
@in_floats
def l1_loss(
    input: Value,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Any = None,
) -> Value:
    """|input - target|."""
    parts = ops.abs(input - broadcast(input, target, "l1_loss"))
    return weighted_mean(parts, weight, input, reduction_of(size_average, reduce, reduction), "l1_loss")


@per_example()
@composite(_CASE, (((2, 3),), {"target": _SHARES, "delta": 0.3, "reduction": "none"}))
@in_floats
def huber_loss(
    input: Value, target: Any, reduction: str = "mean", delta: float = 1.0, weight: Any = None
) -> Value:
    """d^2 / 2 for distances d up to `delta`, delta (d - delta / 2) beyond (Huber 1964)."""
    if not isinstance(delta, int | float) or not delta > 0:
        raise ValueError(f"huber_loss: delta must be a positive number, not {delta}")
    parts = _straightened(input - broadcast(input, target, "huber_loss"), delta)
    return weighted_mean(parts, weight, input, reduction, "huber_loss", share=False)


@per_example()
@composite(_CASE, (((2, 3),), {"target": _SHARES, "beta": 0.3, "reduction": "sum"}))
@in_floats
def smooth_l1_loss(
    input: Value,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Value:
    """d^2 / (2 beta) for distances d below `beta`, d - beta / 2 beyond; beta 0 is `l1_loss`."""
    if beta < 0:
        raise ValueError(f"smooth_l1_loss: beta must be at least 0, not {beta}")
    reduction = reduction_of(size_average, reduce, reduction)
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    difference = input - broadcast(input, target, "smooth_l1_loss")
    return reduced(_straightened(difference, beta) / beta, reduction, "smooth_l1_loss")


@per_example()
@composite(
    (((2, 3), (2, 3)), {"target": _SHARES, "full": True}),
    domain=(0.5, 3.0),
    call=lambda f, output, var, target, **options: f(output, target, var, **options),
)
@in_floats
def gaussian_nll_loss(
    input: Value, target: Any, var: Value, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Value:
    """(log var + (input - target)^2 / var) / 2: minus the log likelihood of normally distributed targets.

    Args:
        input: means of the distributions, any shape.
        target: broadcast to them.
        var: their variances: a number, of that shape, or with length 1 (or nothing) for the last axis.
        full: whether the constant log(2 pi) / 2 is added.
        eps: smallest variance that counts.
        reduction: see above.
    """
    if isinstance(var, int | float):
        var = np.full(input.shape, var, input.dtype)
    elif var.shape == input.shape[:-1] and var.ndim < input.ndim:
        var = ops.unsqueeze(var, -1)
    if var.ndim != input.ndim or any(v not in (1, n) for v, n in zip(var.shape, input.shape)):
        raise ShapeError(
            f"gaussian_nll_loss: variances {tuple(var.shape)} do not fit inputs {tuple(input.shape)}"
        )
    if var.shape != input.shape and sum(n for v, n in zip(var.shape, input.shape) if v != n) < 1:
        raise ShapeError(f"gaussian_nll_loss: var is of incorrect size {tuple(var.shape)}")
    difference = input - beside(input, target)
    var = var + ops.relu(eps - ops.stop_gradient(var))  # at least eps, with the gradient of var
    parts = 0.5 * (ops.log(var) + difference * difference / var)
    return reduced(parts + 0.5 * math.log(2 * math.pi) if full else parts, reduction, "gaussian_nll_loss")


@per_example()
@composite(_CASE, (((2, 3),), {"target": 5 * _SHARES, "log_input": False, "full": True}), domain=(0.5, 3.0))
@in_floats
def poisson_nll_loss(
    input: Value,
    target: Any,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Value:
    """Minus the log likelihood of counts under Poisson distributions.

    Args:
        input: any shape: logarithms of the rates, or (with log_input=False) the rates.
        target: counts, broadcast to them.
        log_input: see input.
        full: whether Stirling's approximation of log(target!) is added where target > 1.
        size_average, reduce, reduction: see above.
        eps: keeps the logarithm of a rate finite.
    """
    t = beside(input, target)
    parts = ops.exp(input) - t * input if log_input else input - t * ops.log(input + eps)
    if full:
        several = t > 1
        n = ops.where(several, t, 1.0)
        stirling = n * ops.log(n) - n + 0.5 * ops.log(2 * math.pi * n)
        parts = parts + ops.where(several, stirling, 0.0)
    return reduced(parts, reduction_of(size_average, reduce, reduction), "poisson_nll_loss")


@per_example()
@composite(_CASE, domain=(0.1, 0.9))
@in_floats
def binary_cross_entropy(
    input: Value,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Value:
    """-t log p - (1 - t) log(1 - p) of probabilities p, each logarithm cut off at -100, as PyTorch does.

    `binary_cross_entropy_with_logits` on what came before the sigmoid keeps its gradient where this
    one loses it. `weight` are factors that broadcast to the elements. ShapeError for targets of
    another shape.
    """
    t = like(input, target, "binary_cross_entropy")
    parts = -(t * _log(input) + (1 - t) * _log(1 - input))
    return reduced(
        weighted(parts, weight), reduction_of(size_average, reduce, reduction), "binary_cross_entropy"
    )


@per_example()
@composite((((2, 3),), {"target": _SHARES}))
@in_floats
def binary_cross_entropy_with_logits(
    input: Value,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Any = None,
) -> Value:
    """Mean over all elements of -t log sigmoid(z) - (1 - t) log(1 - sigmoid(z)) of logits z.

    The two logarithms are -softplus(-z) and -softplus(z), exact however far z is from zero.
    `target` has the shape of the logits, probabilities from 0 to 1; ShapeError for another shape. Factors
    that broadcast to the elements: `weight` of both terms, `pos_weight` of the first.
    """
    t = like(input, target, "binary_cross_entropy_with_logits")
    parts = weighted(t * ops.softplus(-input), pos_weight) + (1 - t) * ops.softplus(input)
    reduction = reduction_of(size_average, reduce, reduction)
    return reduced(weighted(parts, weight), reduction, "binary_cross_entropy_with_logits")


@per_example()
@composite(_CASE, (((2, 3),), {"target": -_SHARES, "log_target": True, "reduction": "batchmean"}))
@in_floats
def kl_div(
    input: Value,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Value:
    """target (log target - input): the divergence of the distribution `target` from exp(input).

    `input` holds log probabilities, and `target` probabilities (or with log_target their
    logarithms). `reduction` may also be "batchmean", the sum over all divided by the number of
    examples, which is what the mathematics calls the divergence.
    """
    t = beside(input, target)
    parts = ops.exp(t) * (t - input) if log_target else ops.xlogy(t, t) - t * input
    reduction = reduction_of(size_average, reduce, reduction)
    if reduction == "batchmean":
        return ops.sum(parts) / ((input.shape[0] if input.ndim else 1) or math.nan)
    return reduced(parts, reduction, "kl_div")


def _log(p: Value) -> Value:
    """log p, at least -100, without the infinite gradient of what is cut off."""
    small = p < math.exp(-100) if p.dtype.itemsize > 4 else p <= 0
    return ops.where(small, -100.0, ops.log(ops.where(small, 1.0, p)))


def _straightened(x: Value, bend: float) -> Value:
    """x^2 / 2 up to |x| = bend, and the straight line that goes on from there."""
    inside = ops.clamp(x, -bend, bend)
    return inside * (x - 0.5 * inside)
