"""Weights of examples, which every cost takes: `sample_weight`.

An example of weight 2 counts as if it stood there twice, one of weight 0 as if it did not.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from ... import ops
from ...errors import ShapeError
from ...primitive import Value
from .targets import cast as in_dtype, reduction_of, values

_F = TypeVar("_F", bound=Callable[..., Any])

#: From a cost's arguments by name to what each part of it counts in a mean, of the parts' shape; None for 1.
Share = Callable[[Mapping[str, Any]], Value | None]


def per_example(share: Share = lambda given: None) -> Callable[[_F], _F]:
    """Give a cost the argument `sample_weight`: a factor (N,) for the parts of each of N examples.

    The mean is divided by what all examples count together, so that weights of 1 change nothing and whole
    weights are repetitions. `share` says what a part counts besides. The cost then raises ShapeError for
    weights that are not one for each place along the first axis of its parts.
    """

    def declare(cost: _F) -> _F:
        signature = inspect.signature(cost)

        @functools.wraps(cost)
        def called(*args: Any, sample_weight: Any = None, **options: Any) -> Any:
            if sample_weight is None:
                return cost(*args, **options)
            bound = signature.bind(*args, **options)
            bound.apply_defaults()
            given = bound.arguments
            reduction = reduction_of(given.get("size_average"), given.get("reduce"), given["reduction"])
            given |= {"reduction": "none"} | {
                name: None for name in ("size_average", "reduce") if name in given
            }
            parts = cost(*bound.args, **bound.kwargs)
            weight = in_dtype(values(sample_weight), parts.dtype)
            if weight.ndim != 1 or parts.ndim == 0 or weight.shape[0] != parts.shape[0]:
                raise ShapeError(
                    f"{cost.__name__}: sample_weight is one number for each example, of shape "
                    f"{tuple(parts.shape[:1])}, not {tuple(weight.shape)}"
                )
            factors = ops.reshape(weight, (-1, *(1,) * (parts.ndim - 1)))
            weighted = parts * factors
            if reduction in ("none", "sum"):
                return weighted if reduction == "none" else ops.sum(weighted)
            if reduction == "batchmean":
                return ops.sum(weighted) / ops.sum(weight)
            if reduction != "mean":
                return cost(*args, **options)  # which refuses it
            counts = share(given)
            if counts is None:
                return ops.sum(weighted) / (ops.sum(weight) * math.prod(parts.shape[1:]))
            return ops.sum(weighted) / ops.sum(counts * factors)

        parameter = inspect.Parameter("sample_weight", inspect.Parameter.KEYWORD_ONLY, default=None)
        called.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=[*signature.parameters.values(), parameter]
        )
        return cast(_F, called)

    return declare
