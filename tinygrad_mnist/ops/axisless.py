"""A tensor without axes where an operation works along one: it is taken for a single element."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..primitive import Value, normalize_axis
from .views import reshape_to


def as_one_axis(function: Callable[..., Any]) -> Callable[..., Any]:
    """The operation (x, axis, index, ...), to which a tensor without axes is one with a single element."""

    @functools.wraps(function)
    def called(x: Value, axis: int, index: Any, *more: Any, **options: Any) -> Any:
        if getattr(x, "ndim", 1):
            return function(x, axis, index, *more, **options)
        normalize_axis(function.__name__, axis, 1)
        wide = [reshape_to(v, (1,)) if hasattr(v, "ndim") and v.ndim == 0 else v for v in (x, index, *more)]
        y = function(wide[0], axis, *wide[1:], **options)
        return reshape_to(y, index.shape if function.__name__ == "gather" else ())

    return called
