"""Compiled functions of arrays with more axes than there are letters for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist.errors import ShapeError

OPERATIONS: dict[str, Callable[[Any], Any]] = {
    "elementwise": lambda x: (x * 2 + x[:1]).exp(),
    "reduced": lambda x: x.sum(0) + x.mean(dim=(-1, -2)).sum() + x.max(),
    "turned": lambda x: x.permute(*reversed(range(x.ndim))).flip(-1) * 2,
    "looked up": lambda x: x[tg.tensor([1, 0])] + x.cumsum(0),
    "a gradient": lambda x: tg.grad(lambda y: (y.softmax(0) * y).sum())(x),
}


@pytest.mark.parametrize("axes", [16, 17, 40, 63])
@pytest.mark.parametrize("name", OPERATIONS)
def test_many_axes(name: str, axes: int) -> None:
    x = tg.tensor(np.arange(1, 5, dtype=np.float32).reshape(2, *[1] * (axes - 2), 2))
    function = OPERATIONS[name]
    fast, want = tg.jit(function), function(x).numpy()
    for _ in range(3):
        np.testing.assert_allclose(fast(x).numpy(), want, rtol=1e-6)


def test_an_axis_too_many() -> None:
    most = tg.ones([1] * 64)
    with pytest.raises(ShapeError, match=r"at most 63 axes.*reshape it"):
        tg.jit(lambda x: x * 2)(most)
    with pytest.raises(ShapeError, match=r"at most 63 axes.*reshape it"):
        tg.jit(lambda x: x.unsqueeze(0) * 2)(tg.ones([1] * 63))
