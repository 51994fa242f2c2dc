"""Copies: of a leaf another leaf; of a computed tensor one in the same graph, or an error."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import tinygrad_mnist as tg
from tinygrad_mnist.errors import GraphError

WAYS: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda x: pickle.loads(pickle.dumps(x)),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_leaf(way: str) -> None:
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    y = WAYS[way](x)
    assert y.is_leaf
    assert y.requires_grad
    (y * y).sum().backward()
    assert y.grad.tolist() == [2.0, 4.0]
    assert x.grad is None


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", [tg.tensor, tg.nn.Parameter])
def test_only_a_deep_copy_of_what_is_no_parameter_has_its_gradient(way: str, kind: Any) -> None:
    x = kind([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    y = WAYS[way](x)
    if (way, kind) == ("deepcopy", tg.tensor):
        assert y.grad.tolist() == [2.0, 4.0]
        assert y.grad is not x.grad
    else:
        assert y.grad is None


@pytest.mark.parametrize("way", ["deepcopy", "pickle"])
@pytest.mark.parametrize("hold", [lambda y: y, lambda y: [y], lambda y: {"a": (1, y)}])
def test_a_computed_tensor_is_refused(way: str, hold: Callable[[Any], Any]) -> None:
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    for y in (x * 2, x[0], x.reshape(2, 1), tg.jit(lambda x: x * 3)(x)):
        with pytest.raises(GraphError, match=r"clone\(\).*detach\(\)"):
            WAYS[way](hold(y))
        assert WAYS[way](hold(y.detach())) is not None
        with tg.no_grad():
            plain = x * 2
        assert WAYS[way](hold(plain)) is not None


@pytest.mark.parametrize(
    ("f", "slope"), [(lambda x: x * 2, [8.0, 16.0]), (lambda x: x.reshape(2, 1), [2.0, 4.0])]
)
def test_a_shallow_copy_of_a_computed_tensor_is_in_its_graph(
    f: Callable[[Any], Any], slope: list[float]
) -> None:
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    y = f(x)
    found = copy.copy(y)
    assert found is not y
    (found * found).sum().backward()
    assert x.grad.tolist() == slope
