"""Costs of numbers that should be other numbers, besides the square.

Shapes are never broadcast: ShapeError unless output and target have one. `reduction` is "mean"
or "sum" of all elements, or "none" for each element's own; ValueError for anything else.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import ops
from ..errors import ShapeError
from ..primitive import Case, Value, composite
from .targets import like, reduced, weighted

_SHARES = np.array([[0.2, 0.0, 1.0], [0.7, 0.5, 0.1]])
_CASE: Case = (((2, 3),), {"target": _SHARES})


@composite(_CASE)
def l1_loss(output: Value, target: Any, reduction: str = "mean") -> Value:
    """|output - target|."""
    return reduced(ops.abs(output - like(output, target, "l1_loss")), reduction, "l1_loss")


@composite(_CASE, (((2, 3),), {"target": _SHARES, "delta": 0.3, "reduction": "none"}))
def huber_loss(output: Value, target: Any, reduction: str = "mean", delta: float = 1.0) -> Value:
    """d^2 / 2 for distances d up to `delta`, delta (d - delta / 2) beyond (Huber 1964)."""
    if not delta > 0:
        raise ValueError(f"huber_loss: delta must be positive, not {delta}")
    difference = output - like(output, target, "huber_loss")
    return reduced(_straightened(difference, delta), reduction, "huber_loss")


@composite(_CASE, (((2, 3),), {"target": _SHARES, "beta": 0.3, "reduction": "sum"}))
def smooth_l1_loss(output: Value, target: Any, reduction: str = "mean", beta: float = 1.0) -> Value:
    """d^2 / (2 beta) for distances d below `beta`, d - beta / 2 beyond; beta 0 is `l1_loss`."""
    if beta < 0:
        raise ValueError(f"smooth_l1_loss: beta must be at least 0, not {beta}")
    if beta == 0:
        return l1_loss(output, target, reduction)
    difference = output - like(output, target, "smooth_l1_loss")
    return reduced(_straightened(difference, beta) / beta, reduction, "smooth_l1_loss")


@composite(
    (((2, 3), (2, 3)), {"target": _SHARES, "full": True}),
    domain=(0.5, 3.0),
    call=lambda f, output, var, target, **options: f(output, target, var, **options),
)
def gaussian_nll_loss(
    output: Value, target: Any, var: Value, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Value:
    """(log var + (output - target)^2 / var) / 2: minus the log likelihood of normally distributed targets.

    Args:
        output: means of the distributions.
        target: of the same shape.
        var: their variances: of that shape, or with length 1 (or nothing) for the last axis.
        full: whether the constant log(2 pi) / 2 is added.
        eps: smallest variance that counts; smaller ones get no gradient.
        reduction: see above.
    """
    difference = output - like(output, target, "gaussian_nll_loss")
    if var.shape == output.shape[:-1] and var.ndim < output.ndim:
        var = ops.unsqueeze(var, -1)
    if var.shape not in (output.shape, (*output.shape[:-1], 1)):
        raise ShapeError(f"gaussian_nll_loss: variances {var.shape} do not fit outputs {output.shape}")
    var = ops.where(var < eps, eps, var)
    parts = 0.5 * (ops.log(var) + difference * difference / var)
    return reduced(parts + 0.5 * math.log(2 * math.pi) if full else parts, reduction, "gaussian_nll_loss")


@composite(_CASE, (((2, 3),), {"target": 5 * _SHARES, "log_input": False, "full": True}), domain=(0.5, 3.0))
def poisson_nll_loss(
    output: Value,
    target: Any,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: str = "mean",
) -> Value:
    """Minus the log likelihood of counts under Poisson distributions.

    Args:
        output: logarithms of the rates, or (with log_input=False) the rates.
        target: counts, of the same shape.
        log_input: see output.
        full: whether Stirling's approximation of log(target!) is added where target > 1.
        eps: keeps the logarithm of a rate finite.
        reduction: see above.
    """
    t = like(output, target, "poisson_nll_loss")
    parts = ops.exp(output) - t * output if log_input else output - t * ops.log(output + eps)
    if full:
        several = t > 1
        n = ops.where(several, t, 1.0)
        stirling = n * ops.log(n) - n + 0.5 * ops.log(2 * math.pi * n)
        parts = parts + ops.where(several, stirling, 0.0)
    return reduced(parts, reduction, "poisson_nll_loss")


@composite(_CASE, domain=(0.1, 0.9))
def binary_cross_entropy(output: Value, target: Any, weight: Any = None, reduction: str = "mean") -> Value:
    """-t log p - (1 - t) log(1 - p) of probabilities p, each logarithm cut off at -100, as PyTorch does.

    `binary_cross_entropy_with_logits` on what came before the sigmoid keeps its gradient where this
    one loses it. `weight` are factors that broadcast to the elements.
    """
    t = like(output, target, "binary_cross_entropy")
    parts = -(t * _log(output) + (1 - t) * _log(1 - output))
    return reduced(weighted(parts, weight), reduction, "binary_cross_entropy")


@composite(_CASE, (((2, 3),), {"target": -_SHARES, "log_target": True, "reduction": "batchmean"}))
def kl_div(output: Value, target: Any, reduction: str = "mean", log_target: bool = False) -> Value:
    """target (log target - output): the divergence of the distribution `target` from exp(output).

    `output` holds log probabilities, and `target` probabilities (or with log_target their
    logarithms). `reduction` may also be "batchmean", the sum over all divided by the number of
    examples, which is what the mathematics calls the divergence.
    """
    t = like(output, target, "kl_div")
    parts = ops.exp(t) * (t - output) if log_target else ops.xlogy(t, t) - t * output
    if reduction == "batchmean":
        return ops.sum(parts) / (output.shape[0] or math.nan)
    return reduced(parts, reduction, "kl_div")


def _log(p: Value) -> Value:
    """log p, at least -100, without the infinite gradient of what is cut off."""
    small = p < math.exp(-100) if p.dtype.itemsize > 4 else p <= 0
    return ops.where(small, -100.0, ops.log(ops.where(small, 1.0, p)))


def _straightened(x: Value, bend: float) -> Value:
    """x^2 / 2 up to |x| = bend, and the straight line that goes on from there."""
    inside = ops.clamp(x, -bend, bend)
    return inside * (x - 0.5 * inside)
