"""Calls in the straight way whose arguments are trees: taken for what they are, and for nothing else."""

from __future__ import annotations

import collections
from typing import Any, NamedTuple

import numpy as np
import pytest
from test_straight_calls import X, _numbers

import tinygrad_mnist as tg
from tinygrad_mnist import nn


class _Pair(NamedTuple):
    a: Any
    b: Any


def _listed(tree: Any) -> Any:
    """Everything of a tree that a function can tell apart, and its Tensors' sums."""
    if isinstance(tree, dict):
        return [type(tree).__name__, *((key, _listed(x)) for key, x in tree.items())]
    if isinstance(tree, tuple | list):
        return [type(tree).__name__, *map(_listed, tree)]
    return tree * 2 if isinstance(tree, tg.Tensor) else tree


Y = tg.Tensor(X * 2)
TREES: dict[str, Any] = {
    "a dict": {"w": Y, "b": X},
    "another order": {"b": X, "w": Y},
    "other names": {"w": Y, "c": X},
    "more of them": {"w": Y, "b": X, "c": X},
    "keys made anew": {"".join(["w", ""]): Y, "".join(["", "b"]): X},
    "keys of numbers": {1: Y, 2: X},
    "a tuple": (Y, X),
    "a list": [Y, X],
    "a shorter one": (Y,),
    "none": (),
    "no keys": {},
    "a dict in order": collections.OrderedDict(w=Y, b=X),
    "a named tuple": _Pair(Y, X),
    "deep": {"layers": [(Y, X), {"w": Y, "n": None}], "k": 3, "how": "up"},
    "deep, another constant": {"layers": [(Y, X), {"w": Y, "n": None}], "k": 4, "how": "up"},
    "deep, a Tensor for None": {"layers": [(Y, X), {"w": Y, "n": Y}], "k": 3, "how": "up"},
    "a float": {"w": Y, "lr": 0.1},
    "another float": {"w": Y, "lr": 0.2},
    "a bool": {"w": Y, "lr": True},
    "one": {"w": Y, "lr": 1},
    "another shape": {"w": Y.T, "b": X},
    "one that requires a gradient": {"w": tg.Tensor(X, requires_grad=True), "b": X},
    "a Parameter": {"w": nn.Parameter(X), "b": X},
    "None": None,
    "a Tensor": Y,
}


@pytest.mark.parametrize("name", TREES)
def test_trees_of_arguments(name: str) -> None:
    """Each among all others, which must not be taken for it."""
    fast = tg.jit(lambda tree, x: (_listed(tree), x + 1))
    plain = lambda tree, x: (_listed(tree), tg.Tensor(x) + 1)
    for _ in range(3):
        fast(TREES[name], X)
    for other in TREES.values():
        assert _numbers(fast(other, X)) == _numbers(plain(_with_tensors(other), X))
        assert _numbers(fast(TREES[name], X)) == _numbers(plain(_with_tensors(TREES[name]), X))


def _with_tensors(tree: Any) -> Any:
    if isinstance(tree, np.ndarray):
        return tg.Tensor(tree)
    if isinstance(tree, _Pair):
        return _Pair(*map(_with_tensors, tree))
    if isinstance(tree, dict):
        return type(tree)((key, _with_tensors(x)) for key, x in tree.items())
    return type(tree)(map(_with_tensors, tree)) if isinstance(tree, tuple | list) else tree


def test_trees_go_straight_with_their_gradients(long_ways: list[Any]) -> None:
    def cost(params: Any, x: Any) -> Any:
        return ((x @ params["w"] + params["layers"][0][1]) ** 2).sum()

    given = {"w": tg.Tensor(np.ascontiguousarray(X.T)), "layers": [(None, tg.Tensor(np.float32([1.0, 2.0])))]}
    fast, want = tg.jit(tg.value_and_grad(cost)), tg.value_and_grad(cost)(given, tg.Tensor(X))
    fast(given, X), fast(given, X)
    del long_ways[:]
    for _ in range(3):
        value, gradient = fast(given, X)
        np.testing.assert_allclose(value.numpy(), want[0].numpy(), rtol=1e-5)
        np.testing.assert_allclose(gradient["w"].numpy(), want[1]["w"].numpy(), rtol=1e-5)
    assert not long_ways
    leaves = [
        tg.Tensor(np.ascontiguousarray(X.T), requires_grad=True),
        tg.Tensor(np.float32([1.0, 2.0]), requires_grad=True),
    ]
    given = {"w": leaves[0], "layers": [(None, leaves[1])]}
    on_tape = tg.jit(cost)
    for k in range(3):
        on_tape(given, X).backward()
        for leaf, wanted in zip(leaves, (want[1]["w"], want[1]["layers"][0][1]), strict=True):
            np.testing.assert_allclose(leaf.grad.numpy(), wanted.numpy(), rtol=1e-5)
            leaf.grad = None
        if not k:
            del long_ways[:]
    assert not long_ways[1:]
