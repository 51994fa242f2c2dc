"""Jobs that are repeated calls of one function."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..jobs import Array, Job

# Errors are measured against the largest number of the result.
BOUNDS = {"float32": 3e-6, "float64": 1e-13}


def call_job(
    name: str,
    function: str,
    operands: dict[str, Array],
    expected: Array,
    *,
    kind: str = "call",
    transposed: tuple[bool, ...] = (False, False),
    **rest: Any,
) -> Job:
    """Calls of a function on operands given by names in alphabetical order, with what it should give."""
    dtype = str(next(iter(operands.values())).dtype)
    return Job(
        kind=kind,
        name=name,
        options={"function": function, "transposed": transposed[: len(operands)], "dtype": dtype},
        arrays=operands,
        expected={"y": expected},
        scales={"y": float(np.abs(expected).max())},
        bound=BOUNDS[dtype],
        **rest,
    )
