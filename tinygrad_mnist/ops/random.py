"""Random values as a function of a generator's state: nothing is hidden, nothing is drawn twice."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import DTypeError
from ..kernels import philox
from ..kinds import Function, Random
from ..primitive import Primitive, Shape


def blocks(shape: Shape, dtype: np.dtype[Any]) -> int:
    """How many 128-bit Philox blocks a tensor of random numbers takes."""
    return -(-math.prod(shape) * dtype.itemsize // 16)


def _infer(state: Any, shape: Shape, dtype: np.dtype[Any]) -> Any:
    if dtype.kind != "f":
        raise DTypeError(f"random numbers are float32 or float64, not {dtype}")
    return shape, dtype


def _draw(name: str, kernel: Callable[..., Any], work: int) -> Primitive:
    def run(state: Any, shape: Shape, dtype: np.dtype[Any]) -> Any:
        _infer(state, shape, dtype)
        out = np.empty(shape, dtype)
        kernel(state[0], state[1], out.reshape(-1))
        return out

    cases = [(((2,), 9), shape, np.dtype(dtype)) for shape in [(2, 3), (), (0,)] for dtype in "fd"]
    draw = {d: Function(f"{name}_at_{d}", philox.__name__) for d in ("float32", "float64")}
    return Primitive(name, Random(draw, work), run, _infer, (None,), cases=cases)


#: (state, shape, dtype); the state is two uint64: the key, and the first block to use.
uniform, normal = _draw("uniform", philox.uniform, 30), _draw("normal", philox.normal, 60)
