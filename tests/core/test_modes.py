"""Blocks and decorators that record or do not; generators of random numbers; gradients of their own."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import nn, ops, optim
from tinygrad_mnist.errors import DTypeError, ShapeError


def leaf(*numbers: float) -> tg.Tensor:
    return tg.Tensor(list(numbers), dtype="float32", requires_grad=True)


def test_decorated_functions() -> None:
    for decorate in (tg.no_grad(), tg.no_grad):
        f: Any = decorate(lambda x: x * 2)
        assert not f(leaf(1)).requires_grad
        assert not f(leaf(1)).requires_grad  # again
    with tg.no_grad():
        assert tg.enable_grad()(lambda x: x * 2)(leaf(1)).requires_grad


def test_decorated_generator_functions() -> None:
    @tg.no_grad()
    def steps(x: tg.Tensor) -> Iterator[Any]:
        told = None
        try:
            while told != "stop":
                told = yield (x * 2).requires_grad
        except KeyError:
            yield (x * 3).requires_grad
        return "end"

    x, inside = leaf(1), steps(leaf(1))
    assert next(inside) is False
    assert (x * 2).requires_grad  # between the steps the mode does not hold
    assert inside.send("go") is False
    assert inside.throw(KeyError()) is False
    with pytest.raises(StopIteration) as end:
        next(inside)
    assert end.value.value == "end"
    inside = steps(x)
    next(inside)
    inside.close()
    assert list(tg.no_grad()(lambda: iter([1, 2]))()) == [1, 2]
    with pytest.raises(ZeroDivisionError), tg.no_grad():
        raise ZeroDivisionError
    assert (x * 2).requires_grad


def test_gradients_share_no_memory() -> None:
    a, b = leaf(1, 2), leaf(1, 2)
    (a + b).sum().backward()
    assert a.grad is not None
    assert b.grad is not None
    assert not np.shares_memory(a.grad.numpy(), b.grad.numpy())
    seed = tg.tensor([1.0, 1.0])
    for f in (lambda a, b: a + b, lambda a, b: a.reshape(2, 1).reshape(2) + b):
        a, b = leaf(1, 2), leaf(1, 2)
        f(a, b).backward(seed)
        assert a.grad is not None
        assert b.grad is not None
        grads = [a.grad.numpy(), b.grad.numpy(), seed.numpy()]
        assert not any(np.shares_memory(p, q) for i, p in enumerate(grads) for q in grads[:i])


def test_gradients_have_the_dtype_of_their_leaf() -> None:
    for ours, seeds in ((np.float32, np.float64), (np.float64, np.float32)):
        x = tg.Tensor(np.ones(2, ours), requires_grad=True)
        (x * 2).backward(tg.Tensor(np.ones(2, seeds)))
        assert x.grad is not None
        assert x.grad.dtype == ours


def test_states_of_generators() -> None:
    g = tg.Generator(3)
    g.uniform((5,))
    state = g.get_state()
    rest = g.uniform((5,)).tolist()
    for value in (state, state.numpy().copy(), state.tolist()):
        g.state = value
        assert g.uniform((5,)).tolist() == rest
    assert copy.deepcopy(g).get_state().tolist() == g.get_state().tolist()
    for bad in (np.zeros(2), np.zeros(3, np.uint64), "state", [-1, 0], None):
        with pytest.raises(ValueError, match="a state is two integers"):
            g.state = bad
        with pytest.raises(ValueError, match="a state is two integers"):
            g.set_state(bad)


def test_whole_numbers_have_slope_zero() -> None:
    for name in ("round", "floor", "ceil", "trunc", "sign"):
        x = leaf(1.5, -2.0, float("inf"))
        getattr(x, name)().sum().backward()
        assert x.grad is not None
        assert x.grad.tolist() == [0, 0, 0], name


@pytest.mark.parametrize(
    ("dtype", "f"),
    [
        ("uint8", lambda x: x * -1),
        ("uint8", lambda x: 300 + x),
        ("int8", lambda x: x - 200),
        ("int32", lambda x: x + 2**31),
        ("int64", lambda x: ops.maximum(x, 2**63)),
    ],
)
def test_numbers_outside_a_dtype(dtype: str, f: Any) -> None:
    x = tg.tensor([1, 2], dtype=dtype)
    for call in (f, tg.jit(f)):
        with pytest.raises(DTypeError, match=rf"is outside {dtype}, which goes from .*x\.long\(\)"):
            call(x)


def test_several_arguments_may_be_a_list() -> None:
    for several in ([0, 1], (0, 1)):
        slopes = tg.grad(lambda a, b: (a * b).sum(), argnums=several)(tg.tensor([1.0]), tg.tensor([2.0]))
        assert [slope.tolist() for slope in slopes] == [[2.0], [1.0]]


def test_one_parameter_in_a_group() -> None:
    p = nn.Parameter([1.0, 2.0])
    step = optim.SGD([{"params": p}], lr=0.5)
    (p * p).sum().backward()
    step.step()
    assert p.tolist() == [0, 0]


def test_kl_of_a_number() -> None:
    found = nn.functional.kl_div(tg.Tensor(-1.0), tg.Tensor(0.5), reduction="batchmean")
    assert found.item() == pytest.approx(0.5 * (np.log(0.5) + 1), rel=1e-6)


def test_cross_entropy_in_float64() -> None:
    """Every option, against the formula in extended precision."""
    rng = np.random.default_rng(0)
    x, t, w = rng.standard_normal((5, 3)), np.array([0, 1, 2, 1, 0]), np.array([0.3, 0.5, 0.7])
    log = x - np.log(np.exp(x).sum(1, keepdims=True))
    for ignored in (None, 2):
        for smoothing in (0.0, 0.1):
            counted = np.ones(5, bool) if ignored is None else t != ignored
            q = (np.eye(3)[t] * (1 - smoothing) + smoothing / 3) * counted[:, None]
            right = -(q * w * log).sum() / w[t[counted]].sum()
            found = nn.functional.cross_entropy(
                tg.Tensor(x),
                tg.Tensor(t),
                weight=tg.Tensor(w),
                ignore_index=ignored,
                label_smoothing=smoothing,
            )
            assert found.dtype == np.float64
            assert found.item() == pytest.approx(right, rel=1e-14)


def test_messages_say_what_to_write() -> None:
    scores = tg.Tensor(np.zeros((2, 3), np.float32))
    for cost in (nn.functional.cross_entropy, nn.functional.nll_loss):
        with pytest.raises(IndexError, match=r"label 7 .*3 classes: labels go from 0 to 2"):
            cost(scores, tg.tensor([0, 7]))
    with pytest.raises(TypeError, match=r"linear: not defined for list.*tg\.tensor"):
        nn.Linear(2, 2)([1.0, 2.0])
    with pytest.raises(TypeError, match=r"mse_loss: input is a list.*tg\.tensor"):
        nn.functional.mse_loss([1.0], [2.0])
    with pytest.raises(TypeError, match=r"nn.Sigmoid without .*not 'relu'"):
        nn.MLP(4, 3, 2, activation="relu")  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match=r"5 channels.*takes 1 \(unsqueeze\(1\) adds"):
        nn.Conv2d(1, 2, 3)(tg.Tensor(np.zeros((5, 28, 28), np.float32)))
    with pytest.raises(DTypeError, match=r"tg\.tensor\(\[\.\.\.\]\)"):
        ops.add(tg.tensor([1.0]), [1.0])
