"""Lists of Tensors where numbers are taken: their numbers, or an error where a graph would be cut."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist.nn import functional as F

TAKEN: list[Callable[[Any, Any], Any]] = [
    lambda x, rows: np.add(x, rows),
    lambda x, rows: np.hypot(rows, x),
    lambda x, rows: np.add(x, [tuple(rows)]),
    lambda x, rows: np.concatenate([x, rows]),
    lambda x, rows: np.stack([x, rows]),
    lambda x, rows: np.matmul(x, rows),
    lambda x, rows: F.mse_loss(x, rows),
    lambda x, rows: x.clone().copy_(rows),
    lambda x, rows: x.clone().index_put_((tg.tensor([0, 1]),), rows),
]


def put(x: Any, rows: Any) -> Any:
    y = x.clone()
    y[:] = rows
    return y


@pytest.mark.parametrize("taken", [*TAKEN, put])
def test_a_graph_is_not_cut(taken: Callable[[Any, Any], Any]) -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(TypeError, match="which would cut its graph"):
        taken(x, [x[0], x[1]])
    with tg.no_grad():
        got = taken(x, [x[1], 3.0])
    np.testing.assert_allclose(got.numpy(), taken(x.detach(), tg.tensor([2.0, 3.0])).numpy())
